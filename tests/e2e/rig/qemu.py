"""QEMU: the PC, with its serial line and port E9 in files, and QMP to press buttons."""

import os

from rig.child import Child, need
from rig.log import Log
from rig.qmp import Qmp


def need_kvm():
    """Skip visibly where /dev/kvm can't be opened."""
    import pytest

    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as error:
        pytest.skip(f"/dev/kvm: {error.strerror}")


class Qemu:
    """A PC without a NIC and a disk, unless given. Use as a context manager.

    directory: where its logs go. namespace: where it runs. iso, kernel: what it starts; append goes
    with kernel. tap: the TAP device of an e1000 (nic: another model, None: no NIC). wire: a Wire,
    which has the TAP device then. rom: an option ROM for the NIC; none by default, so that the PC's
    own PXE stays out; None: that one. disks: raw images of local IDE disks, in this boot order, behind iso and kernel;
    they keep no changes. extra: more arguments.

    A reset ends it, so that a triple fault is seen at once.
    """

    def __init__(self, directory, namespace=None, accel="tcg", memory="256M", iso=None, kernel=None,
                 append="", tap=None, wire=None, nic="e1000", mac="52:54:00:12:34:56", rom="",
                 disks=(), cpu=None, reboot=False, extra=()):
        need("qemu-system-x86_64")
        if accel == "kvm":
            need_kvm()
        self._qmp = Qmp()
        self.sockets = self._qmp.sockets
        command = [
            "qemu-system-x86_64", "-accel", accel, "-m", memory, "-display", "none", "-nodefaults",
            "-vga", "std",
            "-chardev", f"file,id=serial,path={directory}/serial.log", "-serial", "chardev:serial",
            "-chardev", f"file,id=e9,path={directory}/e9.log",
            "-device", "isa-debugcon,iobase=0xe9,chardev=e9",
            *self._qmp.arguments,
        ]
        if cpu:
            command += ["-cpu", cpu]
        if not reboot:
            command.append("-no-reboot")
        index = 0
        if iso:
            command += ["-drive", f"if=none,id=cd,media=cdrom,readonly=on,format=raw,file={iso}",
                        "-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]
        if kernel:
            command += ["-kernel", kernel, "-append", append]
        if wire:
            netdev = f"stream,id=net0,server=off,addr.type=unix,addr.path={wire.path}"
        else:
            netdev = f"tap,id=net0,ifname={tap},script=no,downscript=no"
        if (tap or wire) and nic:
            command += ["-netdev", netdev,
                        "-device", f"{nic},id=nic0,netdev=net0,mac={mac}"
                        + ("" if rom is None else f",romfile={rom}") + ("" if rom == "" else ",bootindex=1")]
        for index, disk in enumerate(disks):
            command += ["-drive", f"if=none,id=hd{index},format=raw,snapshot=on,file={disk}",
                        "-device", f"ide-hd,drive=hd{index},bus=ide.0,unit={index},"
                        f"bootindex={index + 2}"]
        command += map(str, extra)
        self.child = Child(command, directory / "qemu.log", namespace)
        self.serial = Log(directory / "serial.log", self.child.check)
        self.e9 = Log(directory / "e9.log", self.child.check)
        self.directory = directory

    def expect(self, pattern, timeout=60, **options):
        """On the serial line; see Log.expect."""
        return self.serial.expect(pattern, timeout, **options)

    def qmp(self, command, **arguments):
        """Run a QMP command; its answer."""
        return self._qmp.ask(self.child, command, arguments)

    def set_link(self, up):
        """Plug the NIC's cable in or out."""
        self.qmp("set_link", name="nic0", up=up)

    def key(self, *names):
        """Press keys at the same time, named as QEMU does: ret, esc, shift."""
        self.qmp("send-key", keys=[{"type": "qcode", "data": name} for name in names])

    def screen(self):
        """The VGA text screen as 25 lines."""
        path = self.directory / "vga.bin"
        self.qmp("pmemsave", val=0xB8000, size=4000, filename=str(path))
        cells = path.read_bytes()[::2].decode("cp437")
        return [cells[i : i + 80].rstrip("\0 ") for i in range(0, 2000, 80)]

    def picture(self):
        """The screen in pixels, whatever its mode: rows of red, green and blue bytes."""
        path = self.directory / "screen.ppm"
        self.qmp("screendump", filename=str(path))
        magic, width, height, largest, _ = path.read_bytes().split(maxsplit=4)
        assert (magic, largest) == (b"P6", b"255")
        row = 3 * int(width)
        pixels = path.read_bytes()[-row * int(height) :]
        return [pixels[i : i + row] for i in range(0, len(pixels), row)]

    def memory(self, address, size):
        """Physical memory."""
        path = self.directory / "memory.bin"
        self.qmp("pmemsave", val=address, size=size, filename=str(path))
        return path.read_bytes()

    def wait(self, timeout=60):
        """For its end; the exit status."""
        return self.child.process.wait(timeout)

    def stop(self):
        self.child.kill()
        self._qmp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
