"""The iBFT, found as Linux's iscsi_ibft finds it, tells what was really used.

Offsets are those of "iSCSI Boot Firmware Table (iBFT) as defined in ACPI 3.0b Specification", 1.03.
"""

import ipaddress
import struct

from bootdisk import BootDisk, on_lun, run  # noqa: F401 (fixtures)

HEADER = 48
CONTROL, INITIATOR, NIC, TARGET = 1, 2, 3, 4
LENGTHS = {CONTROL: 18, INITIATOR: 74, NIC: 102, TARGET: 54}
VALID, BOOT_SELECTED, GLOBAL = 1, 2, 4
MAC = "52:54:00:12:34:56"


class Ibft:
    def __init__(self, table):
        self.table = table
        signature, length, revision = struct.unpack_from("<4sIB", table)
        assert signature == b"iBFT" and revision == 1
        assert length == len(table)
        assert sum(table) & 0xFF == 0, "checksum"
        assert self.structure(HEADER, CONTROL)
        _, _, initiator, nic0, target0, nic1, target1 = struct.unpack_from("<HHHHHHH", table,
                                                                           HEADER + 4)
        assert nic1 == target1 == 0
        self.initiator = self.structure(initiator, INITIATOR)
        self.nic = self.structure(nic0, NIC)
        self.target = self.structure(target0, TARGET)

    def structure(self, offset, kind):
        """Linux skips, without a word, a structure that is not as long as it expects, or too high."""
        assert HEADER <= offset < len(self.table) - HEADER and offset % 8 == 0
        data = self.table[offset : offset + LENGTHS[kind]]
        got, version, length, _, flags = struct.unpack_from("<BBHBB", data)
        assert (got, version, length) == (kind, 1, LENGTHS[kind])
        assert kind == CONTROL or flags & (VALID | BOOT_SELECTED) == VALID | BOOT_SELECTED
        return data

    def text(self, data, at):
        length, offset = struct.unpack_from("<HH", data, at)
        if not length:
            return ""
        assert offset + length < len(self.table)
        assert self.table[offset + length] == 0, "a string needs its zero"
        return self.table[offset : offset + length].decode()


def address(data, at):
    """An IPv4 address in its 16 bytes, or None."""
    raw = data[at : at + 16]
    if not any(raw):
        return None
    assert raw[:12] == bytes(10) + b"\xff\xff"
    return str(ipaddress.IPv4Address(raw[12:]))


def read_ibft(logs, on_lun):
    """The table, and the program's report, the target and the serial line's text."""
    disk = BootDisk(logs / "disk", "ibft", 1)
    pc, target = on_lun(disk)
    report = run(pc)
    assert len(report.all("ibft")) == 1, "Linux takes the first; there must be one"
    data = bytes(int(word, 16) for words in report.all("bytes") for word in words)
    return data, report, target, pc


def test_ibft_says_what_was_used(logs, on_lun):
    data, report, target, _ = read_ibft(logs, on_lun)
    ((where, length),) = report.numbers("ibft")
    ((base_kib,),) = report.numbers("base")
    assert length == len(data) and where % 16 == 0
    assert where >= base_kib * 1024, "in memory that is said to be free"

    ibft = Ibft(data)
    shown = target.tgtd.ask("--op", "show", "--mode", "target")
    name = ibft.text(ibft.initiator, 70)
    assert name.startswith("iqn.") and f"Initiator: {name} " in shown

    assert address(ibft.nic, 6) in [f"192.0.2.{n}" for n in range(100, 151)]
    assert f"IP Address: {address(ibft.nic, 6)}" in shown
    assert ibft.nic[22] == 24  # the prefix of the netmask
    assert ibft.nic[90:96] == bytes.fromhex(MAC.replace(":", ""))
    assert struct.unpack_from("<H", ibft.nic, 88) == (0,)  # VLAN
    # Windows would route even an on-link target through a gateway that it finds here.
    assert address(ibft.nic, 24) is None
    assert address(ibft.nic, 40) is None and address(ibft.nic, 56) is None  # DNS
    assert address(ibft.nic, 72) == "192.0.2.1"  # DHCP server
    bus_device_function = struct.unpack_from("<H", ibft.nic, 96)[0]
    assert bus_device_function >> 8 == 0 and bus_device_function >> 3 & 31

    assert address(ibft.target, 6) == target.tgtd.address
    assert struct.unpack_from("<H", ibft.target, 22) == (target.tgtd.port,)
    assert ibft.target[24:32] == bytes([0, 1, 0, 0, 0, 0, 0, 0])
    assert ibft.target[32] == 0  # no CHAP
    assert ibft.text(ibft.target, 34) == target.iqn
    for at in (38, 42, 46, 50):
        assert ibft.text(ibft.target, at) == ""
