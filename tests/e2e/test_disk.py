"""The LUN as a BIOS disk: tests/bootdisk/disktest.asm reads, writes and asks from real mode."""

import re
import struct
import time

import bootdisk
import pytest
from bootdisk import BootDisk, on_local_disk, on_lun, run  # noqa: F401 (fixtures)

BUFFERS = {
    "tcg": bootdisk.WITH_HMA | bootdisk.WITH_FLAT64 | bootdisk.WITH_HIGH_ESP,
    # An interpreting KVM itself clears the upper half of ESP with each interrupt.
    "kvm": bootdisk.WITH_HMA | bootdisk.WITH_FLAT64,
}
STATES = {
    "if_clear": bootdisk.IF_CLEAR,
    "64_byte_stack": bootdisk.SMALL_STACK,
    "unreal_mode": bootdisk.UNREAL,
    "a20_off": bootdisk.A20_OFF,
    "in_tick": bootdisk.IN_TICK,
}


def check(report, disk, phases):
    assert report.phases_done() == phases & 0xFFFF
    return report.check_reads(disk)


def check_whole(reads, disk):
    """The reads are of the whole disk in order, in all forms and many sizes."""
    at = 0
    for _, lba, count in reads:
        assert lba == at
        at += count
    assert at == disk.sectors
    assert {function for function, _, _ in reads} == {0x02, 0x42}
    sizes = {count for _, _, count in reads}
    assert min(sizes) == 1 and max(sizes) > 100


def check_functions(table, sectors):
    """What every BIOS and lunboot agree on."""
    good = ("reset read verify geometry init seek alt_reset ready recalibrate diagnose edd_check"
            " edd_read edd_last edd_verify edd_seek params_26 params_30 params_66 params_74").split()
    for name in good:
        assert not table[name]["cf"], name
    for name in set(good) - {"edd_check"}:
        assert table[name]["ah"] == 0, name
    bad = ("read_none read_sec0 read_end verify_end unknown edd_past edd_far write_past seek_past"
           " params_25").split()
    for name in bad:
        assert table[name]["cf"] and table[name]["ah"], name
    assert table["status_ok"]["ah"] == 0
    assert table["status_bad"]["ah"] == table["read_end"]["ah"]
    assert table["read"]["ax"] & 0xFF == 1
    assert table["type"]["ah"] == 3 and not table["type"]["cf"]
    assert table["edd_check"]["bx"] == 0xAA55 and table["edd_check"]["cx"] & 1
    assert table["edd_check"]["ah"] >= 0x21
    for size in (26, 30, 66, 74):
        buffer = table[f"params_{size}"]["buffer"]
        length, _, cylinders, heads, spt, total, sector = struct.unpack_from("<HHIIIQH", buffer)
        assert 26 <= length <= size and total == sectors and sector == 512
        assert cylinders and heads and spt


@pytest.mark.parametrize("accel, mib, memory", [
    ("tcg", 32, "512M"), ("tcg", 16, "128M"), ("tcg", 16, "32M"), ("kvm", 2, "256M"),
])
def test_whole_disk(logs, on_lun, accel, mib, memory):
    """Whatever memory there is for the receive ring and for reading ahead."""
    phases = bootdisk.WHOLE | BUFFERS[accel]
    disk = BootDisk(logs / "disk", "disktest", mib, phases)
    pc, _ = on_lun(disk, accel=accel, memory=memory)
    report = run(pc)
    check_whole(check(report, disk, phases), disk)


@pytest.mark.parametrize("state", STATES)
def test_state(logs, on_lun, state):
    """Random reads by a caller in that state, which must be the same afterwards."""
    phases = STATES[state] | BUFFERS["tcg"]
    # TCG does not check segment limits: we look at them from outside.
    look = state == "unreal_mode"
    disk = BootDisk(logs / "disk", "disktest", 8, phases, seconds=5 * look)
    pc, _ = on_lun(disk)
    if look:
        pc.e9.expect("^@ halted$")
        time.sleep(0.5)  # several ticks of lunboot's
        shown = pc.qmp("human-monitor-command", **{"command-line": "info registers"})
        limits = dict(re.findall(r"^([DEG]S) =\w+ \w+ (\w+)", shown, re.M))
        assert limits == dict.fromkeys(("ES", "DS", "GS"), "ffffffff"), shown
    report = run(pc)
    check(report, disk, phases)
    if state == "a20_off":
        assert report.numbers("a20") == [[0]]


def test_states_kvm(logs, on_lun):
    """The same, all in one boot. KVM checks segment limits, but does not emulate the A20 gate."""
    phases = sum(STATES.values()) | BUFFERS["kvm"]
    disk = BootDisk(logs / "disk", "disktest", 2, phases, reads=20)
    pc, _ = on_lun(disk, accel="kvm")
    report = run(pc)
    check(report, disk, phases)


PIT_STOPS = "o /b 0x43 0x30"  # mode 0 of its channel 0: one more interrupt at most


@pytest.mark.parametrize("nic", ["e1000", "e1000e", "virtio-net-pci", "vmxnet3"])
def test_nic_alone_wakes(logs, on_lun, wire, nic):
    """Without the tick every wait for an answer ends by the NIC's interrupt, also by one that was pending before the
    CPU halted: VMXNET3's always is, for what was just sent."""
    disk = BootDisk(logs / "disk", "disktest", 32, bootdisk.RANDOM, reads=30)
    pc, _ = on_lun(disk, wire=wire(rtt=50), nic=nic)
    pc.e9.expect("^@ phase")
    pc.qmp("human-monitor-command", **{"command-line": PIT_STOPS})
    read = pc.e9.text().count("@ read")
    check(report := run(pc), disk, bootdisk.RANDOM)
    assert len(report.all("read")) > read + 10


