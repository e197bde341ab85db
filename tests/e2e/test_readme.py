"""The configurations that README.md prints work as printed, and what it names is there."""

import json
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


def recipe(title):
    """The line below this comment, in the commands for a NIC's ROM."""
    return re.search(rf"^# {title}.*\n(.*)", (TOP / "README.md").read_text(), re.M)[1]


def of_libvirt(line, machine):
    """What libvirt 9 gives to QEMU for an <interface> of a network; on q35 it puts it behind a root port."""
    kind, rom = re.fullmatch(r"<model type='(\w+)'/> <rom file='([^']+)'/>", line).groups()
    device = {"driver": {"virtio": "virtio-net-pci"}.get(kind, kind), "netdev": "hostnet0", "id": "net0",
              "mac": "52:54:00:12:34:56", "bootindex": 1, "bus": "pci.0", "addr": "0x3", "romfile": rom}
    port = ()
    if machine == "q35":
        root = {"driver": "pcie-root-port", "port": 16, "chassis": 1, "id": "pci.1", "bus": "pcie.0",
                "multifunction": True, "addr": "0x2"}
        port, device["bus"], device["addr"] = ("-device", json.dumps(root)), "pci.1", "0x0"
    return [*port, "-netdev", "tap,id=hostnet0", "-device", json.dumps(device)]


RECIPES = {"QEMU": lambda line, *_: shlex.split(line)[3:], "libvirt": of_libvirt,
           "Proxmox VE": lambda line, *_: shlex.split(line)[1:]}


@pytest.mark.parametrize("title", RECIPES)
@pytest.mark.parametrize("nic, kind, ids", [("e1000e", "q35", "808610d3"), ("virtio-net-pci", "pc", "1af41000"),
                                            ("virtio-net-pci", "q35", "1af41041")])
def test_readme_rom(net, tgtd, dhcp, machine, second_disk, title, nic, kind, ids):
    """A NIC's ROM, as the line for a hypervisor says, with another NIC in place of its e1000."""
    if title != "libvirt" and ids == "1af41041":
        nic += ",disable-legacy=on"
    dhcp(options={17: tgtd().target().lun(second_disk).root_path()})
    name = "virtio" if title == "libvirt" and "virtio" in nic else nic
    line = re.sub(r"\be1000\b", name, recipe(title)).replace("8086100e", ids)
    words = RECIPES[title](line, kind)
    words = [re.sub(r"[\w/]*/(?=lunboot-\w+\.rom)", f"{BUILD}/", word) for word in words]
    words = [re.sub(r"^tap,.*?(id=\w+).*", r"tap,\1,ifname=tap0,script=no,downscript=no", word) for word in words]
    assert any("lunboot-" in word for word in words) and any("ifname" in word for word in words)
    machine(namespace=net, extra=("-M", kind, *words)).expect("the second disk has booted", 60)


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
