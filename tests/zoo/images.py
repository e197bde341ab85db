"""Disks and CDs that boot, made of files by Debian's tools, without root and loop devices."""

import struct
import subprocess
from pathlib import Path

from rig.child import need
from rig.paths import TOP

GRUB = Path("/usr/lib/grub/i386-pc")
SYSLINUX = Path("/usr/lib/syslinux")
SECTOR = 512
FIRST = 2048  # the partition's first sector
MIB = 1024 * 1024
GRUB_MODULES = ("biosdisk", "part_msdos", "part_gpt", "fat", "normal", "serial", "terminal", "echo", "sleep", "cat",
                "chain", "linux", "linux16", "multiboot", "multiboot2", "hashsum", "gcry_sha256", "test", "minicmd")


def tool(*words, **options):
    subprocess.run(list(map(str, words)), check=True, capture_output=True, **options)


def second_sector(directory):
    """A boot sector for loaders that pass on to another: it says so on COM1."""
    need("nasm")
    tool("nasm", "-f", "bin", "-o", directory / "second.bin", TOP / "tests/e2e/second-disk.asm")
    return (directory / "second.bin").read_bytes()


def plant(directory, files):
    """Files in a new directory: {name in it: content, a path or bytes or text}."""
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            content = content.read_bytes()
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return directory


def write_at(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def empty_disk(path, table, mib):
    need("sfdisk")
    with open(path, "wb") as file:
        file.truncate(mib * MIB)
    tool("sfdisk", "-q", path, input=table.encode())


def fat(path, files, mib=8):
    """A disk with one active FAT partition, which holds files as plant() takes them."""
    need("mformat", "mcopy")
    empty_disk(path, f"label: dos\nstart={FIRST}, type=e, bootable\n", mib)
    volume = f"{path}@@{FIRST * SECTOR}"
    tool("mformat", "-i", volume, "-T", mib * MIB // SECTOR - FIRST, "-h", 16, "-s", 63, "-H", FIRST, "::")
    if files:
        tree = plant(path.with_suffix(".tree"), files)
        tool("mcopy", "-i", volume, "-s", *tree.iterdir(), "::")
    return path


def boot_code(path, code):
    """The first 440 bytes, before the partition table."""
    write_at(path, 0, Path(code).read_bytes()[:440])


def grub_core(path, at, prefix):
    """GRUB 2's core image from sector `at` on, and its boot sector, which is told where that is."""
    need("grub-mkimage")
    core = path.with_suffix(".core")
    tool("grub-mkimage", "-O", "i386-pc", "-d", GRUB, "-p", prefix, "-o", core, *GRUB_MODULES)
    data = bytearray(core.read_bytes())
    struct.pack_into("<Q", data, 0x1F4, at + 1)  # the list of its own other sectors
    write_at(path, at * SECTOR, data)
    boot_code(path, GRUB / "boot.img")
    write_at(path, 0x5C, struct.pack("<Q", at))


def iso(path, tree, *options):
    need("xorriso")
    tool("xorriso", "-as", "mkisofs", "-o", path, *options, tree)
    return path
