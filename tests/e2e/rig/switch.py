"""A switch that does not remember for long who is where."""

MAC = "52:54:00:12:34:56"  # Qemu's


class Switch:
    """A bridge between a TAP device and this end of the network, which gets the address.

    A MAC address that has said nothing for `ageing` seconds is forgotten, and what goes to an address
    that it does not know is dropped: so are switches that may not flood (a virtual machine's network,
    "block unknown unicast"). Broadcasts pass.
    """

    def __init__(self, namespace, ageing, name="sw0", port="tap0", address="192.0.2.1/24"):
        self.namespace, self.name = namespace, name
        namespace.ip(
            f"addr del {address} dev {port}",
            f"link add {name} type bridge forward_delay 0 ageing_time {ageing * 100}",
            f"link set {port} master {name}",
            f"link set {port} type bridge_slave flood off",
            f"addr add {address} dev {name}",
            f"link set {name} up",
        )

    def knows(self, mac=MAC):
        shown = self.namespace.run("bridge", "fdb", "show", "br", self.name, capture_output=True)
        return mac.encode() in shown.stdout

    def forget_neighbours(self):
        """This end of the network forgets its ARP entries."""
        self.namespace.ip(f"neigh flush dev {self.name}")
