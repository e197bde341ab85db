"""The option ROM: its headers, and booting by it alone."""

import re
import shutil
import struct
import subprocess
import time

import pytest
from bootdisk import DEBUG_EXIT, WHOLE, WRITE, BootDisk, on_local_disk, run  # noqa: F401 (fixture)
from nics import NICS, rom_of
from test_debian import check_report
from test_memory import Memory

from rig.child import need
from rig.paths import BUILD, TOP

BIOS = "/usr/share/seabios/bios-256k.bin"
DEMO = "lunboot demo disk: GRUB menu reached"
RESIDENT = 2048
OPTION_ROMS, OPTION_ROMS_END = 0xC0000, 0xF0000

# PCI devices that VMware, VirtualBox and real machines are known to have.
EXPECTED = {"1004", "1008", "1010", "1076", "1026", "1079", "107c"}


def all_roms():
    return sorted(BUILD.glob("lunboot-*.rom"))


def lines():
    """The lines of kernel/drv/nics.def: (vendor, device, driver)."""
    text = (TOP / "kernel/drv/nics.def").read_text()
    found = re.findall(r"^NIC\(0x(\w{4}), 0x(\w{4}), (\w+), ", text, re.M)
    return [(int(vendor, 16), int(device, 16), driver) for vendor, device, driver in found]


def word(data, offset):
    return struct.unpack_from("<H", data, offset)[0]


def text(data, offset):
    return data[offset : data.index(b"\0", offset)].decode("ascii")


def test_one_for_each_nic():
    assert EXPECTED <= {path.stem[-4:] for path in all_roms()}
    assert {f"lunboot-{ids}.rom" for ids in NICS.values()} <= {path.name for path in all_roms()}
    names = [f"lunboot-{vendor:04x}{device:04x}.rom" for vendor, device, _ in lines()]
    assert sorted(names) == [path.name for path in all_roms()]


def test_holds_its_own_driver_alone():
    """The table of the devices that it drives tells. The other media have all."""
    drivers = {driver for _, _, driver in lines()}
    assert "e1000" in drivers
    for driver in [*drivers, None]:
        image = (BUILD / (driver or "") / "boot/image.bin").read_bytes()
        for vendor, device, own in lines():
            assert (struct.pack("<HH", vendor, device) in image) == (driver in (own, None))


def test_headers():
    for path in all_roms():
        rom = path.read_bytes()
        assert rom[:2] == b"\x55\xaa" and rom[3] == 0xE9
        assert len(rom) <= 57344 and len(rom) % 4096 == 0, "VirtualBox would not take it"
        image = rom[: rom[2] * 512]
        assert sum(image) & 0xFF == 0 and not any(rom[len(image) :])

        pcir = word(rom, 0x18)
        assert pcir % 4 == 0
        signature, vendor, device, devices, length, revision, *klass, size, _, kind, last, most = (
            struct.unpack_from("<4s4HB3B2H2BH", rom, pcir)
        )
        assert signature == b"PCIR" and (length, revision) == (28, 3) and devices == 0
        assert f"{vendor:04x}{device:04x}" == path.stem[-8:]
        assert klass == [0, 0, 2] and (kind, last) == (0, 0x80)
        assert size == most == rom[2]

        pnp = word(rom, 0x1A)
        assert pnp % 16 == 0 and rom[pnp : pnp + 6] == b"$PnP\1\2"
        assert sum(rom[pnp : pnp + 32]) & 0xFF == 0
        assert word(rom, pnp + 6) == 0, "one header, one line in the boot menu"
        assert rom[pnp + 18 : pnp + 21] == b"\0\0\2"
        assert rom[pnp + 21] & 4, "a boot device"
        assert word(rom, pnp + 22) == word(rom, pnp + 24) == 0
        assert 0 < word(rom, pnp + 26) < RESIDENT
        assert text(rom, word(rom, pnp + 14)) == "lunboot"
        assert text(rom, word(rom, pnp + 16)) == "lunboot 0.1"


