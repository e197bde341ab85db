"""The configurations that README.md prints work as printed."""

import re
import shlex

from conftest import TOP


def example(name):
    text = (TOP / "README.md").read_text()
    return re.search(rf"<!-- example: {name} -->\n```\n(.*?)```", text, re.S)[1]


def test_readme_target_and_dhcp_server(net, tgtd, machine, iso, stack, logs, demo_disk):
    from rig.child import Child

    server = tgtd()
    for line in (example("target") + example("chap")).splitlines():
        line = line.replace("/srv/disk.img", str(demo_disk))
        command = shlex.split(line)
        assert command[:3] == ["tgtadm", "--lld", "iscsi"]
        server.admin(*command[3:])
    config = logs / "dnsmasq.conf"
    config.write_text(example("dnsmasq").replace("interface=eth1", "interface=tap0"))
    dnsmasq = Child(
        ["dnsmasq", "--no-daemon", f"--conf-file={config}", "--port=0", "--no-ping",
         f"--dhcp-leasefile={logs}/leases"], logs / "dnsmasq.log", net)
    stack.callback(dnsmasq.kill)
    pc = machine(namespace=net, tap="tap0", iso=iso())
    pc.expect(r"^Target   iqn\.2026-01\.org\.example:disk at 192\.0\.2\.1:3260, LUN 1", 60)
    pc.expect("lunboot demo disk: GRUB menu reached", 60)
