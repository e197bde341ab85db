"""What the targets have in common that are a process, or a part of one, at the host's end of tap0."""

from contextlib import ExitStack

from rig.initiator import Initiator


class OnHost:
    """Use as a context manager. Portals are at 192.0.2.1 and so on."""

    OTHERWISE = {}
    FIRST_LUN = 0
    INTERFACE = "tap0"  # where the PC is
    iqn = None

    def __init__(self, net, wanted):
        self.net, self.wanted, self.stack = net, wanted, ExitStack()
        self.lun = self.FIRST_LUN if wanted.lun is None else wanted.lun
        self.addresses = [f"192.0.2.{n}" for n in range(1, wanted.portals + 1)]
        net.ip(*(f"addr add {address}/24 dev tap0" for address in self.addresses[1:]))

    def another(self):
        """Another initiator, logged in."""
        return self.stack.enter_context(Initiator(self.net, self.addresses[0], self.iqn))

    def reserve(self):
        """For another initiator, when that is wanted."""
        if self.wanted.reserved:
            self.another().reserve(self.lun, "exclusive access")

    def lose(self, portal):
        """Its address; those behind it on the interface go with it, and come back."""
        others = [address for address in self.addresses if address != self.addresses[portal - 1]]
        self.net.ip(f"addr del {self.addresses[portal - 1]}/24 dev tap0",
                    *(f"addr replace {address}/24 dev tap0" for address in others))

    def settle(self):
        """A write is in the image when the target says that it is done."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()
