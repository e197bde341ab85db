"""The bench disk: tests/bootdisk/bench.asm, GRUB with a real kernel and initrd, and sectors to read."""

import random
import shutil
import struct
import subprocess
from pathlib import Path

import bootdisk
from steps import GRUB_FIRST, GRUB_MIB, MIB, SECTOR, SECTORS, STEPS, WRITE_ON

TOP = Path(__file__).resolve().parents[2]
PROGRAM = bootdisk.PROGRAMS / "bench.bin"
FILL = struct.pack("<I", 0x5A5AA5A5)
TABLE = struct.Struct("<BBHII")

# Where GRUB's images name the sectors that they go on with.
BOOT_NEXT, CORE_NEXT = 0x5C, 0x1F4
FIRST_PARTITION = 2048

# Debian's stock initrd with every module, as far as its size goes; ours is smaller.
LOADED = 45_000_000
UUID = "6c756e62-6f6f-4000-8000-62656e636800"
GRUB_CFG = """\
serial --unit=0 --speed=115200
terminal_output serial
echo "GRUB begins"
linux /vmlinuz root=/dev/sda1
echo "GRUB has read the kernel"
initrd /initrd.img
echo "GRUB has read the initrd"
sleep 3600
"""


class BenchDisk:
    """A raw image. kernel, initrd: what GRUB loads from it."""

    def __init__(self, directory):
        self.path, files = directory / "disk.img", directory / "files"
        debian = Path(subprocess.run(TOP / "tests/e2e/debian-image", stdout=subprocess.PIPE,
                                     text=True, check=True).stdout.strip())
        shutil.rmtree(files, ignore_errors=True)
        make_files(debian, files)
        make_image(files, self.path)
        self.kernel = (files / "vmlinuz").read_bytes()
        self.initrd = (files / "initrd.img").read_bytes()

    def prepare(self, steps, seconds, stamp):
        """Write the table of steps: so many seconds each. stamp: what this boot's writes carry."""
        self.stamp = stamp
        table = b"".join(
            TABLE.pack(s.kind, s.sectors, round(seconds * 18.2), s.first, s.calls) for s in steps
        )
        head = struct.pack("<4sI", b"STEP", stamp)
        with open(self.path, "r+b") as image:
            image.seek(PROGRAM.stat().st_size - SECTOR)
            image.write((head + table).ljust(SECTOR, b"\0"))

    def was_written(self, step, calls):
        """Does the image hold what so many calls of a writing step have written?"""
        size = step.sectors
        with open(self.path, "rb") as image:
            image.seek(step.first * SECTOR)
            data = image.read(min(calls, step.calls) * size * SECTOR)
        for at in range(0, len(data), size * SECTOR):
            want = bytearray(FILL * (size * SECTOR // 4))
            lba = step.first + at // SECTOR
            struct.pack_into("<I", want, 0, lba ^ self.stamp)
            struct.pack_into("<I", want, (size - 1) * SECTOR, (lba + size - 1) ^ self.stamp)
            if data[at : at + size * SECTOR] != want:
                return False
        return True


def make_files(debian, files):
    """GRUB's directory: the kernel and initrd of the tests' Debian."""
    (files / "boot/grub").mkdir(parents=True)
    (files / "boot/grub/grub.cfg").write_text(GRUB_CFG)
    file_system = f"{debian}?offset={FIRST_PARTITION * SECTOR}"

    def debugfs(request):
        return subprocess.run(["/usr/sbin/debugfs", "-R", request, file_system], check=True,
                              capture_output=True, text=True).stdout

    for name in ("vmlinuz", "initrd.img"):
        # In / are links to it that have changed their form over the years.
        found = [entry.split("/")[5] for entry in debugfs("ls -p /boot").splitlines()
                 if entry.split("/")[5:6] and entry.split("/")[5].startswith(f"{name}-")]
        debugfs(f"dump /boot/{found[0]} {files}/{name}")
    initrd = files / "initrd.img"
    more = LOADED - initrd.stat().st_size - (files / "vmlinuz").stat().st_size
    with open(initrd, "ab") as f:
        f.write(random.Random(bootdisk.SEED).randbytes(more))


def make_image(files, path):
    """GRUB's disk with GRUB moved to GRUB_FIRST, our program before it, numbered sectors behind it."""
    subprocess.run([TOP / "tools/grub-disk", files, path, str(GRUB_MIB), "lunboot-bench", UUID],
                   check=True)
    with open(path, "r+b") as image:
        head = bytearray(image.read(FIRST_PARTITION * SECTOR))
        grub = head[: (FIRST_PARTITION - GRUB_FIRST) * SECTOR]
        assert not any(head[len(grub) :])
        struct.pack_into("<Q", grub, BOOT_NEXT, GRUB_FIRST + 1)
        struct.pack_into("<Q", grub, SECTOR + CORE_NEXT, GRUB_FIRST + 2)
        program = bytearray(PROGRAM.read_bytes())
        assert len(program) <= GRUB_FIRST * SECTOR
        program[446:510] = head[446:510]  # the partition table
        struct.pack_into("<2I", program, bootdisk.PARAMETERS, SECTORS, bootdisk.SEED)
        image.seek(0)
        image.write(program.ljust(GRUB_FIRST * SECTOR, b"\0") + grub)

        image.seek(GRUB_MIB * MIB * SECTOR)
        block = random.Random(bootdisk.SEED).randbytes(MIB * SECTOR)
        read_end = min(step.first for step in STEPS if step.kind == WRITE_ON)
        for first in range(GRUB_MIB * MIB, read_end, MIB):
            numbered = bytearray(block)
            for i in range(MIB):
                struct.pack_into("<I", numbered, i * SECTOR, first + i)
            image.write(numbered)
        image.truncate(SECTORS * SECTOR)

