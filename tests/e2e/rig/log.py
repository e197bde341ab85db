"""A log that grows, and waiting for what it will say."""

import re
import time

# What ends a wait at once: nothing good follows.
BAD = [
    r"panic", r"[Uu]nhandled exception", r"assertion .*failed", r"[Ff]atal exception",
    r"Kernel panic", r"ALERT!", r"Give root password", r"grub rescue>", r"error: (?!0)",
]

# A line of lunboot's that was written over, and goes: what follows begins a line on the screen.
GONE = re.compile(r"\r {79}\r")

# Terminal control: what GRUB, SeaBIOS and Linux write to a serial line.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1bc|\r")


class Unexpected(AssertionError):
    """The log says something bad, its writer ended, or the time is over."""


class Log:
    def __init__(self, path, alive=None, bad=tuple(BAD)):
        """alive: a function that raises when nobody will write any more."""
        self.path, self.alive, self.bad = path, alive, list(bad)
        self.position = 0

    def text(self):
        """All of it, control sequences removed."""
        try:
            text = self.path.read_bytes().decode("utf-8", "replace")
            return CONTROL.sub("", GONE.sub("\n", text))
        except FileNotFoundError:
            return ""

    def expect(self, pattern, timeout=60, allow_bad=False):
        """Wait for a regular expression (MULTILINE) after what the last call found.

        Returns the match. Raises Unexpected at once when a bad pattern comes first.
        """
        deadline = time.monotonic() + timeout
        good = re.compile(pattern, re.M)
        bad = re.compile("|".join(f"(?:{b})" for b in self.bad)) if self.bad else None
        while True:
            ended = None
            try:
                if self.alive:
                    self.alive()
            except RuntimeError as error:
                ended = str(error)  # but what it wrote before may be what we wait for
            text = self.text()
            found = good.search(text, self.position)
            trouble = bad.search(text, self.position) if bad and not allow_bad else None
            if found and not (trouble and trouble.start() < found.start()):
                self.position = found.end()
                return found
            if trouble:
                time.sleep(0.5)  # let it finish its message
                self._fail(f"found {trouble[0]!r}", pattern)
            if ended:
                self._fail(ended, pattern)
            if time.monotonic() > deadline:
                self._fail(f"nothing in {timeout} s", pattern)
            time.sleep(0.02)

    def _fail(self, why, pattern):
        lines = self.text().splitlines()[-40:]
        raise Unexpected(
            f"waiting for {pattern!r}: {why}\n{self.path} ends in:\n" + "\n".join(lines)
        )
