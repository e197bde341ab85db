"""The scripted target of tests/e2e/rig, as it plays others (personalities.py)."""

import hashlib
import secrets
import struct

import personalities
from on_host import OnHost
from rig import pdu
from rig.target import FIXED, Connection, Gone, Target

IQN = "iqn.2026-01.org.lunboot:played"
SECURITY, OPERATIONAL, FULL_FEATURE = 0, 1, 3
TRANSIT = 0x80
ALGORITHMS = {"md5": "5", "sha1": "6", "sha256": "7", "sha3-256": "8"}
PING = 0x50494E47  # a Target Transfer Tag


def response(algorithm, identifier, secret, challenge):
    """CHAP's (RFC 1994)."""
    name = {number: name for name, number in ALGORITHMS.items()}[algorithm].replace("sha3-", "sha3_")
    return hashlib.new(name, bytes([identifier]) + secret.encode() + challenge).digest()


def binary(text):
    assert text[:2] in ("0x", "0X"), f"no hexadecimal: {text}"
    return bytes.fromhex(text[2:])


class Refused(Exception):
    """The login: `status`, or CLOSES."""

    def __init__(self, status):
        super().__init__()
        self.status = status


class Played(Connection):
    """A connection to a target that has the Personality `who`, and is as `wanted`."""

    def __init__(self, target, portal, peer, who, wanted):
        super().__init__(target, portal, peer)
        self.who, self.wanted = who, wanted
        self.stat_sn = self.who.first_stat_sn
        self.greeted = self.authenticated = False
        self.challenge = self.algorithm = None
        self.commands = self.unanswered = 0
        self.agreed = {}  # of the operational keys

    def window(self):
        return min(self.who.window, self.wanted.depth) if self.full_feature else self.who.login_window

    # -- login

    def login(self, p):
        if not self.greeted:
            self.exp_cmd_sn = p.cmd_sn
        asked, stage = p.text(), p.flags >> 2 & 3
        try:
            pairs = [] if self.greeted else self.greet(asked)
            self.greeted = True
            if stage == SECURITY:
                transit, more = self.security(asked)
            else:
                transit, more = True, self.operational(asked)
        except Refused as refused:
            self.refuse(p, refused.status)
            return
        transit = transit and p.flags & TRANSIT
        self.login_answer(p, p.flags & 0x8F if transit else p.flags & 0x0C, 0, pairs + more)
        if transit and p.flags & 3 == FULL_FEATURE:
            self.enter()

    def login_answer(self, p, flags, status=0, pairs=()):
        bhs = self.header(pdu.LOGIN_RESPONSE, flags, p.itt)
        bhs[8:14] = self.who.isid or p.bhs[8:14]
        last = flags & TRANSIT and flags & 3 == FULL_FEATURE
        struct.pack_into(">H", bhs, 14, self.who.tsih if last else 0)
        struct.pack_into(">I", bhs, 20, 0)
        if status >= 0x0200 and self.who.errors_are_bare:
            bhs[8:16], bhs[24:36] = bytes(8), bytes(12)
        struct.pack_into(">H", bhs, 36, status)
        self.send(bhs, pdu.keys(pairs))

    def refuse(self, p, status):
        if status is personalities.CLOSES:
            raise Gone
        moved = [("TargetAddress", "192.0.2.2:3260")] if status == personalities.MOVED else []
        self.login_answer(p, p.flags & 0x0C, status, moved)
        raise Gone

    def greet(self, asked):
        """The first request of a connection: who, and to what?"""
        self.discovery = asked.get("SessionType") == "Discovery"
        if self.discovery:
            return []
        if asked.get("TargetName") != IQN:
            raise Refused(self.who.unknown)
        if self.wanted.gone:
            raise Gone
        if self.wanted.redirects and self.portal == 0:
            raise Refused(personalities.MOVED)
        if self.wanted.only not in ("", asked["InitiatorName"]):
            raise Refused(self.who.stranger)
        return list(self.who.declares)

    def security(self, asked):
        """Whether the stage may end, and the keys."""
        if not self.who.has_security:
            raise Gone
        if "CHAP_A" in asked:
            return False, self.challenge_with(asked["CHAP_A"].split(","))
        if "CHAP_R" in asked:
            return True, self.proof(asked)
        methods = asked.get("AuthMethod", "None").split(",")
        if self.wanted.chap and not self.discovery:
            if "CHAP" not in methods:
                raise Refused(self.who.wants_chap)
            return False, [("AuthMethod", "CHAP")]
        if "None" not in methods:
            if self.who.none_is_not_chap == 0:
                return False, [("AuthMethod", "Reject")]
            raise Refused(self.who.none_is_not_chap)
        return True, [("AuthMethod", "None")]

    def challenge_with(self, offered):
        """The first that it knows, by the initiator's order."""
        known = [ALGORITHMS[name] for name in self.who.algorithms if name == self.wanted.algorithm]
        chosen = [number for number in offered if number in known]
        if not chosen:
            raise Refused(self.who.wrong)
        self.algorithm, self.challenge = chosen[0], secrets.token_bytes(16)
        return [("CHAP_A", self.algorithm), ("CHAP_I", 7), ("CHAP_C", "0x" + self.challenge.hex())]

    def proof(self, asked):
        """The initiator's, and ours when it wants one."""
        user, secret = self.wanted.chap
        right = response(self.algorithm, 7, secret, self.challenge)
        if asked["CHAP_N"] != user or binary(asked["CHAP_R"]) != right:
            raise Refused(self.who.wrong)
        self.authenticated = True
        if "CHAP_C" not in asked:
            return []
        if not self.wanted.mutual:
            raise Refused(self.who.wrong)
        name, own = self.wanted.mutual
        answer = response(self.algorithm, int(asked["CHAP_I"], 0), own, binary(asked["CHAP_C"]))
        return [("CHAP_N", name), ("CHAP_R", "0x" + answer.hex())]

    def operational(self, asked):
        if self.wanted.chap and not (self.authenticated or self.discovery):
            raise Refused(self.who.wants_chap)
        keys = [*(key for key in self.who.first if key in asked), *(key for key in asked if key not in self.who.first)]
        declared = [key for key, _ in self.who.declares]
        known = [key for key in keys if (key in FIXED or key in self.target.manners) and key not in declared]
        self.agreed.update((key, self.choose(key, asked[key])) for key in known)
        return [(key, self.agreed[key]) for key in known]

    def choose(self, key, value):
        if key.endswith("Digest"):
            return self.digest(key[:-6].lower() in self.wanted.digests, value.split(","))
        return self.lower(key, value) if key in self.target.manners else FIXED[key]

    def digest(self, wanted, offered):
        if self.who.digests == "first":
            known = ["CRC32C"] if wanted else ["CRC32C", "None"]
            chosen = [each for each in offered if each in known]
            if not chosen:
                raise Refused(self.who.no_digest)
            return chosen[0]
        return "CRC32C" if self.who.digests == "CRC32C" and wanted and "CRC32C" in offered else "None"

    def lower(self, key, value):
        """The limit of both, or what the Boolean keys' result functions give; what it declares is its own."""
        own = self.target.manners[key]
        if key == "MaxRecvDataSegmentLength":
            return own
        if isinstance(own, int):
            return min(own, int(value))
        return max(own, value) if key == "InitialR2T" else min(own, value)

    def enter(self):
        """The full feature phase."""
        if not self.discovery:
            self.reinstate()
        self.digests = [kind for kind in ("header", "data") if self.agreed.get(f"{kind.title()}Digest") == "CRC32C"]
        with self.target.changed:
            self.full_feature = True
            self.target.changed.notify_all()

    # -- full feature

    def command(self, p):
        self.commands += 1
        if self.who.pings and self.commands % self.who.pings == 0:
            if self.unanswered > 2:
                raise Gone
            self.unanswered += 1
            self.send(self.header(pdu.NOP_IN, pdu.FINAL, pdu.NO_TAG, False, ttt=PING))
        super().command(p)

    def nop(self, p):
        if p.ttt == PING:
            self.unanswered -= 1
        super().nop(p)

    def no_lun(self, p):
        if self.who.qualifier and p.is_command(pdu.INQUIRY):
            self.data_in(p.itt, bytes([0x7F, 0, 5, 2, 31]) + bytes(31), p.expected)
        else:
            super().no_lun(p)


