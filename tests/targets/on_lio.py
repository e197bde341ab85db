"""LIO, of Linux 6.1, in a machine of its own, which serves all set-ups of a worker one after the other."""

from contextlib import ExitStack
from dataclasses import dataclass

from rig.initiator import Initiator
from rig.lio import BRIDGE
from setups import BOTH_WAYS, KNOWS, KNOWS_BOTH, OURS, USER, Setup, Wanted, settings

PORTALS = "192.0.2.11", "192.0.2.12"


@dataclass(frozen=True)
class Like(Wanted):
    """What LIO can be like besides."""

    keys: tuple = ()  # pairs: what it negotiates with
    attributes: tuple = ()  # pairs, of its portal group
    states: tuple = ()  # of ALUA, one for each portal
    held: str = ""  # how the other initiator has reserved the LUN
    block_size: int = 512


SECOND_IS_BEST = "non-optimized", "optimized"
BY_THE_SECOND = rf"^Target +\S+ at {PORTALS[0]}:3260, LUN 1\n +connected to {PORTALS[1]}:3260$"

SETUPS_OF_LIO = {
    # who may come, and to what
    "AuthMethod=None": Setup(Like(keys=(("AuthMethod", "None"),))),
    "AuthMethod=None, CHAP given": Setup(Like(keys=(("AuthMethod", "None"),)), KNOWS),
    "ACL and mutual CHAP SHA3-256": Setup(Wanted(only=OURS, chap=USER, mutual=BOTH_WAYS.mutual, algorithm="sha3-256"),
                                          KNOWS_BOTH + settings(chap="sha3-256")),
    "read-only by ACL": Setup(Wanted(only=OURS, read_only=True)),
    # what is negotiated
    "no immediate data": Setup(Like(keys=(("ImmediateData", "No"), ("InitialR2T", "Yes")))),
    "no R2T at first": Setup(Like(keys=(("InitialR2T", "No"), ("MaxOutstandingR2T", "8")))),
    "smallest PDUs": Setup(Like(keys=(("MaxRecvDataSegmentLength", "512"), ("MaxXmitDataSegmentLength", "512"),
                                      ("FirstBurstLength", "512"), ("MaxBurstLength", "512")))),
    "recovery level 2, 8 connections": Setup(Like(keys=(("ErrorRecoveryLevel", "2"), ("MaxConnections", "8")))),
    "pings": Setup(Like(only=OURS, attributes=(("nopin_timeout", "3"), ("nopin_response_timeout", "3")))),
    # the LUN
    "blocks of 4096": Setup(Like(block_size=4096)),
    "write exclusive": Setup(Like(held="write exclusive", read_only=True)),
    "reserved LUN, RESERVE(6)": Setup(Like(held="reserve(6)"), expect="LUN_RESERVED"),
    # paths
    "standby": Setup(Like(states=("standby",)), expect="LUN_STANDBY"),
    "unavailable": Setup(Like(states=("unavailable",)), expect="LUN_STANDBY"),
    "non-optimized": Setup(Like(states=("non-optimized",))),
    "standby, second optimized": Setup(Like(states=("standby", "optimized"), portals=2), shows=BY_THE_SECOND),
    "non-optimized, second optimized": Setup(Like(states=SECOND_IS_BEST, portals=2), shows=BY_THE_SECOND),
}


QUICK = (
    "plain", "unknown target", "other initiator", "CHAP not wanted", "mutual CHAP SHA-256", "mutual CHAP impostor",
    "AuthMethod=None, CHAP given", "both digests, mutual CHAP", "LUN 300", "reserved LUN", "two portals",
    "non-optimized, second optimized",
)


