"""A DHCP (and, when asked, DNS) server on one interface of a namespace."""

import time

from rig.child import Child, need


class Dnsmasq:
    """It gives 192.0.2.100 to .150 by default, and asks nobody first whether they are free.

    options: DHCP options as dnsmasq writes them, {17: "iscsi:...", "encap:175,190": "user"}; a value
    of None sends the option not at all (3 and 6 are sent by default). extra: more arguments. proxy: the
    network's address where it gives none, but says what to boot (proxyDHCP).
    """

    def __init__(self, namespace, directory, interface="tap0", first="192.0.2.100",
                 last="192.0.2.150", netmask="255.255.255.0", lease="1h", options=None,
                 hosts=None, extra=(), proxy=None):
        need("dnsmasq")
        addresses = f"{proxy},proxy" if proxy else f"{first},{last},{netmask},{lease}"
        command = [
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--log-dhcp",
            f"--interface={interface}", "--bind-interfaces", "--except-interface=lo",
            f"--dhcp-range={addresses}", "--no-ping", "--dhcp-authoritative",
            f"--dhcp-leasefile={directory}/leases", "--no-resolv", "--no-hosts",
            f"--port={53 if hosts else 0}",
        ]
        for option, value in (options or {}).items():
            # Sent whether asked for or not; without a value it would be sent empty.
            if value is None:
                command.append(f"--dhcp-option={option}")
            else:
                command.append(f"--dhcp-option-force={option},{value}")
        for name, address in (hosts or {}).items():
            command.append(f"--host-record={name},{address}")
        self.log = directory / "dnsmasq.log"
        self.command, self.namespace = [*command, *extra], namespace
        self.child = None
        self.start()

    def start(self):
        self.child = Child(self.command, self.log, self.namespace)
        while "started" not in self.log.read_text(errors="replace"):
            self.child.check()
            time.sleep(0.01)

    def stop(self):
        self.child.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
