"""The line of a long wait where the boot loader has set a graphics mode."""

import random
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from bootdisk import on_lun  # noqa: F401 (fixture)
from statusline import line

from rig.child import need
from rig.paths import TOP

MODULES = Path("/usr/lib/grub/i386-pc")
FONT = Path("/usr/share/grub/ascii.pf2")
VGA_BIOS = Path("/usr/share/seabios/vgabios-stdvga.bin")
LETTER_A = bytes.fromhex("000010386cc6c6fec6c6c6c600000000")  # in its font

CONFIG = """
serial --unit=0 --speed=115200
insmod {driver}
insmod gfxterm
insmod gfxterm_background
insmod tga
loadfont /boot/grub/ascii.pf2
set gfxmode={mode}
terminal_output gfxterm
background_image /boot/grub/picture.tga
terminal_output gfxterm serial
terminal_input console
echo "GRUB shows the picture"
read key
if hashsum --hash sha256 --prefix / --check /sums; then
    echo "GRUB has read all"
fi
sleep 1000
"""


def picture(width, height):
    """A TGA of any colors."""
    return struct.pack("<3B5x4H2B", 0, 0, 2, 0, 0, width, height, 24, 0x20) + random.Random(1).randbytes(
        3 * width * height)


@pytest.fixture
def grub_disk(logs):
    """grub_disk(driver, mode): a disk whose GRUB shows a picture, waits for a key, and reads a file."""
    need("grub-mkimage", "mke2fs", "sfdisk", *map(str, (FONT, MODULES, VGA_BIOS)))

    def make(driver, mode):
        grub = logs / "root/boot/grub"
        (grub / "i386-pc").mkdir(parents=True)
        for module in MODULES.glob("*.mod"):
            shutil.copy(module, grub / "i386-pc")
        shutil.copy(MODULES / "moddep.lst", grub / "i386-pc")
        shutil.copy(FONT, grub)
        (grub / "grub.cfg").write_text(CONFIG.format(driver=driver, mode=mode))
        (grub / "picture.tga").write_bytes(picture(*map(int, mode.split("x")[:2])))
        (logs / "root/data").write_bytes(random.Random(2).randbytes(4 << 20))
        sums = subprocess.run(["sha256sum", "data"], cwd=logs / "root", check=True, stdout=subprocess.PIPE)
        (logs / "root/sums").write_bytes(sums.stdout)
        subprocess.run([TOP / "tools/grub-disk", logs / "root", logs / "disk", "24", "graphics",
                        "6c756e62-6f6f-4000-8000-677261706869"], check=True)
        return SimpleNamespace(path=logs / "disk")

    return make


def text(rows):
    """The lowest row of text: what is black on white there, in the font of the VGA BIOS."""
    bios = VGA_BIOS.read_bytes()
    font = bios.index(LETTER_A) - ord("A") * len(LETTER_A)
    glyphs = {bios[font + 16 * c : font + 16 * c + 16]: chr(c) for c in range(32, 127)}

    def cell(x):
        return bytes(sum(128 >> i for i in range(8) if not row[3 * (x + i)]) for row in rows[-16:])

    if set(b"".join(row[: 79 * 8 * 3] for row in rows[-16:])) != {0, 255}:
        return ""
    return "".join(glyphs.get(cell(8 * i), "?") for i in range(79)).rstrip()


def settled(pc):
    """The picture, once GRUB has drawn it down to its last row."""
    deadline = time.monotonic() + 60
    rows = pc.picture()
    while not any(rows[-1]) or rows != pc.picture():
        assert time.monotonic() < deadline
        rows = pc.picture()
    return rows


def changed(before, rows):
    """The numbers of the rows that differ."""
    return {y for y, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new}


def wait_for_text(pc, pattern, timeout=60):
    """What the picture says in its last rows, once it does, and the picture."""
    deadline = time.monotonic() + timeout
    while True:
        rows = pc.picture()
        if re.fullmatch(pattern, text(rows)):
            return rows
        assert time.monotonic() < deadline, text(rows)
        time.sleep(0.05)


@pytest.mark.parametrize("driver, mode", [
    ("vbe", "1024x768x32"),
    ("video_bochs", "800x600x16"),
])
def test_line_in_a_picture(on_lun, grub_disk, driver, mode):
    """It is drawn over the picture, F1 works, and when the target is back the picture is as it was."""
    pc, lun = on_lun(grub_disk(driver, mode))
    pc.expect("^GRUB shows the picture", 60)
    before = settled(pc)
    height = int(mode.split("x")[1])
    lowest = set(range(height - 16, height))
    lun.tgtd.stop()
    pc.key("ret")
    rows = wait_for_text(pc, line("TCP_REFUSED") + r" +\d+ s, Esc gives up")
    assert changed(before, rows) == lowest
    beside = [[row[79 * 8 * 3 :] for row in picture[-16:]] for picture in (before, rows)]
    assert not changed(*beside)
    pc.key("f1")
    wait_for_text(pc, r"\w+ \d+, .*")
    lun.tgtd.start()
    pc.expect("^GRUB has read all", 60)
    assert not changed(before, pc.picture()) & lowest
