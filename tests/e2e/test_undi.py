"""A NIC that lunboot has no driver for, by the UNDI of its PXE ROM (QEMU's own, which is iPXE)."""

import shutil

import bootdisk
import pytest
from bootdisk import BootDisk, run

from rig.child import need
from rig.paths import BUILD

PHASES = bootdisk.WHOLE | bootdisk.FUNCTIONS
ROMS = {"rtl8139": "rtl8139", "pcnet": "pcnet", "i82559er": "eepro100", "ne2k_pci": "ne2k_pci"}


@pytest.fixture
def tftp(logs):
    root = logs / "tftp"
    root.mkdir()
    shutil.copy(BUILD / "lunboot.pxe", root)
    return ("--enable-tftp", f"--tftp-root={root}", "--dhcp-boot=lunboot.pxe")


def rom(nic):
    path = f"/usr/lib/ipxe/qemu/pxe-{ROMS[nic]}.rom"
    need(path)
    return path


@pytest.mark.parametrize("nic", ROMS)
def test_pxe(net, tgtd, dhcp, machine, logs, tftp, nic):
    disk = BootDisk(logs / "disk", "disktest", 4, PHASES)
    target = tgtd().target().lun(disk.path)
    dhcp(options={17: target.root_path()}, extra=tftp)
    pc = machine(namespace=net, tap="tap0", nic=nic, rom=rom(nic))
    report = run(pc, 240)
    report.check_reads(disk)
    assert "NIC      PXE's UNDI at 00:0" in pc.serial.text()