class OnLio:
    NAME = "LIO"
    INTERFACE = BRIDGE
    QUICK = QUICK
    LONG = (
        "our initiator", "closes at once", "CHAP", "CHAP SHA-1", "CHAP SHA-256", "CHAP SHA3-256", "CHAP wrong secret",
        "CHAP wrong user", "CHAP no user", "mutual CHAP", "mutual CHAP wrong secret", "mutual CHAP one-way asked",
        "mutual CHAP not wanted", "mutual CHAP one-way there", "header digest", "data digest", "both digests",
        "digests asked for", "digests required", "LUN 0", "LUN 255", "LUN not there", "LUN 300 not there",
        "read-only LUN", "queue depth 1", *(name for name in SETUPS_OF_LIO if name not in QUICK),
    )
    OTHERWISE = {
        # 0301h for a name that it does not know, and for a portal group that is not enabled
        "unknown target": "LOGIN_UNAVAILABLE",
        "closes at once": "LOGIN_UNAVAILABLE",
        "other initiator": "LOGIN_FORBIDDEN",
        # it chooses CHAP, and then has no name to compare with
        "mutual CHAP not wanted": "LOGIN_ALGORITHM",
        "mutual CHAP one-way there": "LOGIN_TARGET_AUTH",
    }

    def __init__(self, net, directory, image, wanted):
        self.net, self.wanted = net, wanted
        self.lun = 1 if wanted.lun is None else wanted.lun
        # The next set-up finds the machine as this one did, also when this one fails.
        with ExitStack() as self.stack:
            self.disk = net.lio.disk(image, like("block_size", wanted))
            self.stack.callback(self.disk.remove)
            self.groups = self.portal_groups()
            kind = like("held", wanted) or wanted.reserved and "exclusive access"
            if kind:
                self.another().reserve(self.lun, kind)
            if wanted.gone:
                self.groups[0].enable(False)
            self.stack = self.stack.pop_all()

    def portal_groups(self):
        """One for each path that is to be in another state than the others, else one with all portals."""
        for address in PORTALS[1 : self.wanted.portals]:
            self.net.lio.address(address)
            self.stack.callback(self.net.lio.address, address, there=False)
        states = like("states", self.wanted)
        if len(states) < 2:
            return [self.group(1, PORTALS[: self.wanted.portals], *(states or [None]))]
        return [self.group(n + 1, PORTALS[n : n + 1], state) for n, state in enumerate(states)]

    def group(self, tag, portals, state):
        wanted = self.wanted
        group = self.net.lio.target(portals=portals, tag=tag)
        self.stack.callback(group.remove)
        group.keys(**{f"{digest.title()}Digest": "CRC32C" for digest in wanted.digests}, **dict(like("keys", wanted)))
        group.attribute(default_cmdsn_depth=wanted.depth)
        group.lun(self.disk, self.lun)
        if state:
            group.join(self.disk.group(f"path{tag}", tag, state), self.lun)
        protected = wanted.read_only and not like("held", wanted)  # the reservation is what protects
        group.attribute(demo_mode_write_protect=int(protected))
        if wanted.only:
            group.allow(wanted.only, protected)
        if wanted.chap:
            group.chap(*wanted.chap, *wanted.mutual)
        group.acl_attributes(**dict(like("attributes", wanted)))
        return group

    def another(self):
        return self.stack.enter_context(Initiator(self.net, PORTALS[0], self.groups[0].iqn))

    def end_sessions(self):
        for on in False, True:
            for group in self.groups:
                group.enable(on)

    def states(self, *states):
        """Of ALUA, from now on, where the set-up had some."""
        for n, state in enumerate(states):
            self.disk.state(f"path{n + 1}", state)

    def root_path(self, lun):
        return self.groups[0].root_path(lun)

    def lose(self, portal):
        self.net.lio.address(PORTALS[portal - 1], there=False)
        self.stack.callback(self.net.lio.address, PORTALS[portal - 1])

    def settle(self):
        """A write that LIO has done is in the image."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()


def like(field, wanted):
    """A field of Like, or its default where the set-up is one of all targets."""
    return getattr(wanted, field, getattr(Like, field))
