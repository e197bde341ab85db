"""A real Debian whose root file system is on the LUN, started from the ISO. The NICs take turns."""

import hashlib
import random
import re
import time

import pytest
from nics import NICS
from rig.tgtd import Tgtd

BOOT = 240  # seconds, for a busy machine under TCG


def check_report(pc, target, address):
    """Debian's own word on what it has booted from; see report in debian-image."""
    pc.expect("^GRUB on the Debian disk", 60)
    pc.expect("^GRUB has read the initrd", 90)
    pc.expect("^report: root is on an iSCSI disk", BOOT)
    end = pc.expect(r"(?s).*^report: end", 60)[0]
    assert "report: files are whole" in end

    def ibft(name):
        return re.search(rf"^report: ibft {name} (.*)$", end, re.M)[1]

    assert ibft("target0/target-name") == target.iqn
    assert ibft("target0/ip-addr") == "192.0.2.1"
    assert ibft("target0/port") == str(target.tgtd.port)
    assert ibft("ethernet0/ip-addr") == address
    assert ibft("ethernet0/mac") == "52:54:00:12:34:56"
    # The name that logged in to lunboot's session is the one that Linux goes on with.
    name = ibft("initiator/initiator-name")
    assert f"report: session {target.iqn} LOGGED_IN initiator {name}" in end
    pc.expect("lunboot-debian login:", 90)


@pytest.mark.slow
def test_debian_by_dhcp(net, tgtd, dhcp, machine, iso, debian_disk):
    target = tgtd().target("iqn.2026-01.org.lunboot:debian").lun(debian_disk)
    dhcp(options={17: target.root_path()}, first="192.0.2.100", last="192.0.2.100")
    pc = machine(namespace=net, tap="tap0", iso=iso(), memory="512M")
    pc.expect(r"^Address  192\.0\.2\.100/24", 30)
    check_report(pc, target, "192.0.2.100")


@pytest.mark.machines
@pytest.mark.parametrize("nic", NICS)
def test_debian_from_iso(net, tgtd, dhcp, machine, iso, debian_disk, nic):
    target = tgtd().target("iqn.2026-01.org.lunboot:debian").lun(debian_disk)
    dhcp(options={17: target.root_path()}, first="192.0.2.100", last="192.0.2.100")
    check_report(machine(namespace=net, tap="tap0", nic=nic, iso=iso(), memory="512M"), target, "192.0.2.100")


@pytest.mark.slow
def test_debian_by_static_settings(net, stack, logs, machine, iso, debian_disk):
    """No DHCP server at all; mutual CHAP, other ports and another LUN than the usual ones. Linux gets a
    gateway, and logs in by both root paths."""
    paths = []
    for port in (861, 860):
        (logs / f"tgtd{port}").mkdir()
        server = stack.enter_context(Tgtd(net, logs / f"tgtd{port}", port=port))
        target = server.target("iqn.2026-01.org.lunboot:debian")
        target.lun(debian_disk, lun=10, scsi_id="the-disk", scsi_sn="the-disk")
        target.chap("reader", "a-secret-of-16-b", "keeper", "another-secret-1")
        paths.insert(0, target.root_path(lun=10))
    media = iso(
        "ip=192.0.2.77/24", "gateway=192.0.2.1", f"root-path={' '.join(paths)}",
        "initiator-iqn=iqn.2026-01.org.lunboot:static", "username=reader",
        "password=a-secret-of-16-b", "reverse-username=keeper", "reverse-password=another-secret-1",
    )
    pc = machine(namespace=net, tap="tap0", nic="e1000e", iso=media, memory="512M")
    pc.expect(r"^Address  192\.0\.2\.77/24", 30)
    check_report(pc, target, "192.0.2.77")
    said = pc.serial.text()
    assert "report: ibft target1/port 861" in said and "report: ibft ethernet0/gateway 192.0.2.1" in said
    for port in (860, 861):
        assert re.search(rf"^iscsistart: .* portal: 192\.0\.2\.1,{port}\] .* is operational now", said, re.M)
    assert "iqn.2026-01.org.lunboot:static" in pc.serial.text()
    for secret in ("a-secret-of-16-b", "another-secret-1"):
        assert secret not in pc.serial.text() + pc.e9.text()


