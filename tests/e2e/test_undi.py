"""A NIC that lunboot has no driver for, or is not to drive, by the UNDI of its PXE ROM (QEMU's own, which is iPXE)."""

import bootdisk
import pytest
from bootdisk import BootDisk, run
from nics import UNDI
from test_debian import check_report
from test_failures import error
from test_media import base_memory

from rig.nbp import make_nbp
from rig.paths import BUILD

PHASES = bootdisk.WHOLE | bootdisk.WRITE
BOOTS = 240  # seconds, for a busy machine under TCG


def use_undi(logs):
    """Of a NIC that lunboot has a driver for, too."""
    make_nbp(logs / "tftp/lunboot.pxe", "nic=undi")


def check(pc, disk):
    """All of it is read, and what is written arrives."""
    report = run(pc, BOOTS)
    report.check_reads(disk)
    assert "NIC      PXE's UNDI at 00:0" in pc.serial.text()
    assert disk.path.read_bytes() == disk.written()


@pytest.mark.parametrize("nic", [
    "rtl8139",  # with interrupts
    pytest.param("pcnet", marks=pytest.mark.machines),
    pytest.param("i82559er", marks=pytest.mark.machines),
    pytest.param("ne2k_pci", marks=pytest.mark.machines),
])
def test_pxe(net, tgtd, dhcp, machine, logs, tftp, nic):
    disk = BootDisk(logs / "disk", "disktest", 1, PHASES)
    dhcp(options={17: tgtd().target().lun(disk.path).root_path()}, extra=tftp)
    check(machine(namespace=net, tap="tap0", nic=nic, rom=None), disk)


@pytest.mark.parametrize("nic", [
    "virtio-net-pci",
    pytest.param("vmxnet3", marks=pytest.mark.machines),
    pytest.param("e1000e", marks=pytest.mark.machines),
])
def test_pxe_in_place_of_our_driver(net, tgtd, dhcp, machine, logs, tftp, nic):
    use_undi(logs)
    disk = BootDisk(logs / "disk", "disktest", 1, PHASES)
    dhcp(options={17: tgtd().target().lun(disk.path).root_path()}, extra=tftp)
    check(machine(namespace=net, tap="tap0", nic=nic, rom=None), disk)


@pytest.mark.parametrize("medium", ["iso", pytest.param("img", marks=pytest.mark.machines)])
def test_option_rom(net, tgtd, dhcp, machine, logs, iso, medium):
    """A medium starts, and lunboot finds the UNDI among the option ROMs."""
    disk = BootDisk(logs / "disk", "disktest", 1, PHASES)
    dhcp(options={17: tgtd().target().lun(disk.path).root_path()})
    stick = ("-drive", f"if=none,id=stick,format=raw,snapshot=on,file={BUILD / 'lunboot.img'}",
             "-device", "ide-hd,drive=stick,bootindex=0")
    start = {"iso": iso()} if medium == "iso" else {"extra": stick}
    check(machine(namespace=net, tap="tap0", nic="rtl8139", rom=None, **start), disk)


@pytest.mark.machines
def test_gives_up(net, dhcp, machine, tftp, second_disk):
    """There is no root path: UNDI is ended, and what it took is free again for the next device."""
    dhcp(extra=tftp)
    pc = machine(namespace=net, tap="tap0", nic="rtl8139", rom=None, disks=[second_disk])
    pc.expect(rf"^E{error('DHCP_NO_ROOT_PATH')[0]}: ", 120)
    assert base_memory(pc) < 635
    pc.expect("^the second disk has booted", 60)
    assert base_memory(pc) == 639


# Debian's own driver takes the NIC as the PXE ROM has left it, and mounts its root file system by it. QEMU's NE2000
# loses Linux, too, when its ring is full: RESULTS.md.
@pytest.mark.slow
@pytest.mark.parametrize("nic", [
    pytest.param(nic, marks=pytest.mark.machines) for nic in (*UNDI, "virtio-net-pci", "vmxnet3")])
def test_debian(net, tgtd, dhcp, machine, logs, tftp, debian_disk, nic):
    use_undi(logs)
    target = tgtd().target("iqn.2026-01.org.lunboot:debian").lun(debian_disk)
    dhcp(options={17: target.root_path()}, first="192.0.2.100", last="192.0.2.100", extra=tftp)
    pc = machine(namespace=net, tap="tap0", nic=nic, rom=None, memory="512M")
    pc.expect("^NIC      PXE's UNDI at 00:0", 60)
    check_report(pc, target, "192.0.2.100")
