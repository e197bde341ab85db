"""Who takes part: each starts a PC that boots the bench disk its way."""

import os
import re
import struct
import time
from dataclasses import replace
from pathlib import Path

from nics import UNDI
from rig.child import need
from rig.dnsmasq import Dnsmasq
from rig.qemu import Qemu
from rig.tgtd import Tgtd
from rig.wire import Wire
from steps import READ_ON, READ_TURNS

BUILD = Path(__file__).resolve().parents[2] / os.environ.get("B", "build")
ACCEL = os.environ.get("ACCEL") or "tcg"
# QEMU's name of the NIC: the PCI ids of its ROM here, and iPXE's name for it.
NICS = {"e1000": ("8086100e", "e1000"), "e1000e": ("808610d3", "e1000e"), "vmxnet3": ("15ad07b0", "vmxnet3"),
        "virtio-net-pci": ("1af41000", "virtio"), "virtio-net-pci,disable-modern=on": ("1af41000", "virtio")}
NIC = os.environ.get("NIC") or "e1000"
BY_UNDI = NIC in UNDI  # its own PXE ROM, QEMU's, loads all, and stays as driver
IDS, IPXE_NAME = NICS.get(NIC, (None, None))
LUNBOOT_ROM = None if BY_UNDI else BUILD / f"lunboot-{IDS}.rom"


def ipxe_rom():
    """iPXE's ROM with the NIC's ids, without which the BIOS would not call it: virtio's has those of version 1 alone.
    QEMU does as much where it takes the ROM by itself."""
    rom = bytearray(Path(f"/usr/lib/ipxe/qemu/pxe-{IPXE_NAME}.rom").read_bytes())
    (pcir,) = struct.unpack_from("<H", rom, 0x18)
    struct.pack_into("<HH", rom, pcir + 4, int(IDS[:4], 16), int(IDS[4:], 16))
    rom[6] = (rom[6] - sum(rom)) & 0xFF
    path = BUILD / f"ipxe-{IDS}.rom"
    path.write_bytes(rom)
    return path


IPXE_ROM = None if BY_UNDI else ipxe_rom()
BIOS = Path("/usr/share/seabios/bios-256k.bin")
UNDIONLY = Path("/usr/lib/ipxe/undionly.kpxe")
MEMORY_MIB = 256
LOAD_LIMIT = 60  # seconds until PXE has loaded what it is to load


class Local:
    """A disk of the PC itself, through SeaBIOS. The NIC has no network. rom: its option ROM. pmm: does
    the BIOS have memory for it?"""

    BUS = {
        "virtio": ["-device", "virtio-blk-pci,drive=local,bootindex=0"],
        "AHCI": ["-device", "ahci,id=ahci", "-device", "ide-hd,bus=ahci.0,drive=local,bootindex=0"],
    }

    def __init__(self, bus, name=None, rom="", pmm=True):
        self.bus, self.name, self.rom, self.pmm = bus, name or bus, rom, pmm

    def serve(self, stack, directory, network, disk, delay):
        """Start what the PC needs, into the stack. delay: of the network, see rows.py."""
        firmware = BIOS.read_bytes()
        (directory / "bios").write_bytes(
            firmware if self.pmm else firmware.replace(b"$PMM", b"$XMM"))

    def power_on(self, directory, network, disk):
        """The PC, running."""
        # SeaBIOS's virtio driver knows no flush, and QEMU would sync after each write, which tgtd
        # does not.
        drive = ["-drive", f"if=none,id=local,format=raw,cache=unsafe,file={disk.path}"]
        return Qemu(directory, network, ACCEL, f"{MEMORY_MIB}M",
                    extra=["-bios", directory / "bios", *drive, *self.BUS[self.bus],
                           "-device", f"{NIC},romfile={self.rom}"])

    def fetched(self, pc):
        """Bytes read from the disk so far."""
        for drive in pc.qmp("query-blockstats"):
            if drive["device"] == "local":
                return drive["stats"]["rd_bytes"]


class Lun:
    """The disk as LUN of tgtd. options: Qemu's. static: the kernel's command line, not DHCP, names it. pxe: what
    PXE is to load. digests: the target wants them. block: bytes of the LUN's blocks. two: the same disk is there once
    more, as the next drive, and what is read in order is read of both by turns."""

    def __init__(self, name, static=False, pxe=None, digests=False, block=512, two=False, **options):
        self.name, self.static, self.pxe, self.options = name, static, pxe, options
        self.digests, self.block, self.two = digests, block, two

    def step(self, step):
        """How it takes part in a step."""
        return replace(step, kind=READ_TURNS) if self.two and step.kind == READ_ON else step

    def serve(self, stack, directory, network, disk, delay):
        self.target = stack.enter_context(Tgtd(network, directory)).target()
        self.target.lun(disk.path, block=self.block, scsi_id="first")
        if self.two:
            self.target.lun(disk.path, lun=2, block=self.block, scsi_id="second")
        if self.digests:
            self.target.digests()
        ms, lost = delay
        self.wire = None
        if ms or lost:
            self.wire = stack.enter_context(Wire(network, directory, rtt=ms, loss=lost))
        self.by_session = {}  # iPXE logs in anew when the disk is reset, and tgtd forgets the old one
        path = self.target.root_path()
        if self.static:
            self.options["append"] = f"ip=192.0.2.77/24 root-path={path}"
        else:
            tftp = ()
            if self.pxe:
                tftp = ("--enable-tftp", f"--tftp-root={self.pxe.parent.resolve()}",
                        f"--dhcp-boot={self.pxe.name}")
            more = {"encap:175,233": self.target.root_path(lun=2)} if self.two else {}
            self.dhcp = stack.enter_context(Dnsmasq(network, directory, options={17: path, **more}, extra=tftp))

    def power_on(self, directory, network, disk):
        return Qemu(directory, network, ACCEL, f"{MEMORY_MIB}M", tap="tap0", wire=self.wire,
                    nic=NIC, **self.options)

    def fetched(self, pc):
        """Bytes that the target has read for its initiator so far."""
        shown = self.target.tgtd.ask("--op", "stat", "--mode", "target", "--tid", self.target.tid)
        for line in shown.splitlines()[1:]:
            # Target, LUN, session, then bytes and commands: reads submitted, reads done ...
            words = line.split()
            if words[1:2] == ["1"]:
                self.by_session[words[2]] = int(words[5])
        return sum(self.by_session.values())


