"""LIO, the target of Linux's kernel, in a machine of its own (tests/e2e/lio-image)."""

import base64
import itertools
import socket
import subprocess
from pathlib import Path

from rig.child import Child, need
from rig.lio_target import Disk, Target
from rig.qmp import Qmp

IMAGE = Path(__file__).resolve().parent.parent / "lio-image"
BRIDGE = "br0"


def image():
    """The directory with the machine's kernel and initrd."""
    need("qemu-system-x86_64", "dpkg-deb")
    return Path(subprocess.run(IMAGE, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


class Lio:
    """A machine that serves disks, beside the PC. Use as a context manager.

    The namespace's tap0 becomes a port of a bridge, `br0`, which takes over the address of this end, and
    the machine is another port, at 192.0.2.11 and what else address() gives it. append: more words for
    the kernel's command line, as fips=1. Names of targets and disks are those of configfs, which sh()
    reaches for all that there is no method for.
    """

    def __init__(self, namespace, directory, append=""):
        self.namespace = namespace
        self.disks = itertools.count()
        namespace.ip(
            f"link add {BRIDGE} type bridge forward_delay 0",
            "addr del 192.0.2.1/24 dev tap0",
            f"link set tap0 master {BRIDGE}",
            "tuntap add lio0 mode tap",
            f"link set lio0 master {BRIDGE}",
            "link set lio0 up",
            f"addr add 192.0.2.1/24 dev {BRIDGE}",
            f"link set {BRIDGE} up",
        )
        self.qmp = Qmp()
        made = image()
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(f"{self.qmp.sockets}/shell")
            door.listen()
            door.settimeout(1)
            self.child = Child([
                "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "192M", "-display", "none",
                "-nodefaults", "-no-reboot", *self.qmp.arguments,
                "-kernel", made / "kernel", "-initrd", made / "initrd",
                "-append", f"console=ttyS0 panic=-1 mitigations=off address=192.0.2.11/24 {append}",
                "-serial", f"file:{directory}/lio.log",
                "-netdev", "tap,id=net0,ifname=lio0,script=no,downscript=no",
                "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:12:34:11,romfile=",
                "-chardev", f"socket,id=shell,path={self.qmp.sockets}/shell",
                "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=shell",
            ], directory / "lio-qemu.log", namespace)
            self.shell = self.accept(door)
        if self.shell.readline() != b"ready\n":
            self.child.check()
            raise RuntimeError(f"LIO's machine does not start: see {directory}/lio.log")

    def accept(self, door):
        while True:
            self.child.check()
            try:
                connection, _ = door.accept()
            except TimeoutError:
                continue
            connection.settimeout(120)
            return connection.makefile("rwb")

    def sh(self, *lines):
        """A script for the machine's busybox; what it says. It ends at the first command that fails."""
        script = "\n".join(["set -e", *lines])
        self.shell.write(base64.b64encode(script.encode()) + b"\n")
        self.shell.flush()
        said = base64.b64decode(self.shell.readline()).decode(errors="replace")
        status = self.shell.readline().strip()
        if status != b"0":
            raise RuntimeError(f"LIO's machine: status {status.decode()}:\n{said}\n{script}")
        return said

    def address(self, address, there=True):
        """Give the machine another address, or take one away: who was connected there hears nothing more."""
        self.sh(f"ip addr {'replace' if there else 'del'} {address}/24 dev eth0")

    def disk(self, path, block_size=512):
        """Plug a raw image in; it is there at once, and all that LIO writes is in the file at once."""
        name = f"disk{next(self.disks)}"
        self.ask("blockdev-add", **{"driver": "raw", "node-name": name,
                                    "file": {"driver": "file", "filename": str(path)}})
        self.ask("device_add", driver="virtio-blk-pci", id=name, drive=name, serial=name,
                 logical_block_size=block_size, physical_block_size=block_size)
        return Disk(self, name)

    def target(self, iqn="iqn.2026-01.org.lunboot:lio", portals=("192.0.2.11",), tag=1):
        return Target(self, iqn, portals, tag)

    def says(self, file):
        """From now on messages() has the kernel's debugging messages of a source file."""
        self.sh("mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null || true",
                f"echo 'file {file} +p' >/sys/kernel/debug/dynamic_debug/control")

    def messages(self):
        """The kernel's messages since the last call."""
        return self.sh("dmesg -c")

    def ask(self, command, **arguments):
        return self.qmp.ask(self.child, command, arguments)

    def stop(self):
        self.child.kill()
        self.qmp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
