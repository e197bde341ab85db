"""The guests: how each is made of Debian's packages, and what it says once it runs.

A recipe gets an empty directory and makes the image of a disk or of a CD in it. What a guest says is looked for on the
serial line and on the VGA text screen; it comes after all that the guest reads by INT 13h.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import images
from images import GRUB, SYSLINUX, fat, iso, plant, second_sector
from packages import package
from rig.child import need, skip_or_fail
from rig.paths import TOP

SECOND = "the second disk has booted"
SERIAL = "serial\nterminal_output serial\n"


@dataclass
class Guest:
    make: Callable
    says: str  # a regular expression
    on: tuple = ("disk",)  # what its image is for: disk, cd, or both
    quick: bool = False  # in `make test`, too
    not_by: tuple = ()  # by what ways it is not to be had, seen and recorded: "iPXE, cd"


GUESTS = {}


def guest(name, says, **options):
    def register(make):
        GUESTS[name] = Guest(make, says, **options)
        return make

    return register


# SYSLINUX and its kin: they read their modules, their configuration and what they boot by INT 13h alone.

ISOLINUX = Path("/usr/lib/ISOLINUX")
LDLINUX = SYSLINUX / "modules/bios/ldlinux.c32"
BOOT_SECOND = "SERIAL 0\nDEFAULT second\nLABEL second\nBOOT second.bin\n"
BOOT_FLOPPY = "SERIAL 0\nDEFAULT floppy\nLABEL floppy\nLINUX memdisk\nINITRD floppy.img\n"


def syslinux_disk(d, files):
    need("syslinux", "/usr/lib/SYSLINUX/mbr.bin", LDLINUX)
    disk = fat(d / "disk", {"ldlinux.c32": LDLINUX, **files})
    images.tool("syslinux", "--install", "--offset", images.FIRST * images.SECTOR, disk)
    images.boot_code(disk, "/usr/lib/SYSLINUX/mbr.bin")
    return disk


@guest("SYSLINUX", SECOND, quick=True)
def syslinux(d):
    return syslinux_disk(d, {"syslinux.cfg": BOOT_SECOND, "second.bin": second_sector(d)})


@guest("EXTLINUX", SECOND)
def extlinux(d):
    """On ext2. Its installer wants the file system mounted, which takes root and a loop device."""
    need("mke2fs", "unshare", LDLINUX)
    files = package("extlinux") / "usr"
    if os.geteuid():
        skip_or_fail("extlinux can be installed by root alone")
    tree = plant(d / "tree", {"ldlinux.c32": LDLINUX, "extlinux.conf": BOOT_SECOND, "second.bin": second_sector(d)})
    disk, start = d / "disk", images.FIRST * images.SECTOR
    images.empty_disk(disk, f"label: dos\nstart={images.FIRST}, type=83, bootable\n", 8)
    images.tool("mke2fs", "-q", "-t", "ext2", "-E", f"offset={start}", "-d", tree, disk, "7000k")
    (d / "mounted").mkdir()
    # In a mount namespace of its own: what is mounted there goes with it.
    images.tool("unshare", "-m", "sh", "-ec", 'mount -o loop,offset="$1" "$2" "$3" && "$4" --install "$3"', "sh",
                start, disk, d / "mounted", files / "bin/extlinux")
    images.boot_code(disk, files / "lib/EXTLINUX/mbr.bin")
    return disk


@guest("memdisk", SECOND)
def memdisk(d):
    """A floppy's image in memory, with an INT 13h of its own before ours."""
    need(SYSLINUX / "memdisk")
    floppy = second_sector(d).ljust(1440 * 1024, b"\0")
    files = {"syslinux.cfg": BOOT_FLOPPY, "memdisk": SYSLINUX / "memdisk", "floppy.img": floppy}
    return syslinux_disk(d, files)


def isolinux_cd(d, cfg, files):
    """With a boot sector for hard disks before the CD's own: as a disk, and as a CD."""
    need(ISOLINUX / "isolinux.bin", ISOLINUX / "isohdpfx.bin", LDLINUX)
    own = {"isolinux.bin": ISOLINUX / "isolinux.bin", "ldlinux.c32": LDLINUX, "isolinux.cfg": cfg}
    tree = plant(d / "tree", {**own, **files})
    return iso(d / "cd.iso", tree, "-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4",
               "-boot-info-table", "-isohybrid-mbr", ISOLINUX / "isohdpfx.bin")


@guest("ISOLINUX", SECOND, on=("disk", "cd"))
def isolinux(d):
    return isolinux_cd(d, BOOT_SECOND, {"second.bin": second_sector(d)})


def installer_files():
    """The directory with its `linux` and `initrd.gz`."""
    images_of = package("debian-installer-12-netboot-amd64") / "usr/lib/debian-installer/images"
    return images_of / "12/amd64/text/debian-installer/amd64"


def installer_cd(d, *settings):
    files = installer_files()
    cfg = ("SERIAL 0\nDEFAULT d-i\nLABEL d-i\nLINUX linux\nINITRD initrd.gz\n"
           f"APPEND {' '.join(('console=ttyS0 DEBIAN_FRONTEND=text', *settings))}\n")
    return isolinux_cd(d, cfg, {name: files / name for name in ("linux", "initrd.gz")})


@guest("Debian's installer", "Select a language|low memory", on=("disk", "cd"))
def installer(d):
    """Its Linux and its initrd, 40 MiB, as on its own CD; what it says first on a serial console."""
    return installer_cd(d)


