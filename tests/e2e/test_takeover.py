"""An operating system takes the NIC mid-flight, without a word to lunboot: it must find it silent. No INTx
while lunboot is not running, and DMA into hidden memory only. Or the PC is reset."""

import itertools
import re
import sys

import pytest
from bootdisk import DEBUG_EXIT, RANDOM, BootDisk, Report, on_lun, run  # noqa: F401 (fixtures)
from nic_dma import of_virtio, of_vmxnet3
from nics import DIFFERENT, UNDI, rom_of
from test_memory import RESERVED, ROOM_20, USABLE

from rig import pdu
from rig.target import Target

RX_BUFFER = 2048
INTERRUPT_STATUS = 0x08  # of PCI's status register: INTx is asserted
RECEIVE_ENABLE = 0x02
DATAGRAMS = 200
LOW = 1 << 20  # below it the tick writes
PAGE = 4096

# Datagrams that want an answer: the NIC receives, interrupts if it may, and lunboot's tick sends.
TRAFFIC = f"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for i in range({DATAGRAMS}):
    try:
        s.sendto(b"x" * 100, ("192.0.2.255" if i % 2 else sys.argv[1], 9))
    except ConnectionRefusedError:
        pass  # the answer
    time.sleep(0.005)
"""


def within(first, last, ranges):
    return any(start <= first and last <= end for start, end in ranges)


def check_intel(report, hidden):
    """As its registers say it."""
    for ims, rctl, _ in report.numbers("e1000"):
        assert ims == 0
        assert rctl & RECEIVE_ENABLE, "the rings are of no interest when nothing runs"
    for name, ring, length in report.all("ring"):
        assert within(int(ring, 16), int(ring, 16) + int(length, 16), [hidden]), name
    buffers = report.all("buffers")
    assert [name for name, *_ in buffers] == ["rx", "tx"] * 3
    for name, lowest, highest, unused in buffers:
        assert within(int(lowest, 16), int(highest, 16) + RX_BUFFER, [hidden]), name
        assert name == "tx" or int(unused, 16) <= 1, "the NIC may write to address 0"


@pytest.mark.parametrize("nic, accel, memory", [
    ("e1000", "tcg", 256), ("e1000", "kvm", 64), *((nic, "tcg", 64) for nic in DIFFERENT if nic != "e1000")])
def test_nic_is_silent_and_its_dma_stays_in_hidden_memory(net, logs, on_lun, nic, accel, memory):
    disk = BootDisk(logs / "disk", "takeover", 8, seconds=3, reads=50 if accel == "tcg" else 10)
    pc, _ = on_lun(disk, accel=accel, memory=f"{memory}M", nic=nic)
    pc.e9.expect("^@ idle", 120)
    # What lunboot says that it hides is reserved, and nothing else holds a ring or a buffer.
    size, base = re.search(r"(\d+) KiB hidden at ([0-9a-f]{8})$", pc.serial.text(), re.M).groups()
    hidden = int(base, 16), int(base, 16) + int(size) * 1024

    def look():
        pc.qmp("stop")
        return pc.memory(0, memory << 20)

    before = look()
    pc.qmp("cont")
    address = re.search(r"^Address +([\d.]+)", pc.serial.text(), re.M)[1]
    net.run(sys.executable, "-c", TRAFFIC, address)
    after = look()
    areas = of_virtio(pc) if "virtio" in nic else of_vmxnet3(pc, after) if nic == "vmxnet3" else None
    pc.qmp("cont")
    report = run(pc)
    report.check_reads(disk)

    assert before[hidden[0] : hidden[1]] != after[hidden[0] : hidden[1]]
    for first, end in (LOW, hidden[0]), (hidden[1], None):
        assert before[first:end] == after[first:end]
    reserved = [(low, low + length) for room, _, _, _, _, low, _, length, kind, *_ in
                report.numbers("e820") if room == ROOM_20 and kind == RESERVED]
    assert within(*hidden, reserved)
    reports = report.numbers("nic")
    assert len(reports) == 3
    for _, status, _, interrupts in reports:
        assert not status & INTERRUPT_STATUS and interrupts == 0
    if areas:
        assert len([name for name, *_ in areas if "buffer" in name]) > 64
        assert not [area for area in areas if not within(*area[1:], [hidden])]
    else:
        check_intel(report, hidden)


@pytest.mark.parametrize("nic", [UNDI[0], pytest.param(UNDI[1], marks=pytest.mark.machines)])
def test_undi_is_silent_and_its_dma_stays_in_hidden_memory(net, logs, on_lun, nic):
    """The PXE ROM's driver has its rings in memory that the ROM hides by itself."""
    disk = BootDisk(logs / "disk", "takeover", 8, seconds=3, reads=50)
    pc, _ = on_lun(disk, memory="64M", nic=nic, rom=None)
    pc.e9.expect("^@ idle", 120)
    pc.qmp("stop")
    before = pc.memory(0, 64 << 20)
    pc.qmp("cont")
    address = re.search(r"^Address +([\d.]+)", pc.serial.text(), re.M)[1]
    net.run(sys.executable, "-c", TRAFFIC, address)
    pc.qmp("stop")
    after = pc.memory(0, 64 << 20)
    pc.qmp("cont")
    report = run(pc)
    report.check_reads(disk)

    usable = [(low, low + length) for room, _, _, _, _, low, _, length, kind, *_ in
              report.numbers("e820") if room == ROOM_20 and kind == USABLE]
    changed = [at for at in range(LOW, 64 << 20, PAGE) if before[at : at + PAGE] != after[at : at + PAGE]]
    assert changed
    assert not [f"{at:x}" for at in changed if within(at, at + PAGE, usable)]
    # Each time that it has told all, it lets the NIC interrupt until it is asked again: one may come then.
    reports = report.numbers("nic")
    assert len(reports) == 3
    assert not [status for _, status, *_ in reports if status & INTERRUPT_STATUS]


