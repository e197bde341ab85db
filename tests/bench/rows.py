"""The rows of the bench's table, and what each is to reach."""

from dataclasses import dataclass, field, replace

from contestants import BY_UNDI, IPXE, VIRTIO

# Round trips in milliseconds, and one with losses: name -> (milliseconds, share lost).
DELAYS = {"0": (0, 0), "1": (1, 0), "5": (5, 0), "20": (20, 0), "loss": (1, 0.01)}


@dataclass(frozen=True)
class Times:
    """So many times as good as another contestant in the same run."""

    factor: float
    other: object

    def text(self, row):
        name = self.other.name
        if self.factor == 1:
            return f"as {name}"
        return f"{self.factor:g}x {name}" if self.factor > 1 else f"{1 / self.factor:g}x {name}'s"

    def reached(self, row, values):
        ours, theirs = values.get("lunboot"), values.get(self.other.name)
        if ours is None or theirs is None:
            return None
        return row.ratio(ours, theirs) >= self.factor


@dataclass(frozen=True)
class Limit:
    """A figure, whatever the others have."""

    figure: float
    words: str = ""

    def text(self, row):
        return self.words or f"{self.figure:g} {row.unit}".strip()

    def reached(self, row, values):
        ours = values.get("lunboot")
        if ours is None:
            return None
        return ours >= self.figure if row.more_is_better else ours <= self.figure


@dataclass(frozen=True)
class Row:
    """to_reach: by delay. steps: what the boots have to do for it."""

    name: str
    title: str
    unit: str
    more_is_better: bool = True
    to_reach: dict = field(default_factory=dict)
    steps: tuple = ()
    with_delays: bool = True

    def ratio(self, ours, theirs):
        """How many times as good."""
        over, under = (ours, theirs) if self.more_is_better else (theirs, ours)
        return over / under if under else float("inf")


def in_order(name, title, plain, far, loss=(Times(5, IPXE),)):
    return Row(name, title, "MB/s", steps=(name,), to_reach={"0": plain, **far, "loss": loss})


def one_round_trip(size):
    """1000/s, or MB/s, of calls of that size (in kB, 1: count calls) that take a round trip and 0.5 ms."""
    return {
        delay: (Limit(size / (ms + 0.5), f"{ms + 0.5:g} ms each"),)
        for delay, (ms, lost) in DELAYS.items() if ms and not lost
    }


X6, X100 = (Times(6, IPXE),), (Times(100, IPXE),)

ROWS = [
    Row("boot", "power-on to boot sector, DHCP", "s", False, {"0": (Limit(0.6),)}),
    Row("own", "of it from lunboot's first line on", "s", False, with_delays=False),
    Row("static", "the same, static settings (lunboot.elf by -kernel)", "s", False,
        {"0": (Limit(0.4),)}),
    Row("img", "power-on to boot sector, lunboot.img as a disk", "s", False, {"0": (Limit(2.5),)}, with_delays=False),
    Row("pxe", "power-on to boot sector, lunboot.pxe by iPXE", "s", False, {"0": (Limit(25),)}, with_delays=False),
    in_order("seq63", "reads in order, 63.5 KiB", (Times(4, IPXE), Times(1, VIRTIO)),
             {"5": (Times(15, IPXE),), "20": (Times(30, IPXE),)}),
    Row("seq63-digest", "the same with CRC32C digests: slower by", "%", False, steps=("seq63",),
        to_reach={"0": (Limit(10),)}),
    Row("seq63-4k", "the same, blocks of 4096 bytes shown as sectors of 512: slower by", "%", False, steps=("seq63",),
        to_reach={"0": (Limit(3),)}),
    Row("seq63-two", "the same, of two disks by turns: slower by", "%", False, steps=("seq63",)),
    in_order("seq4", "reads in order, 4 KiB", X6, {"20": X100}),
    Row("seq4-4k", "the same, blocks of 4096 bytes shown as sectors of 512: slower by", "%", False, steps=("seq4",),
        to_reach={"0": (Limit(3),)}),
    in_order("seq512", "reads in order, 512 B", X6, {"20": X100}),
    Row("rand4", "reads anywhere, 4 KiB", "k/s", steps=("rand4",),
        to_reach={"0": (Times(1.5, IPXE),), **one_round_trip(1)}),
    in_order("write63", "writes in order, 63.5 KiB", (Times(60, IPXE),), {"5": X100}),
    in_order("write4", "writes in order, 4 KiB", (), one_round_trip(4.096)),
    Row("grub", "GRUB: kernel and initrd, 45 MB", "s", False, steps=("grub",),
        to_reach={"0": (Times(1, VIRTIO),), "20": (Times(1 / 1.5, VIRTIO),),
                  "loss": (Times(5, IPXE),)}),
    Row("fetched", "GRUB: bytes fetched for bytes asked", "", False, steps=("grub",),
        to_reach=dict.fromkeys(DELAYS, (Limit(1.15),))),
    Row("extra", "4 KiB reads anywhere: bytes fetched for bytes asked", "", False,
        steps=("rand4",)),
    Row("accesses", "accesses to the NIC's registers for a MiB read in order", "", False, {"0": (Limit(16),)},
        with_delays=False),
    Row("rom", "ROM in use", "bytes", False, {"0": (Limit(40960),)}, with_delays=False),
    Row("base", "conventional memory", "KiB", False, {"0": (Limit(4),)}, with_delays=False),
    Row("hidden", "hidden memory, of 256 MiB", "KiB", False, with_delays=False),
    Row("post", "what the ROM adds to a boot from AHCI", "ms", False, {"0": (Limit(50),)},
        with_delays=False),
    Row("nopmm", "the same, BIOS without PMM", "ms", False, {"0": (Limit(50),)}, with_delays=False),
]

# By UNDI, beside iPXE's undionly.kpxe.
UNDI_TO_REACH = {
    "own": {"0": (Limit(1),)},
    "seq63": {"0": (Times(1.5, IPXE),), "20": (Times(5, IPXE),)},
    "rand4": {"0": (Times(1, IPXE),)},
    "write63": {"0": (Times(20, IPXE),)},
}
NOT_BY_UNDI = ("static", "img", "pxe", "accesses", "rom", "post", "nopmm")
if BY_UNDI:
    ROWS = [replace(row, to_reach=UNDI_TO_REACH.get(row.name, {})) for row in ROWS if row.name not in NOT_BY_UNDI]

NAMES = [row.name for row in ROWS]