class OnScript(OnHost):
    """The others are classes of this one, with a personality each."""

    QUICK = LONG = ()
    WHO = None

    def __init__(self, net, _, image, wanted):
        super().__init__(net, wanted)
        target = Target(net, image, portals=[(address, 3260) for address in self.addresses], lun=self.lun, iqn=IQN,
                        flat_luns=True, read_only=wanted.read_only, connection=self.play,
                        **self.WHO.manners)
        self.target = self.stack.enter_context(target)

    def play(self, target, portal, peer):
        return Played(target, portal, peer, self.WHO, self.wanted)

    def root_path(self, lun):
        return f"iscsi:192.0.2.1:::{lun:x}:{IQN}"

    def settle(self):
        assert not self.target.ended, self.target.ended


WHO_MAY_COME = ("plain", "unknown target", "other initiator")
CHAP = ("CHAP", "CHAP wrong secret", "CHAP no user", "CHAP not wanted", "mutual CHAP", "mutual CHAP impostor")
MORE_CHAP = (
    "CHAP wrong user", "mutual CHAP wrong secret", "mutual CHAP one-way asked", "mutual CHAP one-way there",
    "mutual CHAP not wanted",
)
SHA = ("CHAP SHA-256", "mutual CHAP SHA-256")
MORE_SHA = ("CHAP SHA-1", "CHAP SHA3-256")
LUNS = ("LUN 300", "LUN not there", "read-only LUN")
MORE_LUNS = ("LUN 1", "LUN 255", "LUN 300 not there")
DIGESTS = (
    "header digest", "data digest", "both digests", "both digests, mutual CHAP", "digests asked for",
    "digests required",
)


