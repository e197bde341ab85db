"""lunboot.pxe, loaded by the PXE of QEMU's own iPXE."""

import re
import shutil
import time

import bootdisk
import pytest
from bootdisk import BootDisk, run
from conftest import BUILD
from test_media import base_memory, base_memory_before  # noqa: F401 (fixture)

from rig.child import need

ROM = "/usr/lib/ipxe/qemu/pxe-e1000.rom"
PHASES = bootdisk.WHOLE | bootdisk.FUNCTIONS
LOADS = 60  # seconds, for a busy machine under TCG
LOW_MEMORY = 0x80000, 0x20000  # where Linux looks for an iBFT


@pytest.fixture
def tftp(logs):
    """dnsmasq's arguments: it serves lunboot.pxe, as README.md says."""
    need(ROM)
    root = logs / "tftp"
    root.mkdir()
    shutil.copy(BUILD / "lunboot.pxe", root)
    return ("--enable-tftp", f"--tftp-root={root}", "--dhcp-boot=lunboot.pxe")


@pytest.fixture
def disk(logs):
    return BootDisk(logs / "disk", "disktest", 4, PHASES)


def answers(server):
    """The DHCP exchanges that ended in an address: the numbers of their transactions."""
    return re.findall(r"(\d+) DHCPACK", server.log.read_text())


def check(pc, disk, before):
    """All of the disk is there; of iPXE and its PXE nothing is left."""
    report = run(pc)
    assert report.phases_done() == PHASES
    report.check_reads(disk)
    assert report.numbers("geometry")[0][-1] == 1, "iPXE's disk is still there"
    ((ticks,),) = report.numbers("absent_ticks")
    assert ticks <= 4
    assert 0 < before - base_memory(pc) <= 4
    assert pc.memory(*LOW_MEMORY).count(b"iBFT") == 1


@pytest.mark.slow
def test_takes_the_cached_answer(net, tgtd, dhcp, machine, disk, tftp, second_disk,
                                 base_memory_before):  # noqa: F811
    """One exchange, iPXE's own. iPXE has taken the root path for itself, too, and must let go."""
    before = base_memory_before(disks=[second_disk], extra=("-device", f"e1000,romfile={ROM}"))
    target = tgtd().target().lun(disk.path)
    server = dhcp(options={17: target.root_path()}, extra=tftp)
    pc = machine(namespace=net, tap="tap0", rom=ROM)
    check(pc, disk, before)
    assert len(answers(server)) == 1
    assert len(target.connections()) == 1


@pytest.mark.slow
def test_asks_when_there_is_no_root_path(net, tgtd, dhcp, machine, disk, tftp, second_disk,
                                         base_memory_before):  # noqa: F811
    before = base_memory_before(disks=[second_disk], extra=("-device", f"e1000,romfile={ROM}"))
    server = dhcp(extra=tftp)
    pc = machine(namespace=net, tap="tap0", rom=ROM)
    end = time.monotonic() + LOADS
    while "lunboot.pxe to 192.0.2." not in server.log.read_text():
        assert time.monotonic() < end, "lunboot.pxe was not loaded"
        time.sleep(0.02)
    server.stop()
    server.command.append(f"--dhcp-option-force=17,{tgtd().target().lun(disk.path).root_path()}")
    server.start()
    check(pc, disk, before)
    first, second = answers(server)
    assert first != second
