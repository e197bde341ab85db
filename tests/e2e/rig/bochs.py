"""Bochs: another PC than QEMU, that says in its log what no machine should be asked for."""

import re
from pathlib import Path

from rig.child import Child, need
from rig.log import Log

SEABIOS = "/usr/share/seabios/bios.bin"
# What BIOS and VGA BIOS are, and whether the BIOS finds the ROM that a NIC holds. Bochs' own is given it as a ROM
# of the board, write protected.
FIRMWARE = {
    "bochs": ("/usr/share/bochs/BIOS-bochs-legacy", "/usr/share/vgabios/vgabios.bin"),
    "seabios": (SEABIOS, "/usr/share/seabios/vgabios-stdvga.bin"),
}
ROM_OF_THE_BOARD = 0xD0000

# Lines of the log at its level "error" that are no fault of ours: frames for a NIC that is not set up yet.
HARMLESS = [r"\[E1000A\] device not ready to receive data"]
LEVEL = re.compile(r"^\d+([ep])(\[.*)$", re.M)


class Bochs:
    """A PC with an e1000 and 256 MiB. Use as a context manager.

    directory: where its logs go. namespace, tap: of the NIC. firmware: of FIRMWARE. cpu: a model of `bochs --help
    cpu`. rom: an option ROM for the NIC. iso, floppy, disk: images; boot: the first of them to start from, in
    Bochs' words; Bochs' BIOS calls a ROM that boots the network. What Bochs writes to port E9 stands between its
    own words.

    An exception that the processor can't deliver ends it, and so does a fault of Bochs.
    """

    def __init__(self, directory, namespace, tap, firmware="bochs", cpu="p2_klamath", memory=256, rom=None,
                 iso=None, floppy=None, disk=None, boot="network", mac="52:54:00:12:34:56"):
        bios, vga = FIRMWARE[firmware]
        need("bochs", bios, vga)
        e1000 = f"e1000: enabled=1, mac={mac}, ethmod=tuntap, ethdev=/dev/net/tun:{tap}"
        lines = [
            # Of the displays only this one needs no terminal and no X server. Nobody connects.
            'display_library: rfb, options="timeout=0"',
            "sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy",
            # As fast as real time at most: what the network takes is real.
            "clock: sync=slowdown",
            f"cpu: model={cpu}, ips=50000000, reset_on_triple_fault=0",
            f"memory: guest={memory}, host={memory}",
            f"romimage: file={bios}",
            f"vgaromimage: file={vga}",
            "pci: enabled=1, chipset=i440fx, slot1=e1000",
            f"boot: {boot}",
            f"com1: enabled=1, mode=file, dev={directory}/serial.log",
            "port_e9_hack: enabled=1",
            f"log: {directory}/bochs.log",
            "panic: action=fatal",
        ]
        if rom and firmware == "bochs":
            lines.append(f"optromimage1: file={rom}, address={ROM_OF_THE_BOARD:#x}")
        elif rom:
            e1000 += f", bootrom={rom}"
        lines.append(e1000)
        if floppy:
            lines.append(f"floppya: 1_44={floppy}, status=inserted")
        if disk:
            lines.append(f"ata0-master: type=disk, path={disk}, mode=flat")
        if iso:
            lines.append(f"ata1-master: type=cdrom, path={iso}, status=inserted")
        settings, go = Path(directory, "bochsrc"), Path(directory, "bochs-go")
        settings.write_text("\n".join(lines) + "\n")
        go.write_text("continue\n")  # Debian's has its debugger in it, which ends with its input
        self.child = Child(["bochs", "-q", "-f", settings, "-rc", go], Path(directory, "bochs.out"), namespace)
        self.serial = Log(Path(directory, "serial.log"), self.child.check)
        self.log = Log(Path(directory, "bochs.log"), self.child.check)
        self.e9 = Log(Path(directory, "bochs.out"), self.child.check)

    def expect(self, pattern, timeout=60, **options):
        """On the serial line; see Log.expect."""
        return self.serial.expect(pattern, timeout, **options)

    def wrong(self):
        """What Bochs calls an error in its log: of the CPU, of devices, of the BIOS."""
        found = [line for _, line in LEVEL.findall(self.log.text())]
        return [line for line in found if not any(re.match(known, line) for known in HARMLESS)]

    def stop(self):
        self.child.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
