"""A real Debian whose root file system is on the LUN, started from the ISO."""

import re

import pytest

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


@pytest.mark.slow
def test_debian_by_static_settings(net, tgtd, machine, iso, debian_disk):
    """No DHCP server at all; mutual CHAP, another port and LUN than the usual ones."""
    target = tgtd(port=860).target("iqn.2026-01.org.lunboot:debian").lun(debian_disk, lun=10)
    target.chap("reader", "a-secret-of-16-b", "keeper", "another-secret-1")
    media = iso(
        "ip=192.0.2.77/24", f"root-path={target.root_path(lun=10)}",
        "initiator-iqn=iqn.2026-01.org.lunboot:static", "username=reader",
        "password=a-secret-of-16-b", "reverse-username=keeper", "reverse-password=another-secret-1",
    )
    pc = machine(namespace=net, tap="tap0", iso=media, memory="512M")
    pc.expect(r"^Address  192\.0\.2\.77/24", 30)
    check_report(pc, target, "192.0.2.77")
    assert "iqn.2026-01.org.lunboot:static" in pc.serial.text()
    for secret in ("a-secret-of-16-b", "another-secret-1"):
        assert secret not in pc.serial.text() + pc.e9.text()
