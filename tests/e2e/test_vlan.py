"""The PC is on the trunk of a switch: in VLAN 20 are the target and its DHCP server; on the untagged
network another DHCP server gives another address, and a root path to nowhere."""

import struct

import bootdisk
import pytest
from bootdisk import BootDisk, run
from rig.dnsmasq import Dnsmasq
from rig.namespace import NetNamespace
from test_disk import BUFFERS, check
from test_ibft import Ibft
from test_pxe import LOW_MEMORY

PHASES = bootdisk.WHOLE | bootdisk.WRITE | BUFFERS["tcg"]


@pytest.fixture
def net(stack):
    namespace = stack.enter_context(NetNamespace())
    namespace.add_tap("tap0", "198.51.100.1/24")
    namespace.add_tap("tap1", "192.0.2.1/24")
    return namespace


@pytest.fixture
def trunk(stack, net, logs, tgtd, dhcp, wire):
    """A disk with a program that reads and writes, the wire, and the untagged network's server."""
    disk = BootDisk(logs / "disk", "disktest", 4, PHASES)
    dhcp(interface="tap1", options={17: tgtd().target().lun(disk.path).root_path()})
    (logs / "untagged").mkdir()
    other = stack.enter_context(Dnsmasq(
        net, logs / "untagged", first="198.51.100.100", last="198.51.100.150",
        options={17: "iscsi:198.51.100.1::::iqn.2026-01.org.lunboot:nowhere"}))
    return disk, wire(trunk=("20", "tap1")), other


# Frames of 1518 and 4100 bytes: what a NIC without jumbo frames takes, and more than fits 4 KiB.
@pytest.mark.parametrize("mtu", [1500, 4082])
def test_boots_in_its_vlan(net, trunk, machine, kernel, mtu):
    net.ip(f"link set tap1 mtu {mtu}")
    disk, line, other = trunk
    pc = machine(namespace=net, wire=line, kernel=kernel, append=f"vlan=20/5 mtu={mtu}")
    pc.expect(r"^Link .*, VLAN 20/5$")
    pc.expect(r"^Address +192\.0\.2\.\d+/24, .*from DHCP server 192\.0\.2\.1$")
    check(run(pc), disk, PHASES)
    assert not line.stats()["from-pc"]["dropped"], "a frame of another VLAN"
    assert "DHCPDISCOVER" not in other.log.read_text()
    low = pc.memory(*LOW_MEMORY)
    table = low[low.index(b"iBFT"):]
    table = table[: struct.unpack_from("<I", table, 4)[0]]
    assert struct.unpack_from("<H", Ibft(table).nic, 88) == (20,), "without the priority"


def test_goes_where_dhcp_sends_it(stack, net, logs, tgtd, dhcp, wire, machine, kernel, second_disk):
    """The untagged network's server knows nothing but the VLAN; the one in there has the rest."""
    dhcp(interface="tap1", options={17: tgtd().target().lun(second_disk).root_path()})
    (logs / "untagged").mkdir()
    stack.enter_context(Dnsmasq(net, logs / "untagged", first="198.51.100.100", last="198.51.100.150",
                                options={"encap:175,227": "20"}))
    pc = machine(namespace=net, wire=wire(trunk=("20", "tap1")), kernel=kernel)
    pc.expect(r"^Address +198\.51\.100\.\d+/24")
    pc.expect(r"^Link .*, VLAN 20$")
    pc.expect(r"^Address +192\.0\.2\.\d+/24, .*from DHCP server 192\.0\.2\.1$")
    pc.expect("the second disk has booted")
