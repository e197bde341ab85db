"""The PC is up before everything else: it waits, says for what on one line, and boots when all is there."""

import time

import pytest
from rig import pdu
from rig.target import Target
from test_failures import error


def is_login(p, connection):
    return p.opcode == pdu.LOGIN and not connection.discovery


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
    waits(pc, "LOGIN_CLOSED")
    server.target("iqn.2026-01.org.lunboot:other")
    waits(pc, "LOGIN_NOT_FOUND")
    time.sleep(gap)
    target = server.target()
    waits(pc, "LUN_NOT_FOUND")
    time.sleep(gap)
    target.lun(image)
    pc.expect("^Booting", 60)
    rows = [row.split() for row in pc.screen() if row.strip()]
    said = [" ".join(row[:2]) if row[0] == "help:" else row[0] for row in rows]
    helps = [f"help: E{error(name)[0]}:" for name in ("LOGIN_CLOSED", "LOGIN_NOT_FOUND", "LUN_NOT_FOUND")]
    assert said[said.index("NIC"):] == ["NIC", "Link", "Address", "Target", *helps, "Disk", "Booting"], said


def test_a_target_that_is_being_set_up(net, machine, kernel, logs):
    """LIO, by targetcli: it closes while its portal group is disabled, and says 0301h for a name that it
    does not know yet. What that means is on the screen while it is waited for, and then it boots."""
    image = logs / "disk.img"
    image.write_bytes(b"\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    answers = {"LOGIN_CLOSED": lambda _, connection: connection.reset(),
               "LOGIN_UNAVAILABLE": lambda p, connection: connection.login_answer(p, 0, 0x0301)}
    with Target(net, image) as target:
        pc = machine(namespace=net, tap="tap0", kernel=kernel,
                     append=f"ip=192.0.2.77/24 root-path={target.root_path()}")
        for name, act in answers.items():
            fault = target.fault(is_login, act, times=1000)
            pc.expect(rf"  help:  E{error(name)[0]}: check its name", 60)
            waits(pc, name)
            fault.left = 0
        pc.expect("^Booting", 30)


def test_a_key_stops_it(machine, net, second_disk, kernel):
    pc = machine(namespace=net, tap="tap0", kernel=kernel, append="retry=forever", disks=[second_disk])
    pc.expect("Waiting for a DHCP server: ", 60)
    pc.key("x")
    pc.expect(rf"^E{error('DHCP_TIMEOUT')[0]}: ", 10)
    pc.expect("the second disk has booted", 40)