@pytest.fixture
def no_pmm(logs):
    """SeaBIOS, but nobody finds its PMM."""
    need(BIOS)
    firmware = open(BIOS, "rb").read()
    assert firmware.count(b"$PMM")
    path = logs / "no-pmm.bin"
    path.write_bytes(firmware.replace(b"$PMM", b"$XMM"))
    return path


@pytest.fixture
def on_rom(net, tgtd, dhcp, machine):
    """on_rom(disk) starts a PC with nothing but a NIC and its ROM; the disk is the LUN that DHCP
    names. Options are Qemu's."""

    def start(disk, nic="e1000", **options):
        target = tgtd().target().lun(disk)
        dhcp(options={17: target.root_path()}, first="192.0.2.100", last="192.0.2.100")
        pc = machine(namespace=net, tap="tap0", nic=nic, rom=rom_of(nic), **options)
        return pc, target

    return start


def roms_in_memory(pc):
    """What the machine has of ours as option ROMs: {address: image}."""
    memory = pc.memory(OPTION_ROMS, OPTION_ROMS_END - OPTION_ROMS)
    found = {}
    for at in range(0, len(memory), 2048):
        image = memory[at : at + memory[at + 2] * 512]
        if image[:2] == b"\x55\xaa" and b"lunboot 0.1" in image[:RESIDENT]:
            found[OPTION_ROMS + at] = image
    return found


@pytest.mark.parametrize("nic", NICS)
def test_boots(on_rom, demo_disk, nic):
    pc, _ = on_rom(demo_disk, nic)
    pc.expect(DEMO, 60)
    ((_, image),) = roms_in_memory(pc).items()
    assert len(image) == RESIDENT and sum(image) & 0xFF == 0
    assert image[word(image, 0x18) + 16] * 512 == RESIDENT


@pytest.mark.parametrize("nic", NICS)
def test_reads_and_writes(on_rom, logs, nic):
    """All of a disk, as it is."""
    disk = BootDisk(logs / "disk", "disktest", 4, WHOLE | WRITE)
    pc, _ = on_rom(disk.path, nic, extra=DEBUG_EXIT)
    run(pc).check_reads(disk)
    assert re.search(r"^Link     (up|10*00 Mb/s, full duplex)$", pc.serial.text(), re.M)
    assert disk.path.read_bytes() == disk.written()


# The others take their turns in test_debian.py.
NOT_LONG = ("e1000",)


@pytest.mark.slow
@pytest.mark.parametrize("nic", [
    pytest.param(nic, marks=() if nic in NOT_LONG else pytest.mark.machines)
    for nic in NICS])
def test_debian(on_rom, debian_disk, nic):
    pc, target = on_rom(debian_disk, nic, memory="512M")
    check_report(pc, target, "192.0.2.100")


def test_without_pmm(on_rom, demo_disk, no_pmm):
    pc, _ = on_rom(demo_disk, extra=("-bios", no_pmm))
    pc.expect(DEMO, 60)
    ((_, image),) = roms_in_memory(pc).items()
    assert len(image) > RESIDENT and sum(image) & 0xFF == 0
    assert image[RESIDENT:] == rom_of().read_bytes()[RESIDENT : len(image)]


@pytest.mark.slow  # an interpreting KVM takes most of a minute to unpack
def test_kvm(on_rom, logs):
    disk = BootDisk(logs / "disk", "memory", 2, reads=5)
    pc, _ = on_rom(disk.path, accel="kvm", extra=DEBUG_EXIT)
    run(pc)


