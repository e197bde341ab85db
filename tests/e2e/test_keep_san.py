"""keep-san and skip-san-boot: the BIOS goes on to its next boot device, and the LUN stays a disk. And
what stays when it is not to be kept: nothing."""

import re
import subprocess

import pytest
from bootdisk import DEBUG_EXIT, PROGRAMS, BootDisk, installer_cd, run
from rig.child import need
from rig.paths import BUILD
from test_failures import error
from test_memory import Memory

SECTORS = 2048
# A NIC of ours; and one which only its PXE ROM has a driver for, and that the BIOS does not boot before others.
NICS = {"e1000": {"tap": "tap0", "extra": DEBUG_EXIT},
        "undi": {"extra": ("-netdev", "tap,id=net0,ifname=tap0,script=no,downscript=no",
                           "-device", "rtl8139,netdev=net0", *DEBUG_EXIT)}}
SIGNATURE = b"\x55\xaa"


@pytest.fixture
def lun(logs):
    """An image without a boot sector."""
    image = logs / "lun.img"
    image.write_bytes(b"MINE" + bytes(SECTORS * 512 - 4))
    return image


@pytest.fixture
def empty_label(lun):
    """An image with a partition table that has no boot code."""
    lun.write_bytes(bytes(510) + SIGNATURE + bytes((SECTORS - 1) * 512))
    return lun


def cd(image):
    """QEMU's arguments for one more CD that the BIOS may boot."""
    return ("-drive", f"if=none,id=second,media=cdrom,readonly=on,format=raw,file={image}",
            "-device", "ide-cd,drive=second,bus=ide.1,unit=1,bootindex=9")


@pytest.fixture(name="installer_cd")
def make_installer_cd(logs):
    return installer_cd(logs)


@pytest.fixture
def grub_cd(logs):
    """GRUB that looks at the first hard disk."""
    need("grub-mkrescue", "xorriso")
    (logs / "grub/boot/grub").mkdir(parents=True)
    (logs / "grub/boot/grub/grub.cfg").write_text(
        "insmod serial\nserial --unit=0 --speed=115200\nterminal_output serial\n"
        "echo GRUB is here\nls (hd0)\necho GRUB is done\nsleep 1000\n")
    subprocess.run(
        ["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", logs / "grub.iso", "--fonts=",
         "--locales=", "--themes=", logs / "grub"], check=True, capture_output=True)
    return logs / "grub.iso"


def test_installer_writes_to_the_empty_lun(net, tgtd, dhcp, machine, kernel, lun, logs,
                                           installer_cd):
    """keep-san from DHCP; then, without the CD, the LUN boots."""
    target = tgtd().target().lun(lun)
    dhcp(options={17: target.root_path(), "encap:175,8": "1b"})
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=(*cd(installer_cd), *DEBUG_EXIT))
    report = run(pc, 60)
    said = pc.serial.text()
    assert "Keeping  drive 80h" in said and "Press a key" not in said
    assert report.numbers("drives") == [[1]]
    assert report.numbers("sectors") == [[SECTORS]]
    assert report.numbers("first") == [[int.from_bytes(b"MINE", "little")]]
    ((base,),), ((ibft,),) = report.numbers("base"), report.numbers("ibft")
    assert base * 1024 <= ibft < 0xA0000
    assert pc.wait(20) == 1
    image = lun.read_bytes()
    assert image[510:512] == SIGNATURE and b"@ installed" in image[:512]
    assert image[512:] == bytes(len(image) - 512)

    (logs / "e9.log").rename(logs / "e9-installer.log")
    (logs / "serial.log").rename(logs / "serial-installer.log")
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT)
    assert ["installed"] in run(pc, 60).lines


def test_grub_from_cd_sees_the_empty_lun(net, tgtd, machine, kernel, empty_label, grub_cd):
    """keep-san as a setting."""
    target = tgtd().target().lun(empty_label)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=cd(grub_cd),
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} keep-san=1")
    pc.expect("GRUB is here", 60)
    pc.expect(r"hd0: [^:]*Total size\s+1024KiB", 20)
    pc.expect("GRUB is done", 20)
    assert target.sessions() == 1


@pytest.mark.parametrize("keep", ["", "keep-san=1"])
def test_skipped_lun_is_not_booted(net, tgtd, machine, kernel, lun, installer_cd, keep):
    """skip-san-boot: the LUN has a boot sector."""
    lun.write_bytes(lun.read_bytes()[:510] + SIGNATURE + bytes(SECTORS * 512 - 512))
    target = tgtd().target().lun(lun)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=(*cd(installer_cd), *DEBUG_EXIT),
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} skip-san-boot=1 {keep}")
    report = run(pc, 60)
    assert report.numbers("sectors") == [[SECTORS]]
    assert "Press a key" not in pc.serial.text()
    assert b"@ installed" in lun.read_bytes()[:512]


