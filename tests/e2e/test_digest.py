"""CRC32C digests with tgtd, which takes them when it is told to and they are offered."""

import bootdisk
import pytest
from bootdisk import DEBUG_EXIT, BootDisk, run


@pytest.mark.parametrize("cpu", [None, "max"])
def test_tgtd_wants_digests(logs, net, tgtd, machine, kernel, cpu):
    """By table, and by the processor's instruction: every byte is read right, and what is written is found on the
    target's backing file."""
    phases = bootdisk.WHOLE | bootdisk.WRITE | bootdisk.RANDOM | bootdisk.WITH_FLAT64
    disk = BootDisk(logs / "disk", "disktest", 4, phases)
    target = tgtd().target().lun(disk.path).digests()
    dump = logs / "frames.pcap"
    pc = machine(namespace=net, tap="tap0", kernel=kernel, cpu=cpu,
                 extra=(*DEBUG_EXIT, "-object", f"filter-dump,id=dump,netdev=net0,file={dump},maxlen=1000"),
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()}")
    report = run(pc)
    assert report.phases_done() == phases & 0xFFFF
    report.check_reads(disk)
    frames = dump.read_bytes()
    dump.unlink()
    assert b"\0HeaderDigest=CRC32C\0" in frames and b"\0DataDigest=CRC32C\0" in frames