@pytest.mark.parametrize("nic", [*DIFFERENT, pytest.param(UNDI[0], marks=pytest.mark.machines)])
def test_reset_in_the_middle_of_a_read(net, stack, logs, dhcp, tftp, machine, nic):
    """Half of its data has come; the PC starts anew, and reads right."""
    disk = BootDisk(logs / "disk", "disktest", 2, RANDOM, reads=100)
    target = stack.enter_context(Target(net, disk.path))
    dhcp(options={17: target.root_path()}, extra=tftp if nic in UNDI else ())
    reads = itertools.count()

    def act(p, connection):
        bhs = connection.header(pdu.DATA_IN, 0x81, p.itt)
        connection.raw(connection.pdu(bhs, bytes(p.expected))[: pdu.BHS + p.expected // 2])

    half = target.fault(lambda p, _: p.is_command(pdu.READ) and p.expected > 512 and next(reads) > 40, act)
    pc = machine(namespace=net, tap="tap0", nic=nic, rom=rom_of(nic), reboot=True, extra=DEBUG_EXIT)
    target.wait(lambda: half.happened, 120)
    assert "@ read" in pc.e9.text() and "@ PASS" not in pc.e9.text()
    pc.qmp("system_reset")
    said = len(pc.e9.text())
    pc.e9.position = said
    pc.e9.expect("^@ PASS", 120)
    assert len(Report(pc.e9.text()[said:]).check_reads(disk)) == 100


def test_vmxnet3_rests_once_the_memory_is_asked_for(logs, on_lun):
    """QEMU's takes no second driver while it is active, and Linux's does not reset it: a loader's last question is
    the sign. Reads go on after it, and the first sector needs no network."""
    disk = BootDisk(logs / "disk", "vmxnet3", 4, reads=10)
    pc, _ = on_lun(disk, nic="vmxnet3")
    report = run(pc)
    assert (0, 1) in {(lba, count) for _, lba, count in report.check_reads(disk)}
    assert report.numbers("active") == [[1], [0], [1], [0], [0]]
