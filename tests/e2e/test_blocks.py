"""LUNs of 4096-byte blocks, shown as sectors of 512 bytes or as they are."""

import re

import bootdisk
import pytest
from bootdisk import DEBUG_EXIT, BootDisk, run

SHOWN = {512: " shown as sectors of 512", 4096: ""}


@pytest.mark.parametrize("sector", SHOWN)
def test_blocks_of_4096(logs, net, tgtd, machine, kernel, sector):
    """The whole disk in pieces of all sizes, which end anywhere in a block, and at random; what is written is
    found on the backing file, and nothing else."""
    phases = bootdisk.WHOLE | bootdisk.RANDOM | bootdisk.WRITE | bootdisk.WITH_FLAT64
    disk = BootDisk(logs / "disk", "disktest", 8, phases, sector=sector)
    target = tgtd().target().lun(disk.path, block=4096)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} "
                        f"sector={'native' if sector == 4096 else sector}")
    report = run(pc)
    assert report.phases_done() == phases & 0xFFFF
    report.check_reads(disk)
    assert re.search(rf"^Disk .*, 8 MiB, blocks of 4096 bytes{SHOWN[sector]}$", pc.serial.text(), re.M)
