"""The set-ups: what a target is asked to be like, what lunboot is told, and what has to come of it.

A new one is a row of SETUPS; the targets that can be like that name it (tests/targets/on_*.py).
"""

from dataclasses import dataclass, field

OURS = "iqn.2026-11.org.lunboot:pc"
USER = ("reader", "the-right-secret")
TARGET = ("keeper", "what-it-believes")
DISK = "disk"  # it attaches: the boot sector reads all of the disk and writes to it


@dataclass(frozen=True)
class Wanted:
    """What a target is to be like; left alone it serves one disk to anybody who asks."""

    lun: int = None  # another than its first
    only: str = ""  # the initiator name that is let in
    chap: tuple = ()  # name and secret that an initiator has to show
    mutual: tuple = ()  # name and secret that it shows itself
    algorithm: str = "md5"
    digests: tuple = ()  # of "header" and "data": demanded
    depth: int = 32  # commands that it takes at a time
    read_only: bool = False
    reserved: bool = False  # for another initiator, who has an exclusive persistent reservation
    gone: bool = False  # its target is disabled: it closes connections at once
    portals: int = 1  # at 192.0.2.1 and so on
    redirects: bool = False  # the first portal to the second


@dataclass(frozen=True)
class Setup:
    wanted: Wanted = Wanted()
    settings: tuple = ()  # of lunboot's
    name_suffix: str = ""  # behind the target's name in the root path
    lun: int = None  # in the root path, when it is another than the target's
    lost: int = 0  # this portal's address goes when the boot sector runs
    expect: str = DISK  # or the name of an error in kernel/base/error.h
    shows: str = ""  # a regular expression of lines, what the screen says besides
    why: str = field(default="", compare=False)


def settings(user=(), reverse=(), **others):
    """Words of lunboot's command line; _ stands for -."""
    words = [f"{name.replace('_', '-')}={value}" for name, value in others.items()]
    if user:
        words += [f"username={user[0]}", f"password={user[1]}"]
    if reverse:
        words += [f"reverse-username={reverse[0]}", f"reverse-password={reverse[1]}"]
    return tuple(words)


ONE_WAY, BOTH_WAYS = Wanted(chap=USER), Wanted(chap=USER, mutual=TARGET)
KNOWS, KNOWS_BOTH = settings(USER), settings(USER, TARGET)
WRONG = (USER[0], "not-the-right-one"), (TARGET[0], "what-we-believe-")

SETUPS = {
    # who may come, and to what
    "plain": Setup(),
    "unknown target": Setup(name_suffix="-not", expect="LOGIN_NOT_FOUND"),
    "other initiator": Setup(Wanted(only="iqn.2026-11.org.lunboot:another"), expect="LOGIN_NOT_FOUND"),
    "our initiator": Setup(Wanted(only=OURS)),
    "closes at once": Setup(Wanted(gone=True), expect="LOGIN_CLOSED"),
    # CHAP
    "CHAP": Setup(ONE_WAY, KNOWS),
    "CHAP SHA-1": Setup(Wanted(chap=USER, algorithm="sha1"), KNOWS + settings(chap="sha1")),
    "CHAP SHA-256": Setup(Wanted(chap=USER, algorithm="sha256"), KNOWS + settings(chap="sha256")),
    "CHAP SHA3-256": Setup(Wanted(chap=USER, algorithm="sha3-256"), KNOWS + settings(chap="sha3-256")),
    "CHAP MD5 will not do": Setup(ONE_WAY, KNOWS + settings(chap="sha3-256"), expect="LOGIN_ALGORITHM"),
    "CHAP wrong secret": Setup(ONE_WAY, settings(WRONG[0]), expect="LOGIN_AUTH"),
    "CHAP wrong user": Setup(ONE_WAY, settings(("nobody", USER[1])), expect="LOGIN_AUTH"),
    "CHAP no user": Setup(ONE_WAY, expect="LOGIN_NO_METHOD"),
    "CHAP not wanted": Setup(settings=KNOWS),
    "mutual CHAP": Setup(BOTH_WAYS, KNOWS_BOTH),
    "mutual CHAP SHA-256": Setup(Wanted(chap=USER, mutual=TARGET, algorithm="sha256"),
                                 KNOWS_BOTH + settings(chap="sha256")),
    "mutual CHAP impostor": Setup(BOTH_WAYS, settings(USER, WRONG[1]), expect="LOGIN_TARGET_AUTH"),
    "mutual CHAP wrong secret": Setup(BOTH_WAYS, settings(WRONG[0], TARGET), expect="LOGIN_AUTH"),
    "mutual CHAP one-way asked": Setup(BOTH_WAYS, KNOWS),
    "mutual CHAP not wanted": Setup(settings=KNOWS_BOTH, expect="LOGIN_TARGET_AUTH"),
    "mutual CHAP one-way there": Setup(ONE_WAY, KNOWS_BOTH, expect="LOGIN_AUTH"),
    # digests
    "header digest": Setup(Wanted(digests=("header",))),
    "data digest": Setup(Wanted(digests=("data",))),
    "both digests": Setup(Wanted(digests=("header", "data"))),
    "both digests, mutual CHAP": Setup(Wanted(digests=("header", "data"), chap=USER, mutual=TARGET), KNOWS_BOTH),
    "digests asked for": Setup(settings=settings(digest="crc32c")),
    "digests required": Setup(Wanted(digests=("header", "data")), settings(digest="require")),
    "digests not there": Setup(settings=settings(digest="require"), expect="LOGIN_DIGEST"),
    # LUNs
    "LUN 0": Setup(Wanted(lun=0)),
    "LUN 1": Setup(Wanted(lun=1)),
    "LUN 255": Setup(Wanted(lun=255)),
    "LUN 300": Setup(Wanted(lun=300)),
    "LUN not there": Setup(lun=7, expect="LUN_NOT_FOUND", shows=r"LUNs there: .*\b{lun}\b"),
    "LUN 300 not there": Setup(lun=300, expect="LUN_NOT_FOUND", shows=r"LUNs there: .*\b{lun}\b"),
    "read-only LUN": Setup(Wanted(read_only=True)),
    "reserved LUN": Setup(Wanted(reserved=True), expect="LUN_RESERVED", shows="^Held +by (iqn|key) ?[0-9a-z.:-]+$"),
    # commands and portals
    "queue depth 0": Setup(Wanted(depth=0)),
    "queue depth 1": Setup(Wanted(depth=1)),
    "two portals": Setup(Wanted(portals=2), lost=1),
    "redirected": Setup(Wanted(portals=2, redirects=True)),
}
