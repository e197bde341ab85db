"""The rig itself, without lunboot: when these fail, it is not lunboot's fault."""

import pytest

IPXE = "/usr/lib/ipxe/qemu/pxe-e1000.rom"


def test_demo_disk_boots_locally(machine, demo_disk):
    pc = machine(disks=[demo_disk])
    pc.expect("lunboot demo disk: GRUB menu reached", 30)


def test_second_disk_boots(machine, second_disk):
    pc = machine(disks=[second_disk])
    pc.expect("the second disk has booted", 20)
    pc.e9.expect("the second disk has booted", 1)


@pytest.mark.slow
def test_another_initiator_boots_the_demo_disk(net, tgtd, dhcp, machine, demo_disk):
    target = tgtd().target().lun(demo_disk)
    dhcp(options={17: target.root_path()})
    pc = machine(namespace=net, tap="tap0", rom=IPXE)
    pc.expect("lunboot demo disk: GRUB menu reached", 90)
    assert target.sessions() == 1


@pytest.mark.slow
def test_another_initiator_boots_debian(net, tgtd, dhcp, machine, debian_disk):
    target = tgtd().target().lun(debian_disk)
    dhcp(options={17: target.root_path()})
    pc = machine(namespace=net, tap="tap0", rom=IPXE, memory="512M")
    pc.expect("^report: root is on an iSCSI disk", 240)
    pc.expect("^report: files are whole", 30)
    pc.expect("lunboot-debian login:", 60)
