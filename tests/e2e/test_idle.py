"""Between INT 13h calls: a user sits at a boot menu, and the target wants to know who is there."""

import json
import re
import subprocess
import time
from types import SimpleNamespace

import pytest
from bootdisk import BootDisk, on_lun, run  # noqa: F401 (fixtures)
from rig.child import need
from rig.switch import Switch
from test_debian import BOOT

NOP_INTERVAL = 2  # seconds
NOP_COUNT = 3  # this many without an answer, and tgtd drops the connection


@pytest.mark.slow
@pytest.mark.parametrize("accel, seconds", [("tcg", 60), ("kvm", 20)])
def test_nop_in_is_answered_while_idle(logs, on_lun, accel, seconds):
    disk = BootDisk(logs / "disk", "idle", 8, seconds=seconds,
                    reads=100 if accel == "tcg" else 10)
    pc, target = on_lun(
        disk, target={"nop_interval": NOP_INTERVAL, "nop_count": NOP_COUNT}, accel=accel
    )
    pc.e9.expect("^@ idle", 120)
    start = time.monotonic()
    at_start = target.connections()
    assert len(at_start) == 1
    pc.e9.expect("^@ awake", seconds + 60)
    elapsed = time.monotonic() - start
    assert elapsed > seconds * 0.9 > NOP_INTERVAL * NOP_COUNT
    assert target.connections() == at_start
    report = run(pc)
    report.check_reads(disk)
    # Not one tick in ten was lost to the BIOS's clock.
    ((first,), (last,)) = report.numbers("idle"), report.numbers("awake")
    assert last[0] - first[0] >= elapsed * 18.2 * 0.9


LEASE = 120  # seconds: the shortest that dnsmasq gives
PING_INTERVAL = 4
PING_COUNT = 4
AGEING = 2  # by the next ping the switch has forgotten the PC, until that says something or ARP finds it
PDU = 48  # bytes, of those without data


def wait_at_a_menu(image):
    """What GRUB does on the Debian disk by itself, it does when its only menu entry is chosen."""
    need("debugfs")
    file_system, grub_cfg = f"{image}?offset={1 << 20}", "/boot/grub/grub.cfg"
    old = subprocess.run(["debugfs", "-R", f"cat {grub_cfg}", file_system], check=True,
                         capture_output=True, text=True).stdout
    at = old.index("linux ")
    new = image.with_suffix(".cfg")
    new.write_text(f'{old[:at]}menuentry "The only entry" {{\n{old[at:]}}}\n')
    subprocess.run(["debugfs", "-w", "-f", "-", file_system], check=True, capture_output=True, text=True,
                   input=f"rm {grub_cfg}\nwrite {new} {grub_cfg}\n")


def connection(net):
    """The one with the PC: the PC's address and port, and what has been counted in bytes and segments."""
    shown = net.run("ss", "-tinHO", "state", "established", "sport", "=", ":3260",
                    capture_output=True, text=True).stdout
    (line,) = shown.splitlines()

    def count(pattern):
        found = re.search(pattern, line)
        return int(found[1]) if found else 0

    return SimpleNamespace(
        peer=line.split()[3], received=count(r"bytes_received:(\d+)"), resent=count(r"retrans:\d+/(\d+)")
    )


@pytest.mark.slow
@pytest.mark.parametrize("seconds, renewal", [
    (40, 15), pytest.param(600, LEASE // 2, marks=pytest.mark.soak)
])
def test_idle_at_a_menu(net, tgtd, dhcp, machine, iso, debian_disk, logs, seconds, renewal):
    """It boots later, from the same session: the lease has been renewed, the target's pings have
    been answered, and whenever the switch had forgotten the PC it was found again."""
    wait_at_a_menu(debian_disk)
    switch = Switch(net, AGEING)
    target = tgtd(nop_interval=PING_INTERVAL, nop_count=PING_COUNT).target().lun(debian_disk)
    options = {17: target.root_path()}
    if renewal != LEASE // 2:
        options[58] = renewal
    server = dhcp(interface="sw0", lease=f"{LEASE}s", options=options)
    pc = machine(namespace=net, tap="tap0", iso=iso(), memory="512M")
    pc.expect("The only entry", 120)

    sessions, first = target.connections(), connection(net)
    asked = server.log.read_text().count
    requests, acks, discovers = asked("DHCPREQUEST("), asked("DHCPACK("), asked("DHCPDISCOVER(")
    start = time.monotonic()
    forgotten, known = 0, True
    while time.monotonic() < start + seconds:
        pc.child.check()
        was_known, known = known, switch.knows()
        if was_known and not known:
            forgotten += 1
            if forgotten % 2:
                switch.forget_neighbours()
        time.sleep(0.2)

    last = connection(net)
    assert seconds > PING_INTERVAL * (PING_COUNT + 1)  # silent so long, and tgtd drops it
    assert target.connections() == sessions and len(sessions) == 1
    assert last.peer == first.peer
    assert forgotten > seconds / 20 and last.resent > first.resent  # as the switch has dropped pings
    asked = server.log.read_text().count
    renewals = asked("DHCPACK(") - acks
    assert renewals == asked("DHCPREQUEST(") - requests >= seconds // renewal - 1
    assert asked("DHCPDISCOVER(") == discovers
    (logs / "idle.json").write_text(json.dumps({
        "seconds": seconds, "renewals": renewals, "pdus": (last.received - first.received) // PDU,
        "forgotten": forgotten, "resent": last.resent - first.resent,
    }))

    pc.key("ret")
    pc.expect("^GRUB has read the initrd", 120)
    assert target.connections() == sessions and connection(net).peer == first.peer
    pc.expect("^report: root is on an iSCSI disk", BOOT)
    pc.expect("^report: files are whole", 60)
    pc.expect("lunboot-debian login:", 90)
