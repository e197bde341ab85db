"""LUNs of 4096-byte blocks, shown as sectors of 512 bytes or as they are; and LUNs of more than 2 TiB."""

import hashlib
import os
import random
import re
import subprocess

import bootdisk
import pytest
from bootdisk import DEBUG_EXIT, SECTOR, BootDisk, run
from rig.child import need
from rig.target import Target
from soakdisk import Soak, SoakDisk
from test_keep_san import cd

SHOWN = {512: " shown as sectors of 512", 4096: ""}


@pytest.mark.parametrize("sector", SHOWN)
def test_blocks_of_4096(logs, net, tgtd, machine, kernel, sector):
    """The whole disk in pieces of all sizes, which end anywhere in a block, and at random; what is written is
    found on the backing file, and nothing else."""
    phases = bootdisk.WHOLE | bootdisk.RANDOM | bootdisk.WRITE | bootdisk.WITH_FLAT64
    disk = BootDisk(logs / "disk", "disktest", 8, phases, sector=sector)
    target = tgtd().target().lun(disk.path, block=4096)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} "
                        f"sector={'native' if sector == 4096 else sector}")
    report = run(pc)
    assert report.phases_done() == phases & 0xFFFF
    report.check_reads(disk)
    assert re.search(rf"^Disk .*, 8 MiB, blocks of 4096 bytes{SHOWN[sector]}$", pc.serial.text(), re.M)


GRUB_CFG = """serial
terminal_output serial
set root={root}
ls (hd0)
if hashsum --hash sha256 --prefix / --check /sums; then echo GRUB has read all; fi
sleep 60
"""


def volume(directory, block):
    """A FAT file system of 16 MiB for a disk of such blocks, with data and their sum."""
    need("mformat", "mcopy")
    image, data = directory / "volume", b"".join(b"%15d\n" % number for number in range(1 << 18))
    image.write_bytes(bytes(16 << 20))
    (directory / "data").write_bytes(data)
    (directory / "sums").write_text(f"{hashlib.sha256(data).hexdigest()}  data\n")
    subprocess.run(["mformat", "-i", image, "-S", "5" if block == 4096 else "2", "-T", str((16 << 20) // block),
                    "-h", "16", "-s", "63", "-c", "1", "::"], check=True)
    subprocess.run(["mcopy", "-i", image, directory / "data", directory / "sums", "::"], check=True)
    return image


def grub_cd(directory, root="hd0"):
    """GRUB that checks the sums on this disk."""
    need("grub-mkrescue", "xorriso")
    tree = directory / "tree"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text(GRUB_CFG.format(root=root))
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", directory / "cd.iso", "--fonts=", "--locales=",
                    "--themes=", tree], check=True, capture_output=True)
    return directory / "cd.iso"


def test_grub_reads_blocks_of_4096(logs, net, tgtd, machine, kernel):
    """It asks for the sector's size by AH=48h, and reads a file system of such sectors."""
    target = tgtd().target().lun(volume(logs, 4096), block=4096)
    pc = machine(namespace=net, tap="tap0", kernel=kernel,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} sector=native skip-san-boot=1",
                 extra=cd(grub_cd(logs)))
    pc.expect("^Keeping  drive 80h, ", 60)
    pc.expect("Sector size 4096B", 60)
    pc.expect("GRUB has read all", 60)


TIB = 2**40
FAR = 32 * 512  # bytes of a transfer