@guest("mbr", SECOND)
def mbr(d):
    """The boot sector of that package passes on to the active partition's."""
    disk = fat(d / "disk", {})
    images.write_at(disk, images.FIRST * images.SECTOR, second_sector(d))
    images.tool(package("mbr") / "sbin/install-mbr", "--force", disk)
    return disk


# GRUB 2: where its core image can lie, and what it can start.

CHECK = SERIAL + "if hashsum --hash sha256 --prefix / --check /sums; then echo GRUB has read all; fi\nsleep 60\n"


def some_files(d):
    """Files of 4 MiB in all, no two sectors the same, their sums, and a configuration that checks them."""
    data = "".join(f"{n:15}\n" for n in range(4 << 16)).encode()
    return {"data": data, "sums": f"{hashlib.sha256(data).hexdigest()}  data\n", "boot/grub/grub.cfg": CHECK}


@guest("GRUB 2, MBR", "GRUB has read all", quick=True)
def grub_mbr(d):
    disk = fat(d / "disk", some_files(d), 16)
    images.grub_core(disk, 1, "(hd0,msdos1)/boot/grub")
    return disk


@guest("GRUB 2, GPT", "GRUB has read all")
def grub_gpt(d):
    """Its core image in a partition of its own."""
    disk = fat(d / "disk", some_files(d), 16)
    core = disk.stat().st_size // images.SECTOR
    with open(disk, "ab") as file:
        file.truncate(disk.stat().st_size + 2 * images.MIB)
    table = (f"label: gpt\nstart={images.FIRST}, size={core - images.FIRST}, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n"
             f"start={core}, size=2048, type=21686148-6449-6E6F-744E-656564454649\n")
    images.tool("sfdisk", "-q", "--wipe", "never", disk, input=table.encode())
    images.grub_core(disk, core, "(hd0,gpt1)/boot/grub")
    return disk


def grub_rescue(d, files, cfg):
    """grub-mkrescue's image, for CDs and for disks."""
    need("grub-mkrescue", "xorriso", "mformat")
    tree = plant(d / "tree", {**files, "boot/grub/grub.cfg": cfg})
    images.tool("grub-mkrescue", "-d", GRUB, "-o", d / "cd.iso", tree)
    return d / "cd.iso"


@guest("GRUB 2, rescue image", "GRUB is on hd(0|96)", on=("disk", "cd"), quick=True)
def grub_image(d):
    return grub_rescue(d, {}, SERIAL + "echo GRUB is on $root\nsleep 60\n")


@guest("memtest86+", r"Memtest86\+ v6")
def memtest(d):
    file = Path("/boot/memtest86+x64.bin")
    need(file)
    return grub_rescue(d, {"memtest": file}, SERIAL + "linux /memtest console=ttyS0,115200\nboot\n")


@guest("memtest86+'s ISO", r"Memtest86\+ v6", on=("disk", "cd"), not_by=("iPXE, disk", "iPXE, cd"))
def memtest_iso(_):
    """iPXE finds its boot sector "not supported" (3c852003)."""
    file = Path("/usr/lib/memtest86+/memtest86+x64.iso")
    need(file)
    return file


@guest("Xen", r"Xen version 4\.17")
def xen(d):
    file = package("xen-hypervisor-4.17-amd64") / "boot/xen-4.17-amd64.gz"
    return grub_rescue(d, {"xen": file}, SERIAL + "multiboot2 /xen com1=115200,8n1 console=com1 noreboot\nboot\n")


@guest("GNU Mach", r"GNU Mach 1\.8")
def mach(d):
    file = package("gnumach-image-1.8-486") / "boot/gnumach-1.8-486.gz"
    return grub_rescue(d, {"mach": file}, SERIAL + "multiboot /mach console=com0\nboot\n")


@guest("iPXE's ISO", "(?s)ISOLINUX.*iPXE initialising devices", on=("disk", "cd"))
def ipxe_iso(_):
    """A boot loader that takes the NIC from us."""
    return package("ipxe") / "usr/lib/ipxe/ipxe.iso"


@guest("iPXE by GRUB 2", "(?s)started by GRUB.*iPXE initialising devices")
def ipxe_lkrn(d):
    file = package("ipxe") / "boot/ipxe.lkrn"
    return grub_rescue(d, {"ipxe": file}, "echo started by GRUB\nlinux16 /ipxe\nboot\n")


@guest("GRUB legacy", SECOND)
def grub_legacy(d):
    """Stage 1.5 behind the MBR reads FAT, stage 2 its menu; then another boot sector."""
    need("qemu-i386")
    grub, libc = package("grub-legacy"), package("libc6-i386") / "lib32"
    stages = grub / "usr/lib/grub/x86_64-pc"
    menu = "serial --unit=0\nterminal serial\ndefault 0\ntimeout 0\ntitle second\nroot (hd0,0)\nchainloader /second.bin\n"
    files = {f"boot/grub/{name}": stages / name for name in ("stage1", "stage2", "fat_stage1_5")}
    disk = fat(d / "disk", {**files, "boot/grub/menu.lst": menu, "second.bin": second_sector(d)})
    commands = f"device (hd0) {disk}\nroot (hd0,0)\nsetup (hd0)\nquit\n"
    # A 32-bit program, which not every kernel runs.
    images.tool("qemu-i386", libc / "ld-linux.so.2", "--library-path", libc, grub / "usr/sbin/grub", "--batch",
                "--no-floppy", "--device-map=/dev/null", input=commands.encode())
    return disk


@guest("lunboot's demo disk", "GRUB menu reached")
def demo(d):
    need("grub-mkimage", "mke2fs", "sfdisk", "/boot/memtest86+x64.bin")
    images.tool(TOP / "tools/demo-disk", d / "disk")
    return d / "disk"
