"""PCs as QEMU makes them, from 2013's to its newest: chipsets, processors, memory, where the NIC is; and what hosts do to
virtual machines meanwhile."""

import time
from pathlib import Path

import pytest
from bootdisk import RANDOM, WHOLE, WRITE, BootDisk, Report, run
from nics import NICS, rom_of
from soakdisk import Soak, SoakDisk
from test_media import medium

from rig.paths import BUILD
from rig.qemu import Qemu

pytestmark = pytest.mark.machines

ENOUGH = 60  # seconds
NIC = ("-netdev", "tap,id=n,ifname=tap0,script=no,downscript=no", "-device")
MAC = "52:54:00:12:34:56"


def nic(place, model="e1000"):
    return (*NIC, f"{model},{place},netdev=n,mac={MAC},romfile={rom_of(model)},bootindex=1")


def bridges(*devices):
    return [word for device in devices for word in ("-device", device)]


IN_ITS_SLOT = nic("id=nic0")
# Name: what QEMU is given, the NIC included.
PCS = {
    **{kind: ("-M", kind, *IN_ITS_SLOT) for kind in (
        "q35", "pc-q35-2.4", "pc-i440fx-5.0", "pc-i440fx-2.12", "pc-i440fx-2.0", "pc-i440fx-1.4")},
    **{f"cpu {cpu}": ("-cpu", cpu, *IN_ITS_SLOT) for cpu in (
        "pentium", "pentium2", "pentium3", "athlon", "n270", "core2duo", "Opteron_G1", "Haswell", "EPYC-Milan", "max")},
    "4 cpus": ("-smp", "4", *IN_ITS_SLOT),
    "no hpet, no acpi": ("-no-hpet", "-no-acpi", *IN_ITS_SLOT),
    "behind a bridge": (*bridges("pci-bridge,id=b1,chassis_nr=1"), *nic("bus=b1,addr=5")),
    "behind three bridges": (
        *bridges("pci-bridge,id=b1,chassis_nr=1", "pci-bridge,id=b2,chassis_nr=2,bus=b1,addr=4",
                 "pci-bridge,id=b3,chassis_nr=3,bus=b2,addr=6"), *nic("bus=b3,addr=7")),
    "q35, behind a PCIe port and a bridge": (
        "-M", "q35", *bridges("pcie-root-port,id=p1,chassis=1", "pcie-pci-bridge,id=b1,bus=p1"), *nic("bus=b1,addr=3")),
    **{f"q35, {model} behind a root port": (
        "-M", "q35", *bridges("pcie-root-port,id=p1,chassis=1"), *nic("bus=p1", model))
       for model in ("e1000e", "virtio-net-pci,disable-legacy=on", "virtio-net-pci,disable-legacy=off", "vmxnet3")},
    **{f"{kind}, {model}": ("-M", kind, *nic("id=nic0", model))
       for kind in ("q35", "pc-i440fx-2.0") for model in ("virtio-net-pci", "vmxnet3")},
    # 2.4 had the first virtio 1, and 2.7 was the first that had it by default.
    **{f"{kind}, virtio-net-pci": ("-M", kind, *nic("id=nic0", "virtio-net-pci"))
       for kind in ("pc-i440fx-2.4", "pc-i440fx-2.6", "pc-i440fx-2.7", "pc-i440fx-2.12", "pc-q35-2.4", "pc-q35-2.12")},
    "irq shared": (
        "-device", "piix3-usb-uhci,id=usb,addr=4", "-device", "usb-tablet,bus=usb.0", "-device", "e1000,addr=0xc,romfile=",
        "-device", "intel-hda,addr=0x10", *nic("addr=8")),
}


@pytest.fixture
def server(logs, tgtd, dhcp):
    """server(disk): it is the LUN that DHCP names."""

    def serve(disk):
        dhcp(options={17: tgtd().target().lun(disk.path).root_path()})
        return disk

    return serve


@pytest.fixture
def disk(logs, server):
    return server(BootDisk(logs / "disk", "disktest", 2, RANDOM, reads=20))


@pytest.mark.parametrize("name", PCS)
def test_pc(net, machine, disk, name):
    assert len(run(machine(namespace=net, extra=PCS[name]), ENOUGH).check_reads(disk)) == 20