@pytest.mark.parametrize("accel", ["tcg", "kvm"])
def test_nested(logs, on_lun, wire, accel):
    """INT 13h from the timer interrupt while a call is under way: each call outlasts a tick of 55 ms,
    since the disk is too large for any cache and the target is a round trip of 150 ms away."""
    phases = bootdisk.NESTED | BUFFERS[accel]
    disk = BootDisk(logs / "disk", "disktest", 64, phases)
    pc, _ = on_lun(disk, accel=accel, wire=wire(rtt=150))
    report = run(pc)
    check(report, disk, phases)
    ((tries, errors, status),) = report.numbers("nested")
    assert tries >= errors >= 1, "no nested call met one under way"
    assert status, "a refused call needs a status in AH"


@pytest.mark.parametrize("accel, mib", [("tcg", 16), ("kvm", 1)])
def test_writes(logs, on_lun, accel, mib):
    """By 03h and 43h, read back by the program, and then found on the target's backing file."""
    phases = bootdisk.WRITE | bootdisk.RANDOM | bootdisk.IF_CLEAR | BUFFERS[accel]
    disk = BootDisk(logs / "disk", "disktest", mib, phases, reads=40)
    pc, _ = on_lun(disk, accel=accel)
    report = run(pc)
    check(report, disk, phases)


def test_functions(logs, on_lun):
    """Each function of INT 13h: result, status, and that nothing else changes."""
    disk = BootDisk(logs / "disk", "disktest", 8, bootdisk.FUNCTIONS)
    pc, _ = on_lun(disk)
    report = run(pc)
    check(report, disk, bootdisk.FUNCTIONS)
    table = bootdisk.functions(report)
    check_functions(table, disk.sectors)
    for name in ("format", "edd_magic", "verify_past", "cd_status"):
        assert table[name]["cf"] and table[name]["ah"], name
    for name in ("edd_past", "write_past"):
        assert table[name]["count"] == 0, "the DAP must say that nothing was moved"
    assert table["edd_check"]["cx"] == 5  # access and enhanced functions, no removable media
    assert table["type"]["cx"] << 16 | table["type"]["dx"] == disk.sectors
    assert report.numbers("geometry") == [[disk.sectors // (255 * 63) or 1, 255, 63, 1]]
    for size in (26, 30, 66, 74):
        buffer = table[f"params_{size}"]["buffer"]
        assert struct.unpack_from("<H", buffer) == (size,)
        assert set(buffer[size:]) == {0xEE}, "written beyond the caller's size"
        if size >= 66:
            assert struct.unpack_from("<HB", buffer, 30) == (0xBEDD, size - 30)
            assert sum(buffer[30:size]) & 0xFF == 0
    assert set(table["params_25"]["buffer"][2:]) == {0xEE}


def test_absent_drives(logs, on_lun):
    """Each drive that is not there fails, and at once: GRUB and Linux's edd.c ask them all."""
    disk = BootDisk(logs / "disk", "disktest", 4, bootdisk.FUNCTIONS)
    pc, _ = on_lun(disk)
    report = run(pc)
    absent = report.numbers("absent")
    assert [drive for drive, *_ in absent[::4]] == list(range(0x81, 0x90))
    assert all(cf for *_, cf in absent)
    ((ticks,),) = report.numbers("absent_ticks")
    assert ticks <= 4


def test_geometry_of_partition_table(logs, on_lun):
    """A partition that ends at head 15, sector 63 tells of 16 heads and 63 sectors."""
    sectors = 16 * 2048
    cylinder = sectors // (16 * 63) - 1
    end = struct.pack("<3B", 15, 63 | cylinder >> 2 & 0xC0, cylinder & 0xFF)
    start = b"\x01\x01\x00"  # head 1, sector 1
    length = (cylinder + 1) * 16 * 63 - 63
    entry = b"\x80" + start + b"\x83" + end + struct.pack("<II", 63, length)
    phases = bootdisk.WHOLE | BUFFERS["tcg"]
    disk = BootDisk(logs / "disk", "disktest", 16, phases, partition=entry)
    pc, _ = on_lun(disk)
    report = run(pc)
    assert [heads_spt for _, *heads_spt, _ in report.numbers("geometry")] == [[16, 63]]
    check_whole(check(report, disk, phases), disk)


def test_reference(logs, on_local_disk):
    """What the other tests ask for is what SeaBIOS does with a local disk, as far as it goes."""
    phases = (bootdisk.WHOLE | bootdisk.RANDOM | bootdisk.FUNCTIONS | bootdisk.WRITE
              | bootdisk.IF_CLEAR | bootdisk.UNREAL | bootdisk.A20_OFF
              | bootdisk.WITH_HMA | bootdisk.WITH_HIGH_ESP)
    disk = BootDisk(logs / "disk", "disktest", 8, phases)
    pc = on_local_disk(disk)
    report = run(pc)
    check(report, disk, phases)
    check_functions(bootdisk.functions(report), disk.sectors)
