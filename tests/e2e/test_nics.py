"""Several NICs: the first that leads to the disk, or the one that nic= names."""

import pytest
from test_failures import error

FIRST, SECOND = "00:04.0", "00:05.0"
FIRST_MAC, SECOND_MAC = "52:54:00:aa:00:01", "52:54:00:aa:00:02"
GIVE_UP = 40


@pytest.fixture
def pc(net, tgtd, machine, kernel, logs):
    """pc(settings, links) starts a PC with two NICs, of which only the second reaches the target, and
    with a local disk. links: whether each has a link at the start."""
    image = logs / "lun.img"
    halts = b"\xf4\xeb\xfd"
    image.write_bytes(halts.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    target = tgtd().target().lun(image)

    static = f"ip=192.0.2.77/24 root-path={target.root_path()}"

    def start(settings="", links=(True, True), address=static, **options):
        other = ("-S", "-netdev", "hubport,id=other,hubid=0", "-device",
                 f"e1000,id=nic1,netdev=other,mac={FIRST_MAC},romfile=,addr=4")
        pc = machine(namespace=net, tap="tap0", nic="e1000,addr=5", mac=SECOND_MAC, kernel=kernel,
                     append=f"{address} timeout=3 {settings}",
                     extra=other, **options)
        for name, up in zip(("nic1", "nic0"), links):
            pc.qmp("set_link", name=name, up=up)
        pc.qmp("cont")
        return pc

    return start


def nics(pc):
    """The lines that lunboot has said of NICs."""
    return [line.split(" at ")[1] for line in pc.serial.text().splitlines()
            if line.startswith("NIC  ")]


def test_first_with_a_link_is_used(pc):
    machine = pc(links=(False, True))
    machine.expect("^Booting", GIVE_UP)
    assert nics(machine) == [f"{FIRST}, MAC {FIRST_MAC}, no link", f"{SECOND}, MAC {SECOND_MAC}"]


def test_next_has_its_turn_when_the_first_leads_nowhere(pc):
    machine = pc()
    machine.expect(rf"^E{error('NET_NO_ARP')[0]} .*: on to the next NIC$", GIVE_UP)
    machine.expect("^Booting", GIVE_UP)
    assert nics(machine) == [f"{FIRST}, MAC {FIRST_MAC}", f"{SECOND}, MAC {SECOND_MAC}"]


def test_first_alone_is_used_when_it_is_named(pc):
    machine = pc(f"nic={FIRST}")
    machine.expect(rf"^E{error('NET_NO_ARP')[0]}: ", GIVE_UP)
    assert nics(machine) == [f"{FIRST}, MAC {FIRST_MAC}"]


def test_next_is_asked_when_the_first_has_no_dhcp_server(pc, dhcp):
    """Nor has the second a target in the end: what got furthest is what the screen says."""
    dhcp(options={17: "iscsi:192.0.2.9::::iqn.2026-01.org.lunboot:test"})
    machine = pc(address="", settings="retry=5")
    machine.expect(rf"^E{error('DHCP_TIMEOUT')[0]} .*: on to the next NIC$", GIVE_UP)
    machine.expect("^Address  192.0.2.1", GIVE_UP)
    machine.expect(rf"^E{error('NET_NO_ARP')[0]} .*: on to the next NIC$", GIVE_UP)
    machine.expect(rf"^E{error('NET_NO_ARP')[0]}: ", GIVE_UP)
    machine.expect(rf"^  tried: .* at 192\.0\.2\.9:.*, by the NIC at {SECOND} and others$", 5)


@pytest.mark.parametrize("nic", [SECOND, SECOND_MAC, SECOND_MAC.upper()])
def test_named_nic_is_used(pc, nic):
    machine = pc(f"nic={nic}")
    machine.expect("^Booting", GIVE_UP)
    assert nics(machine) == [f"{SECOND}, MAC {SECOND_MAC}"]


def test_link_that_comes_up_later(pc):
    machine = pc(links=(False, False))
    machine.expect(f"^NIC .* {SECOND}.*no link$", GIVE_UP)
    machine.qmp("set_link", name="nic0", up=True)
    machine.expect("^Booting", GIVE_UP)
    assert len(nics(machine)) == 3


def test_no_link_anywhere(pc, second_disk):
    machine = pc(links=(False, False), disks=[second_disk])
    machine.expect(rf"^E{error('NIC_NO_LINK')[0]}: ", GIVE_UP)
    machine.expect(r"^  tried: .* and others", 5)
    machine.expect("the second disk has booted", GIVE_UP)
    assert len(nics(machine)) == 2


@pytest.mark.parametrize("nic", ["00:09.0", "52:54:00:aa:00:03"])
def test_named_nic_is_not_there(pc, nic):
    machine = pc(f"nic={nic}")
    machine.expect(rf"^E{error('NIC_NONE')[0]}: ", GIVE_UP)
    machine.expect(f"^  tried: {nic}", 5)
