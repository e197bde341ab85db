"""The soak disk (tests/bootdisk/soak.asm): every sector of its region names itself, its LBA and how
often it was written, so that no wrong, old, or half-written sector can pass for a right one."""

import struct

from bootdisk import PATTERN_FACTOR, SECTOR, SEED, BootDisk, run

READ_ONLY = 1
MAY_FAIL = 2

TICKS_PER_SECOND = 18.2


def sector(lba, generation):
    first, salt = lba * 128, SEED + generation
    return struct.pack(
        "<128I", lba, generation,
        *(((i ^ salt) * PATTERN_FACTOR) & 0xFFFFFFFF for i in range(first + 2, first + 128)),
    )


class SoakDisk(BootDisk):
    """A disk with the program, and a region in generation 0."""

    def __init__(self, path, mib=8, phases=0):
        super().__init__(path, "soak", mib, phases)
        region = b"".join(sector(self.write_lba + i, 0) for i in range(self.write_count))
        start = self.write_lba * SECTOR
        self.image = self.image[:start] + region + self.image[start + len(region) :]
        self.path.write_bytes(self.image)

    def check(self, generations):
        """Each sector is as check_whole() says; all of them together were written as often as the
        program says."""
        assert self.check_whole() == generations

    def check_whole(self):
        """Each sector of the backing file is whole, of some generation; gives the sum of those."""
        data = self.path.read_bytes()
        start, end = self.write_lba * SECTOR, (self.write_lba + self.write_count) * SECTOR
        assert data[:start] == self.image[:start] and data[end:] == self.image[end:]
        total = 0
        for at in range(start, end, SECTOR):
            lba, generation = struct.unpack_from("<2I", data, at)
            assert data[at : at + SECTOR] == sector(at // SECTOR, generation), f"sector {lba:#x}"
            total += generation
        return total


class Soak:
    """A PC that soaks: let it do some calls, then end it and check everything."""

    def __init__(self, pc, disk):
        self.pc, self.disk = pc, disk

    def calls(self, more=1, timeout=120):
        """Wait until the program has done so many calls, and gone on, after what it last said."""
        first = None
        while True:
            done = int(self.pc.e9.expect(r"^@ calls +(\w+)\n", timeout)[1], 16)
            first = done if first is None else first
            if done >= first + more:
                return done

    def end(self, timeout=60):
        """Its report."""
        try:
            self.pc.key("q")
        except (OSError, ValueError):
            pass  # QEMU may have ended before it could answer
        return run(self.pc, timeout)

    def finish(self, timeout=60):
        """End it; what it did: calls, writes, sectors, seconds of the longest call and of all."""
        report = self.end(timeout)
        assert not report.all("error")
        ((calls, writes, sectors, generations, longest, ticks),) = report.numbers("soaked")
        self.disk.check(generations)
        return {
            "calls": calls, "writes": writes, "sectors": sectors,
            "longest": longest / TICKS_PER_SECOND, "seconds": ticks / TICKS_PER_SECOND,
        }
