"""What targets were seen to do that we can't run here, or that their sources say: a Personality each, for the
scripted target to play."""

from dataclasses import dataclass, field

# Statuses of a login response (RFC 7143, 11.13.5). CLOSES: no response, the connection ends.
CLOSES = None
MOVED, INITIATOR_ERROR, AUTHENTICATION, FORBIDDEN, NOT_FOUND = 0x0101, 0x0200, 0x0201, 0x0202, 0x0203


@dataclass(frozen=True)
class Personality:
    """Left alone: as RFC 7143 has it."""

    name: str
    # Fields of login responses.
    isid: bytes = b""  # in place of the initiator's
    tsih: int = 1
    first_stat_sn: int = 0
    errors_are_bare: bool = False  # a response with an error has no ISID and no numbers
    login_window: int = 1  # commands, before full feature
    window: int = 32
    # The security stage.
    has_security: bool = True  # else it closes on who begins with one
    algorithms: tuple = ("md5",)  # that it can, of CHAP
    none_is_not_chap: int = 0  # status, when it wants no CHAP and is offered nothing else; 0: AuthMethod=Reject alone
    # Keys.
    declares: tuple = (("TargetPortalGroupTag", 1),)  # in its first response
    first: tuple = ()  # of the initiator's keys, answered before the others
    # Which: the "first" of the initiator's list; "CRC32C" where it wants one and that is listed; "None" always.
    digests: str = "first"
    no_digest: int = INITIATOR_ERROR  # where it demands one that is not offered
    manners: dict = field(default_factory=dict)  # in place of rig.target.MANNERS
    # Who may come.
    unknown: int = NOT_FOUND
    stranger: int = FORBIDDEN
    wants_chap: int = AUTHENTICATION  # who has left it out
    wrong: int = AUTHENTICATION
    # Full feature.
    pings: int = 0  # it pings once for so many commands, and wants an answer
    qualifier: bool = True  # INQUIRY of a LUN that is not there says so in its first byte


BIG = {"MaxRecvDataSegmentLength": 262144, "MaxBurstLength": 1048576, "FirstBurstLength": 262144}

SPDK = Personality(
    "SPDK", login_window=64, window=64, pings=10, none_is_not_chap=INITIATOR_ERROR,
    manners={"MaxRecvDataSegmentLength": 73728, "MaxBurstLength": 1048576, "FirstBurstLength": 8192,
             "InitialR2T": "Yes", "MaxOutstandingR2T": 1},
)
SCST = Personality(
    "SCST", errors_are_bare=True, digests="CRC32C", login_window=2, window=48,
    algorithms=("md5", "sha1", "sha256", "sha3-256"), none_is_not_chap=AUTHENTICATION, unknown=NOT_FOUND,
    stranger=NOT_FOUND, manners={**BIG, "MaxOutstandingR2T": 32, "InitialR2T": "No"},
)
CTLD = Personality(
    "ctld", tsih=0xBADD, login_window=1, window=256,
    declares=(("TargetAlias", "a disk"), ("TargetPortalGroupTag", 257)),
    manners={"MaxRecvDataSegmentLength": 131072, "MaxBurstLength": 1048576, "FirstBurstLength": 131072,
             "InitialR2T": "Yes"},
)
# The versions without CHAP. Their keys are in the order of a map, which is any.
GOTGT = Personality(
    "gotgt", isid=bytes(6), tsih=0, has_security=False, login_window=11, window=10, digests="None",
    declares=(("TargetPortalGroupTag", 1), ("MaxRecvDataSegmentLength", 65536)),
    first=("InitialR2T", "DataPDUInOrder", "FirstBurstLength", "HeaderDigest"), unknown=CLOSES, stranger=CLOSES,
    wants_chap=CLOSES, qualifier=False,
)
JSCSI = Personality(
    "jSCSI", isid=b"\x80\x12\x34\x56\xab\xcd", tsih=0x6C75, login_window=2, window=2,
    none_is_not_chap=CLOSES, unknown=INITIATOR_ERROR, stranger=INITIATOR_ERROR, wants_chap=INITIATOR_ERROR,
    qualifier=False, manners={"MaxRecvDataSegmentLength": 8192, "FirstBurstLength": 65536},
)
RUST = Personality(
    "Rust", isid=b"\x40\0\0\0\0\0", tsih=0, login_window=1, window=32,
    declares=(("TargetPortalGroupTag", 1), ("TargetAlias", "a disk")), unknown=NOT_FOUND, qualifier=False,
)
