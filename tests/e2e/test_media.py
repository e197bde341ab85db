"""lunboot.img and the ISO as floppy, USB stick and hard disk; settings on them; a medium that breaks."""

import struct
import subprocess

import bootdisk
import pytest
from bootdisk import BootDisk, run

from rig.child import need
from rig.paths import BUILD, TOP

SECTOR = 512
FLOPPY = 2880 * SECTOR
BASE_MEMORY = 0x413  # KiB, what INT 12h answers


def usb(controller):
    return ("-device", f"{controller},id=usb", "-device", "usb-storage,bus=usb.0,drive=stick")


# Behind a drive "stick".
ATTACHED = {
    "floppy": ("-device", "floppy,drive=stick"),
    "uhci": usb("piix3-usb-uhci"),
    "ehci": usb("usb-ehci"),
    "xhci": usb("qemu-xhci"),
    "ide": ("-device", "ide-hd,drive=stick"),
}


def medium(image, attached):
    """QEMU's arguments."""
    return ("-drive", f"if=none,id=stick,format=raw,snapshot=on,file={image}", *ATTACHED[attached])


def base_memory(pc):
    (kib,) = struct.unpack("<H", pc.memory(BASE_MEMORY, 2))
    return kib


@pytest.fixture
def base_memory_before(machine):
    """base_memory_before(...): what a boot sector finds when there is no lunboot."""

    def find(**options):
        pc = machine(**options)
        pc.expect("^the second disk has booted", 30)
        kib = base_memory(pc)
        pc.stop()
        for log in (pc.serial.path, pc.e9.path):  # or the next machine's would be mistaken for them
            log.rename(log.with_suffix(".before"))
        return kib

    return find


@pytest.fixture
def second_floppy(second_disk):
    """The same in the size of a floppy."""
    image = second_disk.with_name("floppy.img")
    image.write_bytes(second_disk.read_bytes()[:FLOPPY])
    return image


def without_edd(image):
    """The boot sector asks for something that there is not, and gets the answer of an old BIOS."""
    asks = bytes.fromhex("b441bbaa55cd13")  # AH=41h, BX=55AAh, INT 13h
    assert image.count(asks) == 1
    return image.replace(asks, asks.replace(b"\x41", b"\x40"))


@pytest.mark.parametrize("name, attached, change", [
    ("lunboot.img", "floppy", bytes),
    ("lunboot.img", "uhci", bytes),
    ("lunboot.img", "ehci", bytes),
    ("lunboot.img", "xhci", bytes),
    ("lunboot.img", "ide", bytes),
    ("lunboot.img", "ide", without_edd),
    ("lunboot.iso", "ehci", bytes),
    ("lunboot.iso", "xhci", bytes),
])
def test_starts_from(logs, net, tgtd, dhcp, machine, second_floppy, base_memory_before, name, attached,
                     change):
    """The LUN is drive 80h, what lunboot came from is 81h when it is a hard disk, and 4 KiB are taken."""
    before = base_memory_before(extra=medium(second_floppy, attached))

    image = change((BUILD / name).read_bytes())
    (logs / "medium").write_bytes(image)
    disk = BootDisk(logs / "disk", "drives", 2, reads=10)
    dhcp(options={17: tgtd().target().lun(disk.path).root_path()})
    pc = machine(namespace=net, tap="tap0", extra=medium(logs / "medium", attached))
    report = run(pc, 60)
    assert len(report.check_reads(disk)) == 10
    first = list(bootdisk.sums(image[:SECTOR]))
    expected = [] if attached == "floppy" else [[0x81, 0, *first], [0x81, 1, *first]]
    assert report.numbers("local") == expected
    assert 0 < before - base_memory(pc) <= 4


