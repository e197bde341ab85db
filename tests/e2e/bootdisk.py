"""The test disks of tests/bootdisk: making them, booting them, and reading their reports.

A disk is one of the programs, random bytes behind it, and the parameters that the program finds in its
boot sector. Everything that the program says comes over port E9 in lines that start with "@ ";
tests/bootdisk/README.md lists them.
"""

import os
import random
import struct
import subprocess
from itertools import accumulate
from pathlib import Path

import pytest
from rig.child import need

BUILD = Path(__file__).resolve().parents[2] / os.environ.get("B", "build")
PROGRAMS = BUILD / "bootdisk"
DEBUG_EXIT = ("-device", "isa-debug-exit")  # the programs end QEMU with it

SECTOR = 512
MOST = 127 * SECTOR  # bytes of a transfer
SEED = 0x2545F491
PARAMETERS = 0x188  # of the boot sector, behind the magic and the program's own size
PATTERN_FACTOR = 0x9E3779B1
PATTERN_PASSES = 2

# Phases of disktest, and what they may use.
WHOLE = 0x1
RANDOM = 0x2
FUNCTIONS = 0x4
WRITE = 0x8
IF_CLEAR = 0x10
SMALL_STACK = 0x20
UNREAL = 0x40
A20_OFF = 0x80
NESTED = 0x100
IN_TICK = 0x200
WITH_HMA = 0x10000
WITH_FLAT64 = 0x20000
WITH_HIGH_ESP = 0x40000
WITH_CD = 0x80000

# Phases of memory.
FILL = 2


class BootDisk:
    """A disk image with a program, and what its sectors have to be."""

    def __init__(self, path, program, mib, phases=0, seconds=0, reads=100, size=0, partition=None,
                 sector=SECTOR):
        self.path = Path(path)
        self.sector = sector
        self.sectors = int(mib * 2048) * SECTOR // sector
        code = (PROGRAMS / f"{program}.bin").read_bytes()
        image = bytearray(random.Random(SEED).randbytes(self.sectors * sector))
        image[: len(code)] = code
        used = -(-len(code) // sector) * sector
        image[len(code) : used] = bytes(used - len(code))
        self.write_count = min(self.sectors // 4, 4000)
        # Not at the end: nothing behind the region may change either.
        self.write_lba = self.sectors - self.write_count - 64
        struct.pack_into(
            "<11I", image, PARAMETERS, self.sectors, SEED, phases, self.write_lba,
            self.write_count, seconds, reads, size, sector, sector // 4, MOST // sector,
        )
        if partition:
            image[446:462] = partition
        self.image = bytes(image)
        self.path.write_bytes(self.image)

    def written(self):
        """The image after disktest's write phase."""
        first = self.write_lba * self.sector // 4
        seed = SEED + PATTERN_PASSES - 1
        pattern = struct.pack(
            f"<{self.write_count * self.sector // 4}I",
            *(
                ((i ^ seed) * PATTERN_FACTOR) & 0xFFFFFFFF
                for i in range(first, first + self.write_count * self.sector // 4)
            ),
        )
        end = (self.write_lba + self.write_count) * self.sector
        return self.image[: self.write_lba * self.sector] + pattern + self.image[end:]


@pytest.fixture
def on_lun(net, tgtd, dhcp, machine, iso, kernel):
    """on_lun(disk) boots lunboot with the disk as LUN; gives the PC and the target.

    target: more arguments for Tgtd; options: for Qemu. lunboot comes from its ISO, but with KVM from
    QEMU's -kernel: a KVM without vmx or svm interprets, and takes 40 s for GRUB alone.
    """

    def start(disk, target=None, **options):
        lun = tgtd(**(target or {})).target().lun(disk.path)
        dhcp(options={17: lun.root_path()})
        medium = {"kernel": kernel} if options.get("accel") == "kvm" else {"iso": iso()}
        return machine(namespace=net, tap="tap0", extra=DEBUG_EXIT, **medium, **options), lun

    return start


@pytest.fixture
def on_local_disk(machine):
    """on_local_disk(disk) boots the same PC by SeaBIOS from the disk on AHCI, and gives the PC: what
    real-mode programs are used to."""

    def start(disk, **options):
        extra = (
            "-device", "ahci,id=ahci", "-drive", f"if=none,id=local,format=raw,file={disk.path}",
            "-device", "ide-hd,bus=ahci.0,drive=local,bootindex=0", "-device", "ide-cd,bus=ide.1",
            "-device", "e1000,romfile=", *DEBUG_EXIT,
        )
        return machine(extra=extra, **options)

    return start


def run(pc, timeout=120):
    """The program's report. It must have ended in PASS."""
    pc.e9.expect(r"^@ (PASS|FAIL)", timeout)
    report = Report(pc.e9.text())
    assert report.result() == "PASS", str(report)
    return report


def sums(data):
    """The two sums that the programs report of what they read."""
    words = memoryview(data).cast("I")
    return sum(words) & 0xFFFFFFFF, sum(accumulate(words)) & 0xFFFFFFFF


class Report:
    """What a program said: `lines` are lists of words, numbers (hexadecimal there) as int."""

    def __init__(self, text):
        self.lines = []
        for line in text.splitlines():
            at = line.find("@ ")
            if at >= 0:
                self.lines.append(line[at + 2 :].split())

    def __str__(self):
        return "\n".join(" ".join(words) for words in self.lines if words[0] != "read")

    def result(self):
        """"PASS", "FAIL why", or what the last line was when the program did not end."""
        return " ".join(self.lines[-1]) if self.lines else "no report"

    def all(self, keyword):
        """The words behind every line's keyword."""
        return [words[1:] for words in self.lines if words[0] == keyword]

    def numbers(self, keyword):
        return [[int(word, 16) for word in words] for words in self.all(keyword)]

    def phases_done(self):
        return sum(phase for (phase,) in self.numbers("done"))

    def check_reads(self, disk):
        """Compare every read with the image; returns the (function, lba, count) of all."""
        image, after = disk.image, None
        reads = []
        for keyword, *words in self.lines:
            if keyword == "written" and int(words[0], 16) == PATTERN_PASSES - 1:
                after = image = disk.written()
            if keyword != "read":
                continue
            function, lba, count, *_, sum1, sum2 = (int(word, 16) for word in words)
            expected = sums(image[lba * disk.sector : (lba + count) * disk.sector])
            assert (sum1, sum2) == expected, f"wrong data: read {' '.join(words)}"
            reads.append((function, lba, count))
        assert after is None or disk.path.read_bytes() == after, "the backing file is not right"
        assert after or disk.path.read_bytes() == disk.image, "the backing file changed"
        return reads


def functions(report):
    """disktest's function calls: name -> dict of registers."""
    table = {}
    for name, *words in report.all("fn"):
        values = (int(word, 16) for word in words)
        table[name] = dict(zip(("ax", "bx", "cx", "dx", "cf", "count"), values))
        table[name]["ah"] = table[name]["ax"] >> 8
    buffers = iter(report.all("buffer"))
    for name, call in table.items():
        if name.startswith("params_"):
            call["buffer"] = bytes(int(word, 16) for word in next(buffers))
    return table


def installer_cd(directory):
    """A CD that boots tests/bootdisk/installer.asm, made in the directory."""
    need("xorriso")
    files, image = directory / "cd", directory / "installer.iso"
    files.mkdir()
    (files / "boot.bin").write_bytes((PROGRAMS / "installer.bin").read_bytes().ljust(2048, b"\0"))
    subprocess.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-o", image, "-b", "boot.bin",
         "-no-emul-boot", "-boot-load-size", "4", files], check=True)
    return image
