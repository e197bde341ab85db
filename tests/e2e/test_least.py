"""The least that a PC must have: lunboot runs with it, and says what is missing when there is less."""

import subprocess

import pytest
from bootdisk import RANDOM, BootDisk, on_lun, run  # noqa: F401 (fixture)
from nics import rom_of
from test_media import medium

from rig.paths import BUILD, TOP


def test_boots_a_pentium_with_16_mib(logs, on_lun):  # noqa: F811
    """Without CMOV, which CPUs have since the Pentium Pro."""
    disk = BootDisk(logs / "disk", "disktest", 2, RANDOM, reads=20)
    pc, _ = on_lun(disk, cpu="pentium", memory="16M")
    assert len(run(pc).check_reads(disk)) == 20


@pytest.mark.parametrize("kind, lacks, said", [
    ("img", {"cpu": "486"}, "E82: .*; use a Pentium"),
    ("kernel", {"cpu": "486"}, "E82: .*; use a Pentium"),
    ("rom", {"memory": "14M"}, "E81: .*; give the machine at least 16 MiB"),
])
def test_says_what_is_missing(machine, kernel, second_disk, kind, lacks, said):
    """And goes on to the next boot device at a key."""
    start = {
        "img": {"extra": (*medium(BUILD / "lunboot.img", "floppy"), "-boot", "order=ac",
                          "-drive", f"if=ide,format=raw,snapshot=on,file={second_disk}")},
        "kernel": {"kernel": kernel, "disks": [second_disk]},
        "rom": {"extra": ("-device", f"e1000,romfile={rom_of()},bootindex=1"), "disks": [second_disk]},
    }
    pc = machine(**start[kind], **lacks)
    pc.expect(f"^{said}", 30)
    pc.expect("Press a key", 10)
    pc.key("ret")
    pc.expect("^the second disk has booted", 20)


def test_has_no_room_to_unpack(machine, second_disk):
    """Nothing of the kernel runs then."""
    pc = machine(disks=[second_disk], memory="8M", extra=(
        "-device", f"e1000,romfile={rom_of()},bootindex=1"))
    pc.expect("^the second disk has booted", 30)
    assert any(line.startswith("lunboot: needs 16 MiB") for line in pc.screen())


def test_says_that_there_is_no_conventional_memory(machine, logs):
    """Without a block there it can't call the BIOS, and so not go on."""
    sector = logs / "take-memory.img"
    subprocess.run(["nasm", "-f", "bin", "-o", sector, TOP / "tests/e2e/take-memory.asm"], check=True)
    sector.write_bytes(sector.read_bytes().ljust(1440 << 10, b"\0"))
    pc = machine(extra=(*medium(sector, "floppy"), "-boot", "order=ac",
                        "-drive", f"if=ide,format=raw,snapshot=on,file={BUILD / 'lunboot.img'}"))
    pc.expect("^E80: there is no conventional memory left; remove other ROMs", 30)
    assert any(line.startswith("E80: ") for line in pc.screen())
