"""What can go wrong between a PC and its disk. Each is a function that makes it happen while the PC
soaks, and returns once it has happened; nobody may be the wiser but for the time it takes.

rig: its .target is a scripted target of two portals, the first of which is the root path; .soak and .pc
are the PC that soaks, .wire what is between them, .dhcp the server of its address. Groups are faults that
one boot goes through together in `make test`; those that take long are in none, and `make soak` has them.
"""

import os
import struct
import time
from types import SimpleNamespace

import pytest
from bootdisk import DEBUG_EXIT
from nics import UNDI, rom_of
from rig import pdu
from rig.nbp import make_nbp
from rig.target import Target
from soakdisk import Soak, SoakDisk
from statusline import line, wait_for_line

FAULTS = {}
GROUPS = {}

LEASE = 120  # seconds: the shortest that dnsmasq gives


@pytest.fixture(name="rig")
def make_rig(stack, net, logs, dhcp, tftp, wire, machine):
    """rig(nic, ...) boots a soak disk from a scripted target by the NIC's ROM, with Target's arguments."""

    def start(nic="e1000", **options):
        disk = SoakDisk(logs / "disk")
        portals = (("192.0.2.1", 3260), ("192.0.2.1", 3261))
        target = stack.enter_context(Target(net, disk.path, portals, **options))
        path = target.root_path()
        if nic in UNDI:  # iPXE would log in first, and knows no digests
            make_nbp(logs / "tftp/lunboot.pxe", f"root-path={path}")
            server = dhcp(lease=f"{LEASE}s", extra=tftp)
        else:
            server = dhcp(options={17: path}, lease=f"{LEASE}s")
        the_wire = wire()
        pc = machine(namespace=net, wire=the_wire, nic=nic, rom=rom_of(nic), extra=DEBUG_EXIT)
        soak = Soak(pc, disk)
        soak.calls(10)
        return SimpleNamespace(target=target, pc=pc, soak=soak, wire=the_wire, dhcp=server)

    return start


def fault(group=None):
    def note(function):
        FAULTS[function.__name__] = function
        if group:
            GROUPS.setdefault(group, []).append(function)
        return function

    return note


def command(*operations):
    return lambda p, connection: p.is_command(*operations)


def opcode(number):
    return lambda p, connection: p.opcode == number


def reset(_, connection):
    connection.reset()


def swallow(_, connection):
    """No answer."""


# ---- the connection


@fault("connection")
def connection_reset(rig):
    rig.target.each(lambda connection: connection.reset())


@fault("connection")
def connection_closed(rig):
    rig.target.each(lambda connection: connection.close())