def test_image_is_a_volume_and_a_disk():
    """What BIOSes look at to tell a floppy from a hard disk, and systems before they offer to format it."""
    image = (BUILD / "lunboot.img").read_bytes()
    assert len(image) == FLOPPY and image[510:512] == b"\x55\xaa"
    size, cluster, reserved, fats, root, total, media, fat, track, heads, hidden = (
        struct.unpack_from("<HBHBHHBHHHI", image, 11))
    assert (size, total, media, track, heads, hidden) == (SECTOR, 2880, 0xF0, 18, 2, 0)
    first_fat = reserved * SECTOR
    data = first_fat + (fats * fat + root * 32 // SECTOR) * SECTOR
    clusters = (FLOPPY - data) // SECTOR // cluster
    assert clusters < 4085 and (clusters + 2) * 3 // 2 <= fat * SECTOR, "FAT12"
    first, second = (image[first_fat + n * fat * SECTOR :][: fat * SECTOR] for n in range(fats))
    assert first == second and first.startswith(b"\xf0\xff\xff")
    status, *chs, start, length = struct.unpack_from("<B3BB3BII", image, 446)
    assert (status, start, length) == (0x80, 0, 2880)
    assert chs == [0, 1, 0, 1, 1, 18, 79]
    assert not any(image[462:510])


@pytest.mark.parametrize("volume", ["lunboot.img", "boot/esp.img"])
def test_volume_holds_the_programs_for_uefi(volume):
    """And nothing else."""
    need("mdir", "mtype")

    def mtools(tool, *arguments):
        return subprocess.run([tool, "-i", BUILD / volume, *arguments], check=True, stdout=subprocess.PIPE).stdout

    assert mtools("mdir", "-/", "-b").split() == [b"::/EFI/", b"::/EFI/BOOT/", b"::/EFI/BOOT/BOOTX64.EFI",
                                                  b"::/EFI/BOOT/BOOTIA32.EFI"]
    for name, program in ("BOOTX64", "efi64"), ("BOOTIA32", "efi32"):
        assert mtools("mtype", f"::/EFI/BOOT/{name}.EFI") == (BUILD / f"boot/{program}.efi").read_bytes()


def mkimg(*arguments):
    return subprocess.run([TOP / "tools/mkimg", *arguments], text=True, stderr=subprocess.PIPE)


def test_settings_on_the_image(logs, machine):
    """Any value arrives as it was given, and a second call replaces the first one's."""
    image = logs / "my.img"
    assert mkimg("-i", BUILD / "lunboot.img", "-o", image, "x" * 1000 + "=").returncode == 0
    assert mkimg("-i", image, "-o", image, "-a", "mtu=x gateway=y", 'ip=a;b"c\\d').returncode == 0
    pc = machine(extra=medium(image, "ide"))
    pc.expect("^E61 +mtu=x: ", 30)
    pc.expect("^E61 +gateway=y: ", 5)
    pc.expect(r'^E61 +ip=a;b"c\\d: ', 5)
    assert mkimg("-i", image, "-o", image).returncode == 0
    assert image.read_bytes() == (BUILD / "lunboot.img").read_bytes()


def test_settings_too_long(logs):
    done = mkimg("-i", BUILD / "lunboot.img", "-o", logs / "my.img", "x" * 1024 + "=")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not (logs / "my.img").exists()


def test_settings_without_room(logs, second_disk):
    done = mkimg("-i", second_disk, "-o", logs / "my.img", "mtu=1500")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize("name", ["lunboot.img", "lunboot.pxe"])
def test_settings_have_room(logs, name):
    assert mkimg("-i", BUILD / name, "-o", logs / name, "mtu=1500").returncode == 0
    old, new = ((directory / name).read_bytes() for directory in (BUILD, logs))
    text = b'lunboot settings"mtu=1500"\0'
    assert old.replace(text.replace(b'"mtu=1500"', bytes(10)), text) == new


def test_medium_that_can_not_be_read(logs, machine, second_floppy):
    """It says so, and the BIOS goes on to its next device."""
    broken = logs / "broken.img"
    broken.write_bytes((BUILD / "lunboot.img").read_bytes()[: 20 * SECTOR])
    pc = machine(disks=[broken], extra=medium(second_floppy, "floppy"))
    pc.expect("^the second disk has booted", 30)
    assert any(line.startswith("lunboot: its medium can't be read") for line in pc.screen())