class Chained(Lun):
    """PXE loads it, and it asks DHCP once more: only then there is a root path, and nothing else to be loaded."""

    def power_on(self, directory, network, disk):
        def starts_with(*words):
            return lambda word: not word.startswith(words)

        self.dhcp.stop()
        command = self.dhcp.command
        self.dhcp.command = list(filter(starts_with("--dhcp-option-force=17,"), command))
        self.dhcp.start()
        pc = super().power_on(directory, network, disk)
        end = time.monotonic() + LOAD_LIMIT
        while f"{self.pxe.name} to 192.0.2." not in self.dhcp.log.read_text(errors="replace"):
            if time.monotonic() > end:
                break  # whoever waits for the boot sector says so
            time.sleep(0.02)
        self.dhcp.stop()
        self.dhcp.command = list(filter(starts_with("--dhcp-boot="), command))
        self.dhcp.start()
        return pc


class Watched(Lun):
    """Each access to a register of the NIC is counted. No eventfd takes virtio's notifications past QEMU's trace."""

    EVENTS = "memory_region_ops_*"
    NIC_REGIONS = re.compile(r"^memory_region_ops_.* name '(?:e1000|virtio-pci|vmxnet3)", re.M)

    def power_on(self, directory, network, disk):
        self.trace = directory / "trace.log"
        nic = f"{NIC},ioeventfd=off" if NIC.startswith("virtio") else NIC
        return Qemu(directory, network, ACCEL, f"{MEMORY_MIB}M", tap="tap0", wire=self.wire, nic=nic,
                    extra=("-D", self.trace), **self.options)

    def watch(self, pc, on=True):
        pc.qmp("trace-event-set-state", name=self.EVENTS, enable=on)

    def accesses(self):
        """While it was watched."""
        return len(self.NIC_REGIONS.findall(self.trace.read_text()))


OTHER = "other build"


def other_build(directory):
    """lunboot as another version has it."""
    return ours(OTHER, Path(directory))


def ours(name, build=BUILD, **options):
    if BY_UNDI:
        return Lun(name, pxe=build / "lunboot.pxe", rom=None, **options)
    return Lun(name, rom=build / LUNBOOT_ROM.name, **options)


def ipxe():
    if not BY_UNDI:
        return Lun("iPXE", rom=IPXE_ROM)
    need(UNDIONLY)
    return Chained("iPXE", pxe=UNDIONLY, rom=None)


LUNBOOT = ours("lunboot")
DIGESTS = ours("lunboot, digests", digests=True)
BLOCKS_4K = ours("lunboot, 4 KiB blocks", block=4096)
TWO_DISKS = ours("lunboot, two disks", two=True)
STATIC = Lun("lunboot -kernel", static=True, kernel=BUILD / "lunboot.elf")
IMG = Lun("lunboot.img", extra=("-drive", f"if=none,id=stick,format=raw,snapshot=on,file={BUILD / 'lunboot.img'}",
                                "-device", "ide-hd,drive=stick"))
PXE = Lun("lunboot.pxe", pxe=BUILD / "lunboot.pxe", rom=IPXE_ROM)
# Rows that say by how much a LUN of another kind, or two of them, are slower, in the row's step.
SLOWER = {"seq63-digest": DIGESTS, "seq63-4k": BLOCKS_4K, "seq4-4k": BLOCKS_4K, "seq63-two": TWO_DISKS}
OTHER_WAYS = {"static": STATIC, "img": IMG, "pxe": PXE}  # rows that lunboot has alone
IPXE = ipxe()
WATCHED = {c.name: Watched(f"{c.name}, watched", **c.options) for c in (LUNBOOT, IPXE)}
VIRTIO, AHCI = Local("virtio"), Local("AHCI")
AHCI_LUNBOOT = Local("AHCI", "AHCI, NIC with lunboot's ROM", LUNBOOT_ROM)
AHCI_IPXE = Local("AHCI", "AHCI, NIC with iPXE's ROM", IPXE_ROM)
AHCI_LUNBOOT_NO_PMM = Local("AHCI", "AHCI, NIC with lunboot's ROM, no PMM", LUNBOOT_ROM, pmm=False)
AHCI_IPXE_NO_PMM = Local("AHCI", "AHCI, NIC with iPXE's ROM, no PMM", IPXE_ROM, pmm=False)
WITH_ROM = [AHCI_LUNBOOT, AHCI_IPXE, AHCI_LUNBOOT_NO_PMM, AHCI_IPXE_NO_PMM]
