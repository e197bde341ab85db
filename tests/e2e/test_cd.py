"""CDs by El Torito: a LUN that is a CD, and a disk LUN that holds the image of one."""

import random
import shutil
import struct
import subprocess

import bootdisk
import pytest
from bootdisk import DEBUG_EXIT, BootDisk, run
from rig.child import need
from rig.paths import TOP

CD_SECTOR = 2048
DESCRIPTOR, CATALOGUE, IMAGE = 17, 18, 20  # sectors
NO_EMULATION, FLOPPY_1440, HARD_DISK = 0, 2, 4
LUNS = {"cd": {"cd": True}, "disk": {}}


def descriptor():
    return b"\0CD001\1" + b"EL TORITO SPECIFICATION".ljust(64, b"\0") + struct.pack("<I", CATALOGUE)


def catalogue(media, image, count):
    """One for UEFI first, as it is not for us."""
    validation = bytearray(32)
    validation[0], validation[1], validation[30], validation[31] = 1, 0xEF, 0x55, 0xAA
    struct.pack_into("<H", validation, 28, -sum(struct.unpack("<16H", validation)) & 0xFFFF)
    uefi = struct.pack("<BBHBxHI20x", 0x88, 0, 0, 0, 1, IMAGE)
    section = struct.pack("<BBH28x", 0x91, 0, 1)
    return bytes(validation) + uefi + section + struct.pack("<BBHBxHI20x", 0x88, media, 0, 0, count, image)


def make_cd(path, media, disk):
    """A CD that disk's image is on."""
    start = random.Random(1).randbytes(IMAGE * CD_SECTOR)
    cd = bytearray(start + disk.image + bytes(-len(disk.image) % CD_SECTOR))
    for sector, record in ((DESCRIPTOR, descriptor()), (CATALOGUE, catalogue(media, IMAGE, 1))):
        cd[sector * CD_SECTOR : (sector + 1) * CD_SECTOR] = record.ljust(CD_SECTOR, b"\0")
    cd[510:512] = b"\0\0"  # no boot sector
    path.write_bytes(cd)


@pytest.fixture
def on_cd(net, tgtd, machine, kernel):
    """on_cd(image, kind) boots lunboot with the LUN of that kind, and gives the PC."""

    def start(image, kind, settings="", **options):
        target = tgtd().target().lun(image, **LUNS[kind])
        return machine(namespace=net, tap="tap0", kernel=kernel,
                       append=f"ip=192.0.2.77/24 root-path={target.root_path()} {settings}", **options)

    return start


@pytest.mark.parametrize("kind", LUNS)
def test_isolinux(logs, on_cd, second_disk, kind):
    """It asks for the drive by AX=4B01h, reads its modules and its configuration, and another boot sector."""
    need("xorriso", "/usr/lib/ISOLINUX/isolinux.bin", "/usr/lib/syslinux/modules/bios/ldlinux.c32")
    tree = logs / "tree"
    tree.mkdir()
    shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", tree)
    shutil.copy("/usr/lib/syslinux/modules/bios/ldlinux.c32", tree)
    (tree / "second.bin").write_bytes(second_disk.read_bytes()[:512])
    (tree / "isolinux.cfg").write_text("SERIAL 0\nDEFAULT second\nLABEL second\nBOOT second.bin\n")
    subprocess.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-o", logs / "cd.iso", "-b", "isolinux.bin",
         "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree], check=True)
    pc = on_cd(logs / "cd.iso", kind)
    pc.expect(r"^Booting  CD as drive e0h, ")
    pc.expect(r"^the second disk has booted$")


def test_grub(logs, on_cd):
    """Its image for CDs, on a CD that also has a boot sector for hard disks: as those of Debian."""
    need("grub-mkrescue", "xorriso")
    tree = logs / "tree/boot/grub"
    tree.mkdir(parents=True)
    (tree / "grub.cfg").write_text("serial\nterminal_output serial\necho GRUB is on $root\nsleep 60\n")
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", logs / "cd.iso", logs / "tree"],
                   check=True, capture_output=True)
    pc = on_cd(logs / "cd.iso", "cd")
    pc.expect(r"^Booting  CD as drive e0h, ")
    pc.expect(r"^GRUB is on hd96")


def check(pc, disk, drive):
    """The program has read its drive whole and right."""
    report = run(pc)
    assert report.numbers("handoff")[0][0] == drive
    reads = report.check_reads(disk)
    assert sum(count for _, _, count in reads) >= disk.sectors
    return report


