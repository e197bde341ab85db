"""What a PC says, line by line, with the time at which each line ended."""

import os
import queue
import re
import selectors
import threading
import time

from rig.log import CONTROL

# A program's or lunboot's own word that something went wrong.
BAD = re.compile(r"^@ FAIL|^E\d\d |^lunboot panic|^error: |grub rescue>")


class Wrong(Exception):
    """The PC did something wrong, in its own words."""


class Lines:
    """The serial line and port E9 of the Qemu that is made after this, with the same directory.

    Its logs are FIFOs here, so that a thread can stamp each line when it comes; they are then kept in
    lines.log. Use as a context manager.
    """

    def __init__(self, directory):
        self.queue, self.done = queue.SimpleQueue(), False
        self.log = open(directory / "lines.log", "w")
        self.selector = selectors.DefaultSelector()
        for name in ("serial.log", "e9.log"):
            os.mkfifo(directory / name)
            # For writing, too: then there is no end of file before QEMU opens it.
            file = os.open(directory / name, os.O_RDWR | os.O_NONBLOCK)
            self.selector.register(file, selectors.EVENT_READ, bytearray())
        self.thread = threading.Thread(target=self._read)
        self.last = []

    def _read(self):
        while not self.done:
            for key, _ in self.selector.select(0.1):
                key.data.extend(os.read(key.fd, 65536))
                now = time.monotonic()
                *whole, rest = key.data.split(b"\n")
                key.data[:] = rest
                for line in whole:
                    self.queue.put((now, CONTROL.sub("", line.decode("utf-8", "replace"))))

    def wait(self, pattern, pc, timeout):
        """The next line that matches: (time, match). Raises TimeoutError, or Wrong."""
        end = time.monotonic() + timeout
        while True:
            try:
                at, line = self.queue.get(timeout=min(1, max(0, end - time.monotonic())))
            except queue.Empty:
                try:
                    pc.child.check()
                except RuntimeError as error:
                    raise Wrong(str(error)) from None
                if time.monotonic() > end:
                    raise TimeoutError(f"no line {pattern!r} in {timeout} s") from None
                continue
            self.log.write(f"{at:.6f} {line}\n")
            self.last = [*self.last[-4:], line]
            if BAD.search(line):
                raise Wrong(" / ".join(self.last))
            found = re.search(pattern, line)
            if found:
                return at, found

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            os.close(key.fd)
        self.selector.close()
        self.log.close()