@pytest.mark.parametrize("block", (512, 4096))
def test_3_tib(logs, net, tgtd, machine, kernel, block):
    """Both ends, the middle, and sector 2^32, which no 32 bits name: what is there is read, and what is written
    is found there on the backing file."""
    disk = BootDisk(logs / "disk", "far", 1)
    os.truncate(disk.path, 3 * TIB)
    places = {at: random.Random(at).randbytes(FAR) for at in (2**32 * 512 - FAR // 2, 3 * TIB // 2, 3 * TIB - FAR)}
    with disk.path.open("r+b") as file:
        for at, data in places.items():
            file.seek(at)
            file.write(data)
    target = tgtd().target().lun(disk.path, block=block)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} sector=512")
    report = run(pc)
    assert re.search(r"^Disk .*, 3 TiB\b", pc.serial.text(), re.M)
    assert report.numbers("size") == [[3 * TIB // 512 >> 32, 3 * TIB // 512 & 0xFFFFFFFF]]
    expected = [(0, *bootdisk.sums(disk.image[:FAR]))]
    for at, data in places.items():
        opposite = bytes(byte ^ 0xFF for byte in data)
        expected += [(at // 512, *bootdisk.sums(data)), (at // 512, *bootdisk.sums(opposite))]
        with disk.path.open("rb") as file:
            file.seek(at)
            assert file.read(FAR) == opposite
    assert [(high << 32 | low, *both) for high, low, *both in report.numbers("far")] == expected


@pytest.mark.parametrize("block, sector", ((512, 512), (4096, 512), (4096, "native")))
def test_grub_reads_beyond_2_tib(logs, net, tgtd, machine, kernel, block, sector):
    """A GPT's partition that ends where the backup of its table begins, near the end of 3 TiB."""
    need("fdisk")
    lun = logs / "lun"
    lun.touch()
    os.truncate(lun, 3 * TIB)
    end = 3 * TIB // block - 1 - 16384 // block  # the backup: 16 KiB of entries, and the header
    first = end - (16 << 20) // block
    subprocess.run(["fdisk", "-b", str(block), lun], input=f"g\nn\n1\n{first}\n{end - 1}\nw\n", text=True, check=True,
                   capture_output=True)
    with lun.open("r+b") as file:
        file.seek(first * block)
        file.write(volume(logs, block).read_bytes())
    target = tgtd().target().lun(lun, block=block)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=cd(grub_cd(logs, "hd0,gpt1")),
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} sector={sector} skip-san-boot=1")
    pc.expect(f"Total size\\s+{3 * TIB // 1024}KiB", 60)
    pc.expect("GRUB has read all", 60)


class Vast(Target):
    """As large as can be named. Its blocks are those of the image, then pseudorandom ones, until they are written."""

    def __init__(self, namespace, image, block):
        super().__init__(namespace, image)
        self.image_blocks = self.blocks * SECTOR // block
        self.block, self.blocks, self.written = block, 2**64 - 1, {}

    def one(self, lba):
        if lba in self.written:
            return self.written[lba]
        return super().read(lba, 1) if lba < self.image_blocks else random.Random(lba).randbytes(self.block)

    def read(self, lba, count):
        assert lba + count <= self.blocks
        return b"".join(self.one(at) for at in range(lba, lba + count))

    def write(self, lba, data):
        assert lba + len(data) // self.block <= self.blocks
        for at in range(0, len(data), self.block):
            self.written[lba + at // self.block] = bytes(data[at : at + self.block])


@pytest.mark.parametrize("block, size, unit", ((512, 2**64 - 1, "8191 EiB"), (4096, 2**64 - 8, "8191 EiB")))
def test_the_largest_disk(logs, net, machine, kernel, block, size, unit):
    """All but 2^64 blocks: both ends, the middle and sector 2^32 are read and written, and no number wraps. Of
    blocks of 4096 bytes no more sectors than 64 bits count are shown, and the screen says so."""
    disk = BootDisk(logs / "disk", "far", 1)
    with Vast(net, disk.path, block) as target:
        pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                     append=f"ip=192.0.2.77/24 root-path={target.root_path()} sector=512")
        report = run(pc)
        assert re.search(rf"^Disk .*, {unit}\b", pc.serial.text(), re.M)
        assert ("its end is out of reach" in pc.serial.text()) == (block > SECTOR)
        assert report.numbers("size") == [[size >> 32, size & 0xFFFFFFFF]]
        expected = [(0, *bootdisk.sums(disk.image[:FAR]))]
        for at in (2**32 - FAR // SECTOR // 2, size // 2, size - FAR // SECTOR):
            first, last = at * SECTOR // block, (at * SECTOR + FAR - 1) // block
            is_now = b"".join(target.written[lba] for lba in range(first, last + 1))
            was = b"".join(random.Random(lba).randbytes(block) for lba in range(first, last + 1))
            skip = at * SECTOR - first * block
            data, opposite = was[skip : skip + FAR], is_now[skip : skip + FAR]
            assert opposite == bytes(byte ^ 0xFF for byte in data)
            assert is_now[:skip] + is_now[skip + FAR :] == was[:skip] + was[skip + FAR :]
            expected += [(at, *bootdisk.sums(data)), (at, *bootdisk.sums(opposite))]
        assert [(high << 32 | low, *both) for high, low, *both in report.numbers("far")] == expected


@pytest.mark.parametrize("calls", (10, 13))
def test_power_cut(logs, net, tgtd, machine, wire, kernel, calls):
    """The power goes while a block is read, changed and written again, which takes 60 ms: no sector beside those
    that were to change is lost, and none is half of what it was."""
    server, disk = tgtd(), SoakDisk(logs / "disk")
    target = server.target().lun(disk.path, block=4096)
    pc = machine(namespace=net, wire=wire(rtt=30), kernel=kernel, extra=DEBUG_EXIT,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()}")
    Soak(pc, disk).calls(calls)
    pc.stop()
    server.stop()
    assert disk.check_whole()
