"""The PC is up before everything else: it waits, says for what on one line, and boots when all is there."""

import time

import pytest
from test_failures import error


def waits(pc, name):
    """The line that says so."""
    code, text = error(name)
    pc.expect(rf"E{code} {text}: try \d+, \d+ s; any key stops", 60)


@pytest.mark.parametrize("gap", [0, pytest.param(30, marks=pytest.mark.soak)])
def test_all_comes_up_after_the_pc(net, tgtd, dhcp, machine, kernel, logs, gap):
    """First the DHCP server, then the target's process, which knows no target yet, then another target,
    then ours, and then its LUN."""
    image = logs / "disk.img"
    halts = b"\xf4\xeb\xfd"
    image.write_bytes(halts.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    pc = machine(namespace=net, tap="tap0", kernel=kernel, append="timeout=5 retry=forever")
    # Longer than the time-out: it has begun anew.
    pc.expect(r"Waiting for a DHCP server: [89] s; any key stops", 60)
    time.sleep(gap)
    root_path = "iscsi:192.0.2.1:::1:iqn.2026-01.org.lunboot:test"
    dhcp(options={17: root_path})
    waits(pc, "TCP_REFUSED")
    time.sleep(gap)
    server = tgtd()
    waits(pc, "TCP_RESET")
    server.target("iqn.2026-01.org.lunboot:other")
    waits(pc, "LOGIN_NOT_FOUND")
    time.sleep(gap)
    target = server.target()
    waits(pc, "LUN_NOT_FOUND")
    time.sleep(gap)
    target.lun(image)
    pc.expect("^Booting", 60)
    rows = [row.split(" ")[0] for row in pc.screen()]
    said = rows[rows.index("NIC"):]
    assert said[:6] == ["NIC", "Link", "Address", "Target", "Disk", "Booting"] and not any(said[6:]), said


def test_a_key_stops_it(machine, net, second_disk, kernel):
    pc = machine(namespace=net, tap="tap0", kernel=kernel, append="retry=forever", disks=[second_disk])
    pc.expect("Waiting for a DHCP server: ", 60)
    pc.key("x")
    pc.expect(rf"^E{error('DHCP_TIMEOUT')[0]}: ", 10)
    pc.expect("the second disk has booted", 40)