@pytest.mark.parametrize("kind", LUNS)
def test_without_emulation(logs, on_cd, kind):
    """Each sector of 2048 bytes, from the CD's own boot image, which begins where the CD begins."""
    disk = BootDisk(logs / "disk", "disktest", 4, bootdisk.WHOLE | bootdisk.RANDOM | bootdisk.WITH_CD,
                    sector=CD_SECTOR)
    image = bytearray(disk.image)
    for sector, record in ((DESCRIPTOR, descriptor()), (CATALOGUE, catalogue(NO_EMULATION, 0, 4))):
        image[sector * CD_SECTOR : (sector + 1) * CD_SECTOR] = record.ljust(CD_SECTOR, b"\0")
    disk.image = bytes(image)
    disk.path.write_bytes(image)
    pc = on_cd(disk.path, kind, "boot=cd", extra=DEBUG_EXIT)
    report = check(pc, disk, 0xE0)
    assert not report.all("geometry")


def test_floppy(logs, on_cd, second_disk):
    """In place of the local one, which is B: then."""
    disk = BootDisk(logs / "disk", "disktest", 1.40625, bootdisk.WHOLE | bootdisk.RANDOM | bootdisk.WITH_CD)
    make_cd(logs / "cd", FLOPPY_1440, disk)
    local = ("-drive", f"if=floppy,format=raw,readonly=on,file={logs / 'floppy'}")
    (logs / "floppy").write_bytes(second_disk.read_bytes()[:1474560])
    pc = on_cd(logs / "cd", "disk", extra=(*DEBUG_EXIT, *local))
    report = check(pc, disk, 0)
    assert report.numbers("geometry") == [[80, 2, 18, 2]]


def test_hard_disk(logs, on_cd):
    """As drive 80h."""
    disk = BootDisk(logs / "disk", "disktest", 4, bootdisk.WHOLE | bootdisk.RANDOM | bootdisk.WITH_CD)
    make_cd(logs / "cd", HARD_DISK, disk)
    pc = on_cd(logs / "cd", "cd", extra=DEBUG_EXIT)
    check(pc, disk, 0x80)


def assembled(name, logs, **values):
    defines = [f"-D{value}={number}" for value, number in values.items()]
    subprocess.run(["nasm", "-f", "bin", *defines, "-o", logs / name, TOP / f"tests/e2e/{name}.asm"], check=True)
    return (logs / name).read_bytes()


def test_cd_beside_its_floppy(logs, on_cd):
    """As ELTORITO.SYS needs it, which DOS loads from there."""
    floppy = assembled("read-drives", logs, FIRST=0xE0, LAST=0xE1)
    cd = b"the CD, ".ljust(DESCRIPTOR * CD_SECTOR, b"\0")
    for record in (descriptor(), catalogue(FLOPPY_1440, IMAGE, 1), b"", floppy, bytes(1 << 20)):
        cd += record.ljust(CD_SECTOR, b"\0")
    (logs / "cd").write_bytes(cd)
    pc = on_cd(logs / "cd", "cd")
    pc.e9.expect("^the CD, nothing 0$", 60)


def test_local_cd_keeps_its_number(net, tgtd, machine, kernel, logs):
    """A CD that the BIOS does not count has the number that its one hard disk would move up to."""
    rom = bytearray(assembled("local-cd", logs))
    rom[-1] = -sum(rom) & 0xFF
    (logs / "cd.rom").write_bytes(rom)
    (logs / "lun").write_bytes(assembled("read-drives", logs, FIRST=0x81, LAST=0x83).ljust(1 << 20, b"\0"))
    (logs / "local").write_bytes(b"a disk, ".ljust(1 << 20, b"\0"))
    target = tgtd().target().lun(logs / "lun")
    pc = machine(namespace=net, tap="tap0", kernel=kernel, disks=[logs / "local"],
                 extra=("-option-rom", str(logs / "cd.rom")),
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()}")
    pc.expect("^Booting  drive 80h, ", 60)
    pc.e9.expect("^the CD, a disk, nothing 3$", 60)


@pytest.mark.parametrize("kept", [False, True])
def test_without_boot_image(logs, on_cd, second_disk, kept):
    (logs / "cd").write_bytes(bytes(1 << 20))
    pc = on_cd(logs / "cd", "cd", f"keep-san={kept:d}", disks=[second_disk])
    if kept:
        pc.expect(r"^Keeping  CD as drive e0h, ")
        pc.expect(r"^ +the CD has no boot image for a PC \(El Torito\): on to the next boot device$")
        pc.expect(r"^the second disk has booted$")
    else:
        pc.expect(r"^E72: the CD has no boot image for a PC \(El Torito\)$")
