"""Bochs: the media under two BIOSes that QEMU does not have like that, and on processors old and new."""

import pytest
from bootdisk import RANDOM, BootDisk, run
from nics import rom_of

from rig.bochs import FIRMWARE, Bochs
from rig.paths import BUILD

MEDIA = {
    "rom": lambda: {"rom": rom_of(), "boot": "network"},
    "iso": lambda: {"iso": BUILD / "lunboot.iso", "boot": "cdrom"},
    "floppy": lambda: {"floppy": BUILD / "lunboot.img", "boot": "floppy"},
}


@pytest.fixture
def boots(logs, net, tgtd, dhcp, stack):
    """boots(medium, ...) boots a disk of ours in Bochs, with nothing in its log that is wrong; options are
    Bochs'."""

    def check(medium, **options):
        disk = BootDisk(logs / "disk", "disktest", 2, RANDOM, reads=20)
        target = tgtd().target().lun(disk.path)
        dhcp(options={17: target.root_path()})
        pc = stack.enter_context(Bochs(logs, net, "tap0", **MEDIA[medium](), **options))
        report = run(pc, 150)
        assert report.check_reads(disk)
        assert pc.wrong() == []

    return check


def test_rom_that_can_not_be_written(boots):
    """Bochs' BIOS keeps it write protected while it initialises it. And the CPU knows nothing newer than itself."""
    boots("rom", cpu="pentium")


# Of `bochs --help cpu`, by age.
CPUS = [
    "pentium", "pentium_mmx", "amd_k6_2_chomper", "p2_klamath", "p3_katmai", "p4_willamette", "core_duo_t2400_yonah",
    "atom_n270", "athlon64_clawhammer", "phenom_8650_toliman", "core2_penryn_t9600", "corei7_sandy_bridge_2600k",
    "zambezi", "ryzen", "corei7_skylake_x", "corei7_icelake_u", "tigerlake",
]


@pytest.mark.machines
@pytest.mark.parametrize("firmware", FIRMWARE)
@pytest.mark.parametrize("medium", MEDIA)
def test_medium(boots, medium, firmware):
    boots(medium, firmware=firmware)


@pytest.mark.machines
@pytest.mark.parametrize("cpu", CPUS)
def test_cpu(boots, cpu):
    boots("rom", firmware="seabios", cpu=cpu)
