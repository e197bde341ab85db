"""An operating system takes the NIC mid-flight, without a word to lunboot: it must find it silent. No INTx
while lunboot is not running, and DMA into hidden memory only."""

import re
import sys

import pytest
from bootdisk import BootDisk, on_lun, run  # noqa: F401 (fixtures)
from test_memory import RESERVED, ROOM_20

RX_BUFFER = 2048
INTERRUPT_STATUS = 0x08  # of PCI's status register: INTx is asserted
RECEIVE_ENABLE = 0x02
DATAGRAMS = 200

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


@pytest.mark.parametrize("accel, memory", [("tcg", "256M"), ("tcg", "64M"), ("kvm", "64M")])
def test_nic_is_silent_and_its_dma_stays_in_hidden_memory(net, logs, on_lun, accel, memory):
    disk = BootDisk(logs / "disk", "takeover", 8, seconds=3, reads=50 if accel == "tcg" else 10)
    pc, _ = on_lun(disk, accel=accel, memory=memory)
    pc.e9.expect("^@ idle", 120)
    address = re.search(r"^Address +([\d.]+)", pc.serial.text(), re.M)[1]
    net.run(sys.executable, "-c", TRAFFIC, address)
    report = run(pc)
    report.check_reads(disk)

    # What lunboot says that it hides is reserved, and nothing else holds a ring or a buffer.
    size, base = re.search(r"(\d+) KiB hidden at ([0-9a-f]{8})$", pc.serial.text(), re.M).groups()
    hidden = int(base, 16), int(base, 16) + int(size) * 1024
    reserved = [(low, low + length) for room, _, _, _, _, low, _, length, kind, *_ in
                report.numbers("e820") if room == ROOM_20 and kind == RESERVED]
    assert within(*hidden, reserved)
    reports = report.numbers("nic")
    assert len(reports) == 3
    for _, status, ims, rctl, _, _, interrupts in reports:
        assert ims == 0 and not status & INTERRUPT_STATUS and interrupts == 0
        assert rctl & RECEIVE_ENABLE, "the rings are of no interest when nothing runs"
    for name, ring, length in report.all("ring"):
        assert within(int(ring, 16), int(ring, 16) + int(length, 16), [hidden]), name
    buffers = report.all("buffers")
    assert [name for name, *_ in buffers] == ["rx", "tx"] * 3
    for name, lowest, highest, unused in buffers:
        assert within(int(lowest, 16), int(highest, 16) + RX_BUFFER, [hidden]), name
        assert name == "tx" or int(unused, 16) <= 1, "the NIC may write to address 0"


def test_vmxnet3_rests_once_the_memory_is_asked_for(logs, on_lun):
    """QEMU's takes no second driver while it is active, and Linux's does not reset it: a loader's last question is
    the sign. Reads go on after it, and the first sector needs no network."""
    disk = BootDisk(logs / "disk", "vmxnet3", 4, reads=10)
    pc, _ = on_lun(disk, nic="vmxnet3")
    report = run(pc)
    assert (0, 1) in {(lba, count) for _, lba, count in report.check_reads(disk)}
    assert report.numbers("active") == [[1], [0], [1], [0], [0]]
