"""A NIC that lunboot has no driver for, by the UNDI of its PXE ROM (QEMU's own, which is iPXE)."""

import bootdisk
import pytest
from bootdisk import BootDisk, run

PHASES = bootdisk.WHOLE | bootdisk.WRITE
BOOTS = 240  # seconds, for a busy machine under TCG


def check(pc, disk):
    """All of it is read, and what is written arrives."""
    report = run(pc, BOOTS)
    report.check_reads(disk)
    assert "NIC      PXE's UNDI at 00:0" in pc.serial.text()
    assert disk.path.read_bytes() == disk.written()


@pytest.mark.parametrize("nic", [
    "rtl8139",  # polled
    pytest.param("pcnet", marks=pytest.mark.machines),
    pytest.param("i82559er", marks=pytest.mark.machines),  # with interrupts
    pytest.param("ne2k_pci", marks=pytest.mark.machines),
])
def test_pxe(net, tgtd, dhcp, machine, logs, tftp, nic):
    disk = BootDisk(logs / "disk", "disktest", 1, PHASES)
    dhcp(options={17: tgtd().target().lun(disk.path).root_path()}, extra=tftp)
    check(machine(namespace=net, tap="tap0", nic=nic, rom=None), disk)


def test_option_rom(net, tgtd, dhcp, machine, logs, iso):
    """The ISO starts, and lunboot finds the UNDI among the option ROMs."""
    disk = BootDisk(logs / "disk", "disktest", 1, PHASES)
    dhcp(options={17: tgtd().target().lun(disk.path).root_path()})
    check(machine(namespace=net, tap="tap0", iso=iso(), nic="rtl8139", rom=None), disk)
