"""The least that a PC must have: lunboot runs with it, and says what is missing when there is less."""

import subprocess

import pytest
from bootdisk import DEBUG_EXIT, RANDOM, BootDisk, on_lun, run  # noqa: F401 (fixture)
from nics import rom_of
from test_media import medium

from rig.paths import BUILD, TOP
from rig.tgtd import Tgtd


def test_boots_a_pentium_with_16_mib(logs, on_lun):  # noqa: F811
    """Without CMOV, which CPUs have since the Pentium Pro."""
    disk = BootDisk(logs / "disk", "disktest", 2, RANDOM, reads=20)
    pc, _ = on_lun(disk, cpu="pentium", memory="16M")
    assert len(run(pc).check_reads(disk)) == 20


@pytest.mark.parametrize("memory", ["16M", "15M"])
def test_two_disks_on_two_targets(logs, stack, net, dhcp, machine, memory):
    """The least memory gives room for two. Each is copied to the other one, whole, by a boot of its own."""
    disk = BootDisk(logs / "disk", "copy", mib=8)
    empty = bytes(len(disk.image))
    disks, targets = [disk.path, logs / "disk2"], []
    disks[1].write_bytes(empty)
    for number, path in enumerate(disks, 1):
        (logs / f"tgtd{number}").mkdir()
        server = stack.enter_context(Tgtd(net, logs / f"tgtd{number}", port=3260 + number))
        targets.append(server.target(f"iqn.2026-01.org.lunboot:target{number}").lun(path))
    for first, second in (0, 1), (1, 0):
        disks[second].write_bytes(empty)
        with dhcp(options={17: targets[first].root_path(), "encap:175,233": targets[second].root_path()}):
            pc = machine(namespace=net, tap="tap0", rom=rom_of(), memory=memory, extra=DEBUG_EXIT)
            assert run(pc).numbers("drives") == [[2]]
            assert pc.wait(20) == 1
        assert disks[first].read_bytes() == disks[second].read_bytes() == disk.image


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