@pytest.mark.parametrize("pmm", [True, False])
@pytest.mark.parametrize("boot", [0, 1])
def test_two_nics(net, tgtd, dhcp, machine, demo_disk, no_pmm, boot, pmm):
    """Two NICs, each with its ROM. The chosen one boots through its own: the other has no server."""
    net.add_tap("tap1", "198.51.100.1/24")
    target = tgtd().target().lun(demo_disk)
    dhcp(options={17: target.root_path()})
    taps = ["tap0", "tap1"] if boot == 0 else ["tap1", "tap0"]
    extra = [] if pmm else ["-bios", no_pmm]
    for index, tap in enumerate(taps):
        extra += [
            "-netdev", f"tap,id=n{index},ifname={tap},script=no,downscript=no",
            "-device", f"e1000,addr={5 + index},netdev=n{index},mac=52:54:00:00:00:0{index},"
            f"romfile={rom_of()},bootindex={1 if index == boot else 2}",
        ]
    pc = machine(namespace=net, extra=extra)
    pc.expect(rf"^NIC .* at 00:0{5 + boot}\.0, MAC 52:54:00:00:00:0{boot}", 30)
    pc.expect(DEMO, 60)
    assert len(roms_in_memory(pc)) == 2


@pytest.mark.parametrize("nics", [1, 2])
def test_boot_menu(machine, nics):
    """The BIOS's boot menu has a line for each, with its PCI address."""
    extra = ["-boot", "menu=on"]
    for index in range(nics):
        extra += ["-device", f"e1000,addr={3 + index},romfile={rom_of()}"]
    pc = machine(extra=extra)
    names = [f"lunboot 0.1 (PCI 00:0{3 + index}.0)" for index in range(nics)]
    deadline = time.monotonic() + 30
    shown = []
    while len(shown) < nics and time.monotonic() < deadline:
        screen = "\n".join(pc.screen())
        if "ESC" in screen and "Select boot device" not in screen:
            pc.key("esc")
        menu = screen.split("Select boot device")[1:]
        shown = [name for name in names if menu and name in menu[0]]
        time.sleep(0.05)
    assert shown == names, screen


LITTER = """
bits 16
org 7c00h
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov si, text
    mov di, 0ffffh
    movsb
    mov ax, 1000h
    mov es, ax
    xor di, di
    mov cx, end - text - 1
    rep movsb
    int 18h
text: db "timeout=litter", 0
end:
    times 510 - ($ - $$) db 0
    dw 0aa55h
"""


def test_nic_that_the_bios_does_not_tell(machine, logs):
    """Given to the BIOS as a file, as VirtualBox does it: it boots, and takes nothing that lies about,
    here at FFFFh, for settings."""
    need("nasm")
    (logs / "litter.asm").write_text(LITTER)
    disk = logs / "litter.img"
    subprocess.run(["nasm", "-f", "bin", "-o", disk, logs / "litter.asm"], check=True)
    pc = machine(disks=[disk], extra=(
        "-netdev", "user,id=n,restrict=on", "-device", "e1000,netdev=n,romfile=",
        "-option-rom", rom_of()))
    pc.expect(r"^lunboot 0\.1: ", 30)
    pc.expect("^NIC .* at 00:0", 10)
    assert "timeout=" not in pc.serial.text()


def test_goes_on_to_the_next_device(machine, second_disk):
    """Without a root path: the BIOS's next boot device follows."""
    nic = f"e1000,netdev=n,romfile={rom_of()},bootindex=1"
    pc = machine(disks=[second_disk],
                 extra=("-netdev", "user,id=n,restrict=on", "-device", nic))
    pc.expect("^E21: ", 30)
    pc.expect("the second disk has booted", 40)


def test_base_memory(on_rom, on_local_disk, logs):
    disk = BootDisk(logs / "disk", "memory", 2, reads=5)
    local = on_local_disk(disk)
    before = Memory(run(local))
    local.stop()
    shutil.move(logs / "e9.log", logs / "e9-local.log")
    pc, _ = on_rom(disk.path, extra=DEBUG_EXIT)
    after = Memory(run(pc))
    after.check()
    assert 0 < before.int12 - after.int12 <= 4
    assert after.drives == 1