class OnSpdk(OnScript):
    NAME, WHO = "SPDK", personalities.SPDK
    QUICK = WHO_MAY_COME + CHAP + LUNS + ("queue depth 1",)
    LONG = MORE_CHAP + MORE_LUNS + DIGESTS + ("two portals", "redirected")
    OTHERWISE = {"other initiator": "LOGIN_FORBIDDEN", "mutual CHAP not wanted": "LOGIN_REFUSED"}


class OnScst(OnScript):
    NAME, WHO = "SCST", personalities.SCST
    QUICK = WHO_MAY_COME + CHAP + SHA + LUNS + ("queue depth 1",)
    LONG = MORE_CHAP + MORE_SHA + MORE_LUNS + DIGESTS + ("closes at once", "redirected")


class OnCtld(OnScript):
    NAME, WHO = "ctld", personalities.CTLD
    QUICK = WHO_MAY_COME + CHAP + LUNS + ("redirected",)
    LONG = MORE_CHAP + MORE_LUNS + ("digests asked for", "digests required")
    OTHERWISE = {"other initiator": "LOGIN_FORBIDDEN"}


class OnGotgt(OnScript):
    NAME, WHO = "gotgt", personalities.GOTGT
    QUICK = ("plain", "LUN not there")
    LONG = ("LUN 1", "two portals", "unknown target", "other initiator", "digests asked for")
    OTHERWISE = dict.fromkeys(("unknown target", "other initiator"), "LOGIN_CLOSED")


class OnJscsi(OnScript):
    NAME, WHO = "jSCSI", personalities.JSCSI
    QUICK = ("plain", "unknown target", "CHAP not wanted", "LUN not there", "queue depth 1")
    LONG = ("digests asked for", "digests required", "mutual CHAP not wanted")
    OTHERWISE = {"unknown target": "LOGIN_REFUSED", "mutual CHAP not wanted": "LOGIN_CLOSED"}


class OnRust(OnScript):
    NAME, WHO = "Rust", personalities.RUST
    QUICK = ("plain", "unknown target", "LUN not there")
    LONG = ("digests asked for", "digests required")


PLAYED = (OnScst, OnSpdk, OnCtld, OnGotgt, OnJscsi, OnRust)
