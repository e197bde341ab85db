"""The configurations that README.md prints work as printed, and what it names is there."""

import re
import shlex
import shutil

import pytest

from rig.child import Child, need
from rig.paths import BUILD, TOP

PXE_ROM = "/usr/lib/ipxe/qemu/pxe-e1000.rom"
LONGEST = 250  # lines: what a user needs, and no more


def example(name):
    text = (TOP / "README.md").read_text()
    return re.search(rf"<!-- example: {name} -->\n```\n(.*?)```", text, re.S)[1]


@pytest.fixture
def files(logs):
    """What the TFTP server has."""
    files = logs / "tftp"
    files.mkdir()
    shutil.copy(BUILD / "lunboot.pxe", files)
    return files


@pytest.fixture
def target(tgtd, demo_disk):
    """With CHAP."""
    target = tgtd()
    for line in example("target").splitlines():
        line = line.replace("/srv/disk.img", str(demo_disk))
        command = shlex.split(line, comments=True)
        assert command[:3] == ["tgtadm", "--lld", "iscsi"]
        target.admin(*command[3:])


@pytest.fixture
def dnsmasq(net, stack, logs, files):
    """dnsmasq(text) starts it with this configuration."""

    def start(text):
        config = logs / "dnsmasq.conf"
        config.write_text(text.replace("interface=eth1", "interface=tap0").replace("/srv/tftp", str(files)))
        child = Child(
            ["dnsmasq", "--no-daemon", f"--conf-file={config}", "--port=0", "--no-ping",
             f"--dhcp-leasefile={logs}/leases"], logs / "dnsmasq.log", net)
        stack.callback(child.kill)

    return start


@pytest.fixture
def servers(target, dnsmasq):
    """The target, and the DHCP and TFTP server."""
    dnsmasq(example("dnsmasq"))


def boots(pc):
    pc.expect(r"^Target   iqn\.2026-01\.org\.example:disk at 192\.0\.2\.1:3260, LUN 1", 60)
    pc.expect("lunboot demo disk: GRUB menu reached", 60)


def test_readme_target_and_dhcp_server(net, servers, machine, iso):
    assert "--op new --mode account" in example("target") and "encap:175,190" in example("dnsmasq")
    boots(machine(namespace=net, tap="tap0", iso=iso()))


def test_readme_settings_file(net, target, dnsmasq, files, machine, iso):
    """In place of options 17 and 175, from a server that has lunboot.pxe for others."""
    (files / "lunboot.conf").write_text(example("settings-file"))
    kept = [line for line in example("dnsmasq").splitlines() if re.match("interface|dhcp-range|dhcp-option=", line)]
    assert len(kept) == 3
    dnsmasq("\n".join([*kept, example("dnsmasq-file")]))
    boots(machine(namespace=net, tap="tap0", iso=iso()))


@pytest.mark.slow
def test_readme_pxe(net, servers, machine, logs):
    """The same two servers, and QEMU's own PXE ROM."""
    need(PXE_ROM)
    boots(machine(namespace=net, tap="tap0", rom=PXE_ROM))
    assert "lunboot.pxe to 192.0.2." in (logs / "dnsmasq.log").read_text()


def test_readme_is_short():
    assert len((TOP / "README.md").read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("document", ["README.md", "kernel/ERRORS.md", "tests/README.md", "tests/bench/RESULTS.md",
                                      "tests/e2e/RESULTS.md", "tests/fuzz/RESULTS.md"])
def test_what_is_named_is_there(document):
    """Files of the sources that it names, from the top, and its links, from its own folder."""
    text = (TOP / document).read_text()
    named = set(re.findall(r"`((?:boot|iso|kernel|tests|tools)/[\w./-]*)`", text))
    linked = set(re.findall(r"\]\(([^)#:]+)\)", text))
    assert named or linked
    assert not [name for name in named if not (TOP / name).exists()]
    assert not [name for name in linked if not (TOP / document).parent.joinpath(name).exists()]
