"""The ways to a guest: by lunboot's ROM, with blocks of 512 and of 4096 bytes, by iPXE's ROM, and as a local disk."""

from rig.child import need
from rig.dnsmasq import Dnsmasq
from rig.paths import BUILD

LUNBOOT = BUILD / "lunboot-8086100e.rom"
IPXE = "/usr/lib/ipxe/qemu/pxe-e1000.rom"
NO_PROXY_DHCP = "encap:175,176"  # iPXE's: no other server is to be waited for


def by_rom(rom, net, stack, logs, tgtd, machine, image, **lun):
    need(rom)
    target = tgtd().target().lun(image, **lun)
    stack.enter_context(Dnsmasq(net, logs, options={17: target.root_path(), NO_PROXY_DHCP: 1}))
    return machine(namespace=net, tap="tap0", rom=rom, memory="512M")


def lunboot(kind, **rig):
    return by_rom(LUNBOOT, cd=kind == "cd", **rig)


def lunboot_4096(_, **rig):
    return by_rom(LUNBOOT, block=4096, **rig)


def ipxe(kind, **rig):
    return by_rom(IPXE, cd=kind == "cd", **rig)


def local(kind, machine, image, **_):
    return machine(iso=image, memory="512M") if kind == "cd" else machine(disks=[image], memory="512M")


# And for what kinds of images each is.
WAYS = {"lunboot": (lunboot, ("disk", "cd")), "lunboot, 4096": (lunboot_4096, ("disk",)),
        "iPXE": (ipxe, ("disk", "cd")), "local": (local, ("disk", "cd"))}
