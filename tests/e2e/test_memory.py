"""Memory: what lunboot takes is exactly what the BIOS calls say is missing, and it lives in that only."""

import bootdisk
import pytest
from bootdisk import BootDisk, on_local_disk, on_lun, run  # noqa: F401 (fixtures)

USABLE, RESERVED = 1, 2
PAGE = 4096
MIB = 1 << 20
ROOM_20, ROOM_24, ROOM_ABSURD = 20, 24, 0x10000
UNTOUCHED = 0xEEEEEEEE  # what the program fills the buffer with


class Memory:
    """What the program says that INT 15h and INT 12h say."""

    def __init__(self, report):
        self.maps = {}
        for room, wrote, eax, cf, *rest in report.numbers("e820"):
            base_high, base_low, length_high, length_low, kind, attributes, behind = rest
            assert eax == 0x534D4150 and not cf
            assert wrote in (20, 24) and wrote <= room
            assert behind == UNTOUCHED
            assert attributes == (UNTOUCHED if wrote == 20 else attributes | 1)
            self.maps.setdefault(room, []).append(
                (base_high << 32 | base_low, length_high << 32 | length_low, kind)
            )
        # All callers get the same map.
        assert set(self.maps) == {ROOM_20, ROOM_24, ROOM_ABSURD}
        self.map = self.maps[ROOM_20]
        assert all(other == self.map for other in self.maps.values())
        self.int15 = {ax: rest for ax, *rest in report.numbers("int15")}
        ((self.int12, self.bda, self.ebda, self.drives),) = report.numbers("base")

    def ranges(self, kind):
        """[start, end) of that kind in order, neighbours joined."""
        joined = []
        for base, length, _ in sorted(e for e in self.map if e[2] == kind):
            if joined and joined[-1][1] == base:
                joined[-1] = (joined[-1][0], base + length)
            else:
                joined.append((base, base + length))
        return joined

    def end_of_block_at(self, address):
        """The end of the usable range that covers the address."""
        return next((end for start, end in self.ranges(USABLE) if start <= address < end), address)

    def check(self):
        """The map is sane, and the older calls agree with it."""
        ordered = sorted(self.map)
        for (base, length, _), (following, *_) in zip(ordered, ordered[1:]):
            assert base + length <= following, "entries overlap"
        assert self.int12 == self.bda
        base = self.int12 * 1024
        assert self.end_of_block_at(0) in (base, base & -PAGE), "E820 and INT 12h do not agree"

        end = self.end_of_block_at(MIB)
        cf, eax, ebx, ecx, edx = self.int15[0xE801]
        low, high = min(end, 16 * MIB), self.end_of_block_at(16 * MIB)
        sizes = ((low - MIB) // 1024, (high - 16 * MIB) // 65536)
        assert not cf
        assert (eax & 0xFFFF, ebx & 0xFFFF) == (ecx & 0xFFFF, edx & 0xFFFF) == sizes
        cf, eax, ebx, *_ = self.int15[0xE881]
        if not cf:
            assert (eax, ebx) == sizes
        cf, eax, *_ = self.int15[0x8800]
        assert not cf
        # 16 bits hold 64 MiB; how much less is said beyond that differs.
        assert eax & 0xFFFF == (end - MIB) // 1024 or (
            eax & 0xFFFF <= 0xFFFF and (end - MIB) // 1024 > eax & 0xFFFF >= 0x3C00
        )
        cf, eax, *_, edx = self.int15[0x8A00]
        if not cf:
            assert (edx & 0xFFFF) << 16 | eax & 0xFFFF == (end - MIB) // 1024


def difference(first, second):
    """The parts of the ranges `first` that `second` lacks."""
    missing = []
    for start, end in first:
        for other_start, other_end in second:
            if other_end <= start or other_start >= end:
                continue
            if other_start > start:
                missing.append((start, other_start))
            start = max(start, other_end)
        if start < end:
            missing.append((start, end))
    return missing


@pytest.mark.parametrize("accel, memory", [("tcg", "64M"), ("tcg", "256M"), ("tcg", "5G"),
                                           ("kvm", "64M")])
def test_what_is_taken_is_what_is_missing(logs, on_lun, on_local_disk, accel, memory):
    disk = BootDisk(logs / "disk", "memory", 2, reads=5)
    local = on_local_disk(disk, accel=accel, memory=memory)
    before = Memory(run(local))
    local.stop()
    (logs / "e9.log").rename(logs / "e9-local.log")  # or its end would be found there again
    before.check()

    pc, _ = on_lun(disk, accel=accel, memory=memory)
    report = run(pc)
    report.check_reads(disk)
    after = Memory(report)
    after.check()

    assert difference(after.ranges(USABLE), before.ranges(USABLE)) == [], "memory out of nothing"
    taken = difference(before.ranges(USABLE), after.ranges(USABLE))
    low = [r for r in taken if r[1] <= MIB]
    ((hidden, hidden_end),) = (r for r in taken if r[1] > MIB)
    assert hidden % PAGE == 0 and hidden_end % PAGE == 0 and hidden_end <= 1 << 32
    # What is taken is reserved, and nothing else changed its kind.
    reserved = difference(after.ranges(RESERVED), before.ranges(RESERVED))
    assert (hidden, hidden_end) in reserved
    assert difference(reserved, taken) == []
    others = {kind for *_, kind in before.map} - {USABLE, RESERVED}
    assert all(after.ranges(kind) == before.ranges(kind) for kind in others)

    base_taken = before.int12 - after.int12
    assert 0 < base_taken <= 4
    assert low == [(after.end_of_block_at(0), before.end_of_block_at(0))]
    assert after.ebda == before.ebda
    assert after.drives == 1


@pytest.mark.parametrize("accel, memory", [("tcg", "64M"), ("tcg", "512M"), ("kvm", "64M")])
def test_lives_in_what_it_reserved(logs, on_lun, accel, memory):
    """All memory that is said to be free is overwritten; the disk reads right as before, and what was
    written is still there afterwards."""
    disk = BootDisk(logs / "disk", "memory", 8, bootdisk.FILL,
                    reads=100 if accel == "tcg" else 10)
    pc, _ = on_lun(disk, accel=accel, memory=memory)
    report = run(pc)
    assert report.all("filled") and report.all("intact")
    assert report.numbers("range")
    report.check_reads(disk)
