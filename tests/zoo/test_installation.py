"""Debian's installer, from a CD that is one LUN, onto an empty disk that is another; then that boots alone.

The PC has no disk of its own. Of the two targets the installer's Linux learns from the iBFT, its packages come from a
mirror in the test's network.
"""

import json
import struct
import sys
import time
from pathlib import Path

import pytest
from guests import installer_cd, installer_files
from mirror import mirror
from nics import rom_of
from rig.child import Child
from rig.commit import commit
from rig.dnsmasq import Dnsmasq
from rig.tgtd import Tgtd

HERE = Path(__file__).resolve().parent
SIZE = 3 << 30
ANSWERS = ("auto=true", "priority=critical", "url=http://192.0.2.1/preseed.cfg", "language=en", "country=US",
           "locale=en_US.UTF-8", "hostname=installed", "domain=example.org", "interface=auto", "net.ifnames=0",
           "ipv6.disable=1")
NIC = "virtio-net-pci"  # the kernel for virtual machines, a third of the other one's size, has no other of QEMU's
HOURS = 2 * 3600
STEPS = ("the installer's disk", r"^installer: the disk is /dev/sda"), ("installed", "installer: done")


def kernel_of(file):
    """The version of a Linux for PCs (its boot protocol, kernel_version)."""
    image = file.read_bytes()
    at = struct.unpack_from("<H", image, 0x20E)[0] + 0x200
    return image[at:].split(b" ", 1)[0].decode()


def serve_mirror(net, logs):
    """By HTTP, with the installer's answers beside it."""
    root = logs / "http"
    root.mkdir()
    (root / "debian").symlink_to(mirror(kernel_of(installer_files() / "linux")))
    (root / "preseed.cfg").write_text((HERE / "installer/preseed.cfg").read_text())
    return Child([sys.executable, "-m", "http.server", "80", "--bind", "192.0.2.1", "--directory", root],
                 logs / "http.log", net)


def two_targets(stack, net, logs):
    """The CD's, and the empty disk's."""
    (logs / "guest").mkdir()
    cd, disk = installer_cd(logs / "guest", *ANSWERS), logs / "disk.img"
    with open(disk, "wb") as file:
        file.truncate(SIZE)
    targets = []
    for name, port in (("cd", 3260), ("disk", 3261)):
        (logs / f"tgtd-{name}").mkdir()
        server = stack.enter_context(Tgtd(net, logs / f"tgtd-{name}", port=port))
        targets.append(server.target(f"iqn.2026-01.org.lunboot:{name}"))
    targets[0].lun(cd, cd=True, scsi_id="cd", scsi_sn="cd")
    targets[1].lun(disk, scsi_id="disk", scsi_sn="disk")
    return targets


def dhcp(net, logs, name, options):
    (logs / name).mkdir()
    return Dnsmasq(net, logs / name, options=options, first="192.0.2.100", last="192.0.2.100")


@pytest.mark.zoo
def test_installation(logs, net, stack, machine):
    http = serve_mirror(net, logs)
    stack.callback(http.kill)
    cd, disk = two_targets(stack, net, logs)
    pc = {"namespace": net, "tap": "tap0", "nic": NIC, "rom": rom_of(NIC), "memory": "1G"}
    took, start = {}, time.monotonic()

    def reached(what):
        took[what] = round(time.monotonic() - start)

    with dhcp(net, logs, "dhcp-installer", {6: "192.0.2.1", 17: cd.root_path(), "encap:175,233": disk.root_path()}):
        installer = machine(**pc)
        for step, says in STEPS:
            installer.expect(says, HOURS, allow_bad=True)
            reached(step)
        assert installer.wait(60) == 0
        installer.stop()
    for log in "serial", "e9":
        (logs / f"{log}.log").rename(logs / f"{log}-installer.log")
    cd.tgtd.stop()
    http.kill()

    with dhcp(net, logs, "dhcp-installed", {17: disk.root_path()}):
        installed = machine(**pc)
        installed.expect("installed login:", HOURS)
        reached("the disk's login")
    (logs / "installation.json").write_text(json.dumps({"took": took, "commit": commit(),
                                                        "date": time.strftime("%Y-%m-%d")}))
