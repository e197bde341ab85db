"""Jumbo frames: the whole disk in large packets, by the setting and by DHCP option 26."""

import json

import bootdisk
import pytest
from bootdisk import DEBUG_EXIT, BootDisk, run
from rig.log import Log
from rig.namespace import NetNamespace
from test_disk import BUFFERS, check, check_whole

STATIC = "ip=192.0.2.77/24"
PHASES = bootdisk.WHOLE | BUFFERS["tcg"]
MIB = 8


@pytest.fixture
def net(stack):
    """In place of the usual network: one that takes jumbo frames."""
    namespace = stack.enter_context(NetNamespace())
    namespace.add_tap("tap0", "192.0.2.1/24", mtu=9000)
    return namespace


@pytest.fixture
def read_disk(net, logs, tgtd, dhcp, machine, kernel):
    """read_disk(settings) boots disktest, which reads the whole disk, and returns the length of the
    average frame that has gone to the PC. mtu: what DHCP says. options: Qemu's."""

    def start(settings="", mtu=None, **options):
        disk = BootDisk(logs / "disk", "disktest", MIB, PHASES)
        root_path = tgtd().target().lun(disk.path).root_path()
        dhcp(options={17: root_path, **({26: mtu} if mtu else {})})
        pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                     append=f"root-path={root_path} {settings}", **options)
        report = run(pc)
        check_whole(check(report, disk, PHASES), disk)
        # Offloads are off with QEMU's e1000: what the TAP device counts are frames.
        shown = net.run("ip", "-json", "-stats", "link", "show", "tap0", capture_output=True).stdout
        counters = json.loads(shown)[0]["stats64"]["tx"]
        assert counters["bytes"] > MIB << 20
        return counters["bytes"] / counters["packets"]

    return start


# With 32 MB the receive ring has room for 15 of the largest packets.
@pytest.mark.parametrize("mtu, memory", [(9000, "256M"), (9000, "32M"), (4000, "256M")])
def test_by_setting(read_disk, mtu, memory):
    average = read_disk(f"{STATIC} mtu={mtu}", memory=memory)
    assert 0.7 * mtu < average <= mtu + 14


def test_by_dhcp(read_disk):
    assert read_disk(mtu=9000) > 6000


@pytest.mark.parametrize("setting, offered", [(9000, 1500), (1500, 9000)])
def test_setting_wins_over_dhcp(read_disk, setting, offered):
    average = read_disk(f"mtu={setting}", mtu=offered)
    assert 0.7 * setting < average <= setting + 14


def test_short_segments(net, read_disk):
    """The other side of the network takes no jumbo frames: the window is what the ring holds."""
    net.ip("link set tap0 mtu 1500")
    assert read_disk("mtu=9000") <= 1514


def test_lease_outlives_the_new_packets(net, logs, tgtd, dhcp, machine, kernel):
    """The NIC is opened anew while DHCP is bound: the lease is renewed as ever."""
    disk = BootDisk(logs / "disk", "idle", 1, seconds=60)
    root_path = tgtd().target().lun(disk.path).root_path()
    server = dhcp(options={17: root_path, 26: 9000, 58: 4, 59: 60})
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT)
    pc.expect("^Booting", 30)
    Log(server.log).expect(r"DHCPACK(.|\n)*DHCPREQUEST(.|\n)*DHCPACK", 30)
