"""The steps that a boot of the bench disk can take, and where on the disk each takes place."""

from dataclasses import dataclass

READ_ON, READ_ANY, WRITE_ON, CHAIN, READ_TURNS = 1, 2, 3, 4, 5  # tests/bootdisk/bench.asm
SECTOR = 512
MIB = 2048  # in sectors

GRUB_FIRST = 64  # GRUB's boot sector, with its core image behind it
GRUB_MIB = 56  # what GRUB's disk takes of ours, from the start


@dataclass(frozen=True)
class Step:
    """sectors: per call. first, calls: the region of the disk, as large as so many calls."""

    name: str
    kind: int
    sectors: int
    first: int = GRUB_FIRST
    calls: int = 1

    @property
    def unit(self):
        """What a call counts for in the table: MB, or 1/1000 for random calls."""
        return 1e-3 if self.kind == READ_ANY else self.sectors * SECTOR / 1e6

    @property
    def end(self):
        return self.first + self.calls * self.sectors


def in_a_row(*steps):
    """The steps with regions behind each other, from behind GRUB's disk on: (name, kind, sectors, MiB)."""
    at = GRUB_MIB * MIB
    for name, kind, sectors, mib in steps:
        step = Step(name, kind, sectors, at, mib * MIB // sectors)
        at = step.end
        yield step


# No two read the same sectors, so that none finds them in a cache.
STEPS = [
    *in_a_row(
        # First: what is still read ahead of a stream does not count for it then.
        ("rand4", READ_ANY, 8, 64),
        ("seq63", READ_ON, 127, 64),
        ("seq4", READ_ON, 8, 24),
        ("seq512", READ_ON, 1, 12),
        ("write63", WRITE_ON, 127, 64),
        ("write4", WRITE_ON, 8, 16),
    ),
    Step("grub", CHAIN, 1),
]
SECTORS = -(-max(step.end for step in STEPS) // 8) * 8  # also blocks of 4096 bytes