@fault("connection")
def closed_in_the_middle_of_a_pdu(rig):
    def act(p, connection):
        bhs = connection.header(pdu.DATA_IN, 0x81, p.itt)
        connection.raw(connection.pdu(bhs, bytes(p.expected))[: pdu.BHS + p.expected // 2])
        connection.close()

    rig.target.wait_fault(command(pdu.READ), act)


@fault("connection")
def closed_in_the_middle_of_a_header(rig):
    def act(p, connection):
        connection.raw(connection.header(pdu.DATA_IN, 0x81, p.itt)[:20])
        connection.reset()

    rig.target.wait_fault(command(pdu.READ), act)


@fault("connection")
def reset_after_r2t(rig):
    """The target has asked for a write's data, and is gone when it comes."""
    rig.target.wait_fault(opcode(pdu.DATA_OUT), reset, times=3)


@fault("connection")
def reset_with_a_write_half_done(rig):
    """It has begun to write, and nobody is told."""

    def act(p, connection):
        command_pdu = connection.writes[p.itt]["command"]
        os.pwrite(rig.target.file, p.data[: len(p.data) // 2 + 100], command_pdu.blocks()[0] * 512)
        connection.reset()

    rig.target.wait_fault(opcode(pdu.DATA_OUT), act, times=2)


@fault("connection")
def reset_with_a_write_done(rig):
    """It is on the disk, but its status gets lost: it is written once more."""

    def act(p, connection):
        lba, _ = p.blocks()
        os.pwrite(rig.target.file, p.data, lba * 512)
        connection.reset()

    rig.target.wait_fault(
        lambda p, _: p.is_command(pdu.WRITE) and len(p.data) == p.expected, act, times=2
    )


@fault("connection")
def garbage(rig):
    rig.target.wait_fault(command(pdu.READ), lambda p, c: c.raw(os.urandom(5000)), times=2)


@fault("connection")
def data_for_another_place(rig):
    """Data-In with offsets and lengths that lie."""

    def act(p, connection):
        for offset in (0xFFFFFE00, p.expected, 512):
            connection.send(connection.header(pdu.DATA_IN, 0, p.itt, False, offset=offset), bytes(512))

    rig.target.wait_fault(command(pdu.READ), act, times=2)


@fault("connection")
def half_open(rig):
    """The target's machine has crashed, and its last word gets lost."""
    rig.pc.set_link(False)
    rig.target.forget()
    rig.pc.set_link(True)


@fault("connection")
def link_flaps(rig):
    for number in range(20):
        rig.pc.set_link(bool(number % 2))
        time.sleep(0.02 * (number % 7))


def target_gone(rig, seconds):
    rig.target.stop()
    time.sleep(seconds)
    rig.target.start()


@fault("connection")
def target_killed(rig):
    target_gone(rig, 2)


def cable_out(rig, seconds):
    rig.pc.set_link(False)
    time.sleep(seconds)
    rig.pc.set_link(True)


@fault("connection")
def cable_out_for_a_second(rig):
    cable_out(rig, 1)


@fault()
def cable_out_for_a_minute(rig):
    cable_out(rig, 60)


@fault()
def target_killed_for_a_minute(rig):
    target_gone(rig, 60)


@fault()
def stops_reading(rig):
    """The connection stands, and nothing is taken from it."""
    rig.target.wait_fault(lambda *_: True, lambda *_: time.sleep(25) or True)


@fault()
def mute(rig):
    """All is read, and nothing answered, until the initiator comes anew."""
    number = rig.target.sessions()[0].number
    silence = rig.target.fault(lambda p, c: c.number == number, swallow, times=100000)
    rig.target.wait(lambda: any(c.number != number for c in rig.target.sessions()))
    silence.left = 0


# ---- logins, and what leads to them


def drop_and(rig, *faults):
    """Faults of the next logins."""
    added = [rig.target.fault(*one) for one in faults]
    connection_reset(rig)
    rig.target.wait(lambda: all(f.happened == f.times for f in added))


@fault("login")
def reset_in_login(rig):
    drop_and(rig, (opcode(pdu.LOGIN), reset, 3))


@fault("login")
def reset_in_the_first_commands(rig):
    drop_and(rig, (command(pdu.INQUIRY), reset), (command(pdu.READ_CAPACITY), reset))


@fault("login")
def login_refused_for_now(rig):
    drop_and(rig, (opcode(pdu.LOGIN), lambda p, c: c.login_answer(p, 0, 0x0301), 3))


@fault("login")
def garbage_in_login(rig):
    drop_and(rig, (opcode(pdu.LOGIN), lambda p, c: c.raw(os.urandom(500)), 2))


@fault("login")
def asked_to_log_out(rig):
    before = rig.target.accepted
    rig.target.each(lambda c: c.async_event(pdu.ASYNC_LOGOUT, 3))
    rig.target.wait(lambda: rig.target.accepted > before)


@fault("login")
def asked_to_log_out_in_a_write(rig):
    def act(p, connection):
        connection.async_event(pdu.ASYNC_LOGOUT, 3)

    rig.target.wait_fault(opcode(pdu.DATA_OUT), act)


@fault("login")
def connection_dropped_by_the_target(rig):
    def act(connection):
        connection.async_event(pdu.ASYNC_DROP_CONNECTION, 1)
        connection.close()

    rig.target.each(act)


@fault("login")
def redirected_and_the_goal_dies(rig):
    address, port = rig.target.portals[1]
    away = rig.target.fault(
        lambda p, c: p.opcode == pdu.LOGIN and c.portal == 0,
        lambda p, c: c.redirect(p, f"{address}:{port},1"), times=1000,
    )
    connection_reset(rig)
    rig.target.wait(lambda: rig.target.sessions(portal=1))
    rig.soak.calls(5)
    away.left = 0
    rig.target.stop(1)
    rig.target.wait(lambda: rig.target.sessions(portal=0))
    rig.target.start(1)


@fault("login")
def the_portal_dies(rig):
    """The other one was told of by SendTargets."""
    (session,) = rig.target.sessions()
    other = 1 - session.portal
    rig.target.stop(session.portal)
    rig.target.wait(lambda: rig.target.sessions(portal=other))
    rig.soak.calls(5)
    rig.target.start(session.portal)


@fault("login")
def another_disk(rig):
    """It answers for a while in place of ours; the screen says so, and it is left alone."""
    rig.target.name, name = "another-disk", rig.target.name
    writes = rig.target.fault(command(pdu.WRITE), swallow)
    connection_reset(rig)
    wait_for_line(rig.pc, line("OTHER_DISK", port=r"\d+") + ".*")
    assert writes.left
    writes.left = 0
    rig.target.name = name


@fault()
def login_hangs(rig):
    drop_and(rig, (opcode(pdu.LOGIN), swallow, 2))


# ---- the LUN


def answers(status):
    return lambda p, connection: connection.status(p.itt, status)


def checks(key_and_codes):
    return lambda p, connection: connection.check(p.itt, key_and_codes)


@fault("lun")
def busy(rig):
    rig.target.wait_fault(command(pdu.READ, pdu.WRITE), answers(pdu.BUSY), times=10)


@fault("lun")
def task_set_full(rig):
    rig.target.wait_fault(command(pdu.READ, pdu.WRITE), answers(pdu.TASK_SET_FULL), times=10)


@fault("lun")
def unit_attention(rig):
    rig.target.wait_fault(command(pdu.READ, pdu.WRITE), checks(pdu.RESET_OCCURRED), times=3)


@fault("lun")
def status_after_half_the_data(rig):
    """A read that ends too early, with status GOOD."""

    def act(p, connection):
        bhs = connection.header(pdu.DATA_IN, 0x83, p.itt)
        struct.pack_into(">I", bhs, 44, p.expected - 512)
        connection.send(bhs, bytes(512))

    rig.target.wait_fault(lambda p, _: p.is_command(pdu.READ) and p.expected > 512, act, times=2)


@fault("lun")
def command_rejected(rig):
    def act(p, connection):
        bhs = connection.header(pdu.REJECT, pdu.FINAL, pdu.NO_TAG)
        bhs[2] = 9
        connection.send(bhs, p.bhs)

    rig.target.wait_fault(command(pdu.READ, pdu.WRITE), act, times=2)


@fault("lun")
def pinged_all_the_time(rig):
    """Each ping wants its answer, and none may be lost between the data."""
    answered = rig.target.fault(
        lambda p, _: p.opcode == pdu.NOP_OUT and p.itt == pdu.NO_TAG, swallow, times=100
    )

    def ping(connection):
        tag = next(connection.tags)
        connection.send(connection.header(pdu.NOP_IN, pdu.FINAL, pdu.NO_TAG, False, ttt=tag))

    for _ in range(100):
        rig.target.each(ping)
        time.sleep(0.01)
    rig.target.wait(lambda: answered.happened == 100)


@fault("lun")
def one_command_at_a_time(rig):
    rig.target.window, window = 1, rig.target.window
    connection_reset(rig)
    rig.soak.calls(10)
    rig.target.window = window


def not_ready_for(rig, seconds):
    waking = rig.target.fault(
        lambda p, _: p.is_command() and not p.is_command(pdu.INQUIRY, pdu.REPORT_LUNS),
        checks(pdu.NOT_READY), times=100000,
    )
    if not rig.target.listeners:
        rig.target.start()
    wait_for_line(rig.pc, line("LUN_NOT_READY", port=r"\d+") + ".*")
    time.sleep(seconds)
    waking.left = 0


@fault("lun")
def rebooted_and_not_ready_for_10_seconds(rig):
    rig.target.stop()
    not_ready_for(rig, 10)


@fault()
def not_ready_for_a_minute(rig):
    not_ready_for(rig, 60)


# ---- the network between, where nobody sees it


def on_the_wire(calls, **settings):
    """A fault: so many calls with the wire set so."""

    def act(rig):
        rig.wire.set(**settings)
        rig.soak.calls(calls, timeout=300)
        rig.wire.clear()

    return act


def wire_fault(group, name, calls=50, **settings):
    act = on_the_wire(calls, **settings)
    act.__name__ = name
    fault(group)(act)


wire_fault("wire", "far_away", rtt=40)
wire_fault("wire", "jitter", delay=2, jitter=20)
wire_fault("wire", "loss_of_2_percent", loss=0.02)
wire_fault("wire", "duplicates", duplicate=0.1)
wire_fault("wire", "reordered", reorder=0.1)
wire_fault("wire", "corrupt_frames", corrupt=0.02)
wire_fault("wire", "slow_link", rate=2_000_000)
wire_fault("wire", "all_of_it", rtt=2, jitter=2, loss=0.02, reorder=0.02, corrupt=0.005, duplicate=0.01)
wire_fault(None, "loss_of_10_percent", loss=0.1)


def blackout(rig, seconds):
    rig.wire.blackout()
    time.sleep(seconds)
    rig.wire.blackout(False)


@fault("wire")
def blackout_of_a_second(rig):
    blackout(rig, 1)


@fault()
def blackout_of_20_seconds(rig):
    blackout(rig, 20)


@fault()
def blackout_of_a_minute(rig):
    blackout(rig, 60)


@fault()
def dhcp_server_gone_and_the_lease_over(rig):
    """Our address stays in use. When the target goes, too, the screen tells of the lease; and the disk
    comes back with the target alone."""
    rig.dhcp.stop()
    time.sleep(LEASE + 5)
    rig.soak.calls(50)
    rig.target.stop()
    wait_for_line(rig.pc, line("DHCP_LEASE", port=r"\d+") + ".*")
    rig.target.start()
    rig.soak.calls(50)
    rig.dhcp.start()
