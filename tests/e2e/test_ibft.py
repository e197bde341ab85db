"""The iBFT, found as Linux's iscsi_ibft finds it, tells what was really used.

Offsets are those of "iSCSI Boot Firmware Table (iBFT) as defined in ACPI 3.0b Specification", 1.03.
"""

import ipaddress
import struct

from bootdisk import DEBUG_EXIT, BootDisk, on_lun, run  # noqa: F401 (fixtures)
from rig.tgtd import Tgtd

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
        assert nic1 == 0
        self.initiator = self.structure(initiator, INITIATOR)
        self.nic = self.structure(nic0, NIC)
        self.target = self.structure(target0, TARGET)
        self.second = self.structure(target1, TARGET, 1) if target1 else None

    def structure(self, offset, kind, number=0):
        """Linux skips, without a word, a structure that is not as long as it expects, or too high."""
        assert HEADER <= offset < len(self.table) - HEADER and offset % 8 == 0
        data = self.table[offset : offset + LENGTHS[kind]]
        got, version, length, index, flags = struct.unpack_from("<BBHBB", data)
        assert (got, version, length, index) == (kind, 1, LENGTHS[kind], number)
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


def read_ibft(pc):
    """The table, and the program's report."""
    report = run(pc)
    assert len(report.all("ibft")) == 1, "Linux takes the first; there must be one"
    return bytes(int(word, 16) for words in report.all("bytes") for word in words), report


def test_ibft_says_what_was_used(logs, on_lun):
    pc, target = on_lun(BootDisk(logs / "disk", "ibft", 1))
    data, report = read_ibft(pc)
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

    assert ibft.second is None
    assert address(ibft.target, 6) == target.tgtd.address
    assert struct.unpack_from("<H", ibft.target, 22) == (target.tgtd.port,)
    assert ibft.target[24:32] == bytes([0, 1, 0, 0, 0, 0, 0, 0])
    assert ibft.target[32] == 0  # no CHAP
    assert ibft.text(ibft.target, 34) == target.iqn
    for at in (38, 42, 46, 50):
        assert ibft.text(ibft.target, at) == ""


def two_targets(stack, net, logs, disk):
    """Of two servers, each with this disk."""
    targets = []
    for number in (1, 2):
        (logs / f"tgtd{number}").mkdir()
        server = stack.enter_context(Tgtd(net, logs / f"tgtd{number}", port=3260 + number))
        targets.append(server.target(f"iqn.2026-01.org.lunboot:target{number}").lun(disk.path))
    return targets


def test_ibft_of_two_ways_and_a_static_address(logs, stack, net, machine, iso):
    """The second root path is there, too, and the gateway, which nobody else tells."""
    disk = BootDisk(logs / "disk", "ibft", 1)
    targets = two_targets(stack, net, logs, disk)
    paths = " ".join(target.root_path() for target in targets)
    pc = machine(namespace=net, tap="tap0", extra=DEBUG_EXIT, iso=iso(
        "ip=192.0.2.77/24", "gateway=192.0.2.254", f"root-path={paths}"))
    ibft = Ibft(read_ibft(pc)[0])
    assert address(ibft.nic, 6) == "192.0.2.77" and address(ibft.nic, 24) == "192.0.2.254"
    for target, table in zip(targets, (ibft.target, ibft.second)):
        assert ibft.text(table, 34) == target.iqn
        assert address(table, 6) == target.tgtd.address
        assert struct.unpack_from("<H", table, 22) == (target.tgtd.port,)
        assert table[24:32] == bytes([0, 1, 0, 0, 0, 0, 0, 0])
        assert table[33] == 0  # the NIC


def test_ibft_of_two_disks_the_second_with_chap(logs, stack, net, machine, kernel):
    """Each target is told with what it wanted: the first took us in without a word."""
    disk = BootDisk(logs / "disk", "ibft", 1)
    targets = two_targets(stack, net, logs, disk)
    targets[1].chap("joe", "a-secret-of-joe")
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT, append=(
        f"ip=192.0.2.77/24 root-path={targets[0].root_path()} disk2={targets[1].root_path()} "
        "username=joe password=a-secret-of-joe"))
    ibft = Ibft(read_ibft(pc)[0])
    for target, table in zip(targets, (ibft.target, ibft.second)):
        assert ibft.text(table, 34) == target.iqn
        assert struct.unpack_from("<H", table, 22) == (target.tgtd.port,)
    assert [table[32] for table in (ibft.target, ibft.second)] == [0, 1]
    assert [ibft.text(ibft.target, at) for at in (38, 42)] == ["", ""]
    assert [ibft.text(ibft.second, at) for at in (38, 42)] == ["joe", "a-secret-of-joe"]
