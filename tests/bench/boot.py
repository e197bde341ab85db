"""One boot of the bench disk by one contestant: all is made for it, measured, and gone afterwards."""

import time
from contextlib import ExitStack

from contestants import MEMORY_MIB, Watched
from lines import Lines, Wrong
from rig.namespace import NetNamespace
from steps import CHAIN, MIB, SECTOR, WRITE_ON

# Seconds. Who needs longer has no figure.
BOOT_LIMIT = 90
CALL_LIMIT = 60  # beyond the time of its step
GRUB_LIMIT = 8  # the rest is estimated by the bytes that were read till then


class Boot:
    """Measures at once. values: what was found, by row; estimated: rows that are estimates.

    trouble: None, or what went wrong or took too long; then later rows are missing. failed: it was
    wrong, not just slow.
    """

    def __init__(self, contestant, delay, disk, steps, seconds, stamp, directory):
        self.disk, self.steps, self.seconds = disk, steps, seconds
        self.contestant, self.directory = contestant, directory
        self.values, self.estimated = {}, set()
        self.trouble, self.failed = None, False
        disk.prepare(steps, seconds, stamp)
        with ExitStack() as stack:
            network = stack.enter_context(NetNamespace())
            network.add_tap("tap0", "192.0.2.1/24")
            contestant.serve(stack, directory, network, disk, delay)
            self.lines = stack.enter_context(Lines(directory))
            start = time.monotonic()
            self.pc = stack.enter_context(contestant.power_on(directory, network, disk))
            try:
                self.measure(start)
            except (Wrong, TimeoutError) as error:
                self.trouble, self.failed = str(error), isinstance(error, Wrong)

    def missing(self):
        """What a boot without trouble would have measured."""
        return ({"boot"} | {step.name for step in self.steps}) - set(self.values)

    def wait(self, pattern, timeout):
        return self.lines.wait(pattern, self.pc, timeout)

    def measure(self, start):
        at, found = self.wait(r"^@$|^lunboot \d", BOOT_LIMIT)
        began = at
        while found[0] != "@":
            at, found = self.wait(r"^@$|^lunboot \d", BOOT_LIMIT)
        self.values["boot"] = at - start
        if at != began:
            self.values["own"] = at - began
        _, memory = self.wait(r"^@ memory (\w+) (\w+)", CALL_LIMIT)
        self.values["base"], self.values["usable"] = (int(kib, 16) for kib in memory.groups())
        before = None
        for step in self.steps:
            self.wait("^@ pause$", CALL_LIMIT)
            fetched = self.fetched()
            if before:
                self.count(*before, fetched)
            watched = isinstance(self.contestant, Watched)
            if watched:
                self.contestant.watch(self.pc)
            began, _ = self.wait("^@ begin", CALL_LIMIT)
            if step.kind == CHAIN:
                self.grub(step, fetched)
                return
            ended, end = self.wait(r"^@ end (\w+)", self.seconds + CALL_LIMIT)
            calls = int(end[1], 16)
            if watched:
                self.contestant.watch(self.pc, False)
                self.values["accesses"] = self.contestant.accesses() / (calls * step.sectors / MIB)
            if step.kind == WRITE_ON and not self.disk.was_written(step, calls):
                raise Wrong(f"{step.name}: the disk does not hold what was written")
            rate = calls * step.unit / (ended - began)
            self.values[step.name] = rate
            before = step, calls, fetched
        self.wait("^@ PASS", CALL_LIMIT)
        if before:
            self.count(*before, self.fetched())

    def fetched(self):
        """Bytes read from the disk when what was asked ahead has been read, too."""
        time.sleep(0.1)
        return self.contestant.fetched(self.pc)

    def count(self, step, calls, before, after):
        """Bytes fetched for bytes asked."""
        if step.kind != WRITE_ON:
            self.values[f"{step.name}-fetched"] = (after - before) / (calls * step.sectors * SECTOR)

    def grub(self, step, fetched):
        """The seconds that GRUB takes for the kernel and the initrd, and the bytes for all of GRUB."""
        kernel, initrd = self.disk.kernel, self.disk.initrd
        begin, _ = self.wait("GRUB begins", CALL_LIMIT)
        at_begin = self.contestant.fetched(self.pc)
        try:
            end, _ = self.wait("GRUB has read the initrd", GRUB_LIMIT)
        except TimeoutError:
            share = (self.contestant.fetched(self.pc) - at_begin) / (len(kernel) + len(initrd))
            self.values[step.name] = (time.monotonic() - begin) / share
            self.estimated.add(step.name)
            return
        self.values[step.name] = end - begin
        # The kernel's first part, the setup code, is kept elsewhere.
        memory = self.pc.memory(0, MEMORY_MIB << 20)
        (self.directory / "memory.bin").unlink()
        if initrd not in memory or kernel[len(kernel) // 2 : -SECTOR] not in memory:
            raise Wrong("GRUB: what lies in memory is not what lies on the disk")
        self.values["grub-bytes"] = self.fetched() - fetched