def test_bootable_lun_is_booted_and_kept(net, tgtd, machine, kernel, lun, installer_cd):
    """keep-san, and a boot sector that gives up by INT 18h: the CD boots, and finds the disk."""
    gives_up = b"\xcd\x18" + bytes(508) + SIGNATURE
    lun.write_bytes(gives_up + bytes((SECTORS - 1) * 512))
    target = tgtd().target().lun(lun)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=(*cd(installer_cd), *DEBUG_EXIT),
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} keep-san=1")
    report = run(pc, 60)
    assert "Booting  drive 80h" in pc.serial.text()
    assert report.numbers("first") == [[0x18CD]]
    assert b"@ installed" in lun.read_bytes()[:512]


@pytest.mark.parametrize("keep", ["keep-san=1 drive=81", "keep-san=last"])
def test_kept_behind_the_local_disk(net, tgtd, machine, kernel, lun, second_disk, keep):
    """As drive 81h it does not stand between the BIOS and its own hard disk."""
    target = tgtd().target().lun(lun)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, disks=[second_disk],
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} {keep}")
    pc.expect("^Keeping  drive 81h", 60)
    pc.expect("the second disk has booted", 30)
    assert target.sessions() == 1


@pytest.mark.parametrize("nic", NICS.values(), ids=NICS)
def test_second_lunboot_ends_the_first(net, tgtd, machine, kernel, lun, nic):
    """The LUN's boot sector gives up by INT 19h, and the BIOS comes back to lunboot, which takes no more memory."""
    lun.write_bytes((PROGRAMS / "again.bin").read_bytes() + bytes((SECTORS - 1) * 512))
    target = tgtd().target().lun(lun)
    pc = machine(namespace=net, kernel=kernel, **nic,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()}")
    report = run(pc, 60)
    assert len(report.all("base")) == 2
    assert report.all("base")[0] == report.all("base")[1]
    assert report.numbers("drives") == [[1], [1]]
    booting = re.findall("^Booting.*$", pc.serial.text(), re.M)
    assert len(booting) == 2 and booting[0] == booting[1]


@pytest.mark.slow
def test_second_nics_rom_leaves_the_first_alone(net, tgtd, dhcp, machine, lun, installer_cd):
    """Two NICs with a ROM each: the first one's keeps the disk, the second one's has no link."""
    target = tgtd().target().lun(lun)
    dhcp(options={17: target.root_path(), "encap:175,8": "1b"})
    rom = BUILD / "lunboot-8086100e.rom"
    pc = machine(namespace=net, tap="tap0", rom=rom, extra=(
        "-S", "-netdev", "hubport,id=other,hubid=0", "-device",
        f"e1000,id=nic1,netdev=other,romfile={rom},bootindex=2", *cd(installer_cd), *DEBUG_EXIT))
    pc.qmp("set_link", name="nic1", up=False)
    pc.qmp("cont")
    pc.expect("^Keeping  drive 80h", 60)
    pc.expect("Waiting for the link: ", 60)
    pc.key("x")
    pc.expect(rf"^E{error('NIC_NO_LINK')[0]}: ", 30)
    report = run(pc, 60)
    assert report.numbers("sectors") == [[SECTORS]]
    assert b"@ installed" in lun.read_bytes()[:512]


def test_boot_sector_that_comes_later(net, tgtd, machine, kernel, lun):
    """The session has been closed in order when the key is offered, and is opened again."""
    target = tgtd().target().lun(lun)
    pc = machine(namespace=net, tap="tap0", kernel=kernel,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()}")
    pc.expect(rf"^E{error('NO_BOOT_SECTOR')[0]}: ", 60)
    pc.expect("Press a key", 5)
    assert target.sessions() == 0
    with open(lun, "r+b") as image:
        image.seek(510)
        image.write(SIGNATURE)
    pc.key("ret")
    pc.expect("^Booting", 30)
    assert target.sessions() == 1


@pytest.mark.parametrize("nic", NICS.values(), ids=NICS)
def test_nothing_stays_of_a_lun_that_is_not_kept(net, tgtd, machine, kernel, lun, logs, nic):
    """Without keep-san the next device has all memory, and the target no session."""
    disk = BootDisk(logs / "disk", "memory", 2, reads=5)
    same = {"namespace": net, "disks": [disk.path], **nic}
    local = machine(**same)
    before = Memory(run(local))
    local.stop()
    (logs / "e9.log").rename(logs / "e9-local.log")
    (logs / "serial.log").rename(logs / "serial-local.log")

    target = tgtd().target().lun(lun)
    pc = machine(kernel=kernel, **same,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path()} keep-san=0")
    pc.expect(rf"^E{error('NO_BOOT_SECTOR')[0]}: ", 60)
    after = Memory(run(pc, 60))
    assert target.sessions() == 0
    assert (after.int12, after.drives) == (before.int12, before.drives)
    assert after.maps == before.maps and after.int15 == before.int15