@pytest.mark.slow
def test_debian_by_both_targets_of_the_ibft(net, stack, logs, dhcp, machine, iso, debian_disk):
    """Root on the first, another disk on the second; each wants to know us, and has to prove itself."""
    other = logs / "other.img"
    other.write_bytes(random.Random(1).randbytes(4 << 20))
    targets = []
    for name, disk, port in (("debian", debian_disk, 3260), ("other", other, 3261)):
        (logs / f"tgtd-{name}").mkdir()
        server = stack.enter_context(Tgtd(net, logs / f"tgtd-{name}", port=port))
        target = server.target(f"iqn.2026-01.org.lunboot:{name}").lun(disk, scsi_id=name, scsi_sn=name)
        targets.append(target.chap("reader", "a-secret-of-16-b", "keeper", "another-secret-1"))
    root, second = targets
    dhcp(options={17: root.root_path(), "encap:175,233": second.root_path(),
                  "encap:175,190": "reader", "encap:175,191": "a-secret-of-16-b",
                  "encap:175,192": "keeper", "encap:175,193": "another-secret-1"},
         first="192.0.2.100", last="192.0.2.100")
    pc = machine(namespace=net, tap="tap0", iso=iso(), memory="512M")
    check_report(pc, root, "192.0.2.100")
    said = pc.serial.text()
    for target in targets:
        way = rf"target: {target.iqn}, portal: 192\.0\.2\.1,{target.tgtd.port}\]"
        assert re.search(rf"^iscsistart: .*{way} .* is operational now", said, re.M)
        assert f"report: fw node.name = {target.iqn}\n" in said
        assert f"report: session {target.iqn} LOGGED_IN " in said
    assert said.count("report: fw node.session.auth.username = reader\n") == 2
    begins = hashlib.md5(other.read_bytes()[:65536]).hexdigest()
    assert f"report: disk {second.iqn} begins {begins} " in said
    for secret in ("a-secret-of-16-b", "another-secret-1"):
        assert secret not in said


def wait_for_bytes(line, more):
    """Until so many more bytes have gone to the PC."""
    deadline = time.monotonic() + 120
    end = line.stats()["to-pc"]["bytes"] + more
    while line.stats()["to-pc"]["bytes"] < end:
        assert time.monotonic() < deadline, "the disk is not read any more"
        time.sleep(0.05)


@pytest.mark.slow
def test_debian_by_a_bad_line_from_a_target_that_dies(net, tgtd, dhcp, machine, iso, wire, debian_disk):
    """GRUB, by way of lunboot, reads the right bytes all the same: its initrd is unpacked, its kernel runs.

    The target is killed before GRUB reads the kernel, in the middle of it, and in the middle of the
    initrd. When GRUB is done the line is good: the rest of the way is Linux's.
    """
    server = tgtd()
    target = server.target("iqn.2026-01.org.lunboot:debian").lun(debian_disk)
    dhcp(options={17: target.root_path()}, first="192.0.2.100", last="192.0.2.100")
    line = wire(seed=3)
    line.set(loss=0.02, reorder=0.02, corrupt=0.005, duplicate=0.01)
    pc = machine(namespace=net, wire=line, nic="virtio-net-pci", iso=iso(), memory="512M")
    pc.expect("^GRUB on the Debian disk", 120)
    server.restart()
    wait_for_bytes(line, 3 << 20)
    server.restart()
    pc.expect("^GRUB has read the kernel", 180)
    wait_for_bytes(line, 2 << 20)
    server.restart()
    assert "GRUB has read the initrd" not in pc.serial.text()
    pc.expect("^GRUB has read the initrd", 240)
    lost = line.stats()
    line.clear()
    pc.expect("^report: root is on an iSCSI disk", BOOT)
    pc.expect("^report: files are whole", 60)
    pc.expect("lunboot-debian login:", 90)
    for way in ("to-pc", "from-pc"):
        assert lost[way]["lost"] and lost[way]["corrupted"] and lost[way]["reordered"]