@pytest.mark.parametrize("size", ["16M", "17M", "25M", "48M", "1G", "3G", "4G", "8G"])
def test_memory(net, machine, disk, size):
    assert len(run(machine(namespace=net, memory=size, extra=IN_ITS_SLOT), ENOUGH).check_reads(disk)) == 20


@pytest.mark.parametrize("kind", ["q35", "pc-i440fx-1.4"])
@pytest.mark.parametrize("name", ["lunboot.iso", "lunboot.img"])
def test_medium(net, machine, disk, name, kind):
    pc = machine(namespace=net, tap="tap0", extra=("-M", kind, *medium(BUILD / name, "ehci")))
    assert len(run(pc, ENOUGH).check_reads(disk)) == 20


@pytest.mark.parametrize("nic", NICS)
def test_iso(logs, server, net, machine, iso, nic):
    """All of a disk, as it is and written."""
    disk = server(BootDisk(logs / "disk", "disktest", 4, WHOLE | WRITE))
    run(machine(namespace=net, tap="tap0", iso=iso(), nic=nic), ENOUGH).check_reads(disk)
    assert disk.path.read_bytes() == disk.written()


@pytest.mark.parametrize("moment", ["^lunboot ", "^Link", "^Address", "^Target", "^Disk", "^Booting"])
def test_reset(net, machine, disk, moment):
    """In the middle, three times: it always comes up again."""
    pc = machine(namespace=net, reboot=True, extra=IN_ITS_SLOT)
    for _ in range(3):
        pc.expect(moment, ENOUGH)
        pc.qmp("system_reset")
    # What came before the last start may end in the middle of a line.
    pc.expect("^lunboot ", ENOUGH)
    said = len(pc.e9.text())
    pc.e9.position = said
    pc.e9.expect("^@ PASS", ENOUGH)
    assert len(Report(pc.e9.text()[said:]).check_reads(disk)) == 20


def wait_for_migration(pc):
    end = time.monotonic() + ENOUGH
    while (status := pc.qmp("query-migrate").get("status")) != "completed":
        assert status not in ("failed", "cancelled") and time.monotonic() < end, status
        time.sleep(0.05)


@pytest.fixture
def there(net, logs, stack):
    """there(tap, incoming): a PC that goes on with what came from another."""

    def start(tap, incoming):
        directory = logs / "there"
        directory.mkdir()
        extra = [word.replace("ifname=tap0", f"ifname={tap}") for word in IN_ITS_SLOT]
        return stack.enter_context(Qemu(directory, net, extra=(*extra, "-incoming", incoming)))

    return start


def test_saved_and_loaded(net, logs, machine, server, there):
    """To a file while it reads and writes, and back a while later."""
    disk = server(SoakDisk(logs / "disk"))
    pc = machine(namespace=net, extra=IN_ITS_SLOT)
    Soak(pc, disk).calls(20)
    pc.qmp("migrate", uri=f"exec:cat >{logs}/state")
    wait_for_migration(pc)
    pc.stop()
    time.sleep(3)
    soak = Soak(there("tap0", f"exec:cat {logs}/state"), disk)
    soak.calls(50)
    assert soak.finish()["writes"]


def test_migrated(net, logs, machine, tgtd, dhcp, there):
    """To another host, with the network behind it."""
    net.add_tap("tap1")
    net.ip("link add br0 type bridge forward_delay 0", "link set tap0 master br0", "link set tap1 master br0",
           "link set br0 up", "addr del 192.0.2.1/24 dev tap0", "addr add 192.0.2.1/24 dev br0")
    disk = SoakDisk(logs / "disk")
    dhcp(interface="br0", options={17: tgtd().target().lun(disk.path).root_path()})
    pc = machine(namespace=net, extra=IN_ITS_SLOT)
    Soak(pc, disk).calls(20)
    door = Path(pc.sockets, "migration")
    soak = Soak(there("tap1", f"unix:{door}"), disk)
    while not door.exists():
        time.sleep(0.02)
    pc.qmp("migrate", uri=f"unix:{door}")
    wait_for_migration(pc)
    soak.calls(50)
    assert soak.finish()["writes"]
