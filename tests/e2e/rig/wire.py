"""The wire: what stands between a PC and its network, and harms frames when told to."""

import os
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path

from rig.child import Child, need

PROGRAM = Path(__file__).resolve().parents[3] / os.environ.get("B", "build") / "wire"


class Wire:
    """A wire from one PC (Qemu's wire=) to a TAP device of the namespace. Use as a context manager.

    settings: what the wire does from the start, as set() takes them. trunk: a VLAN's number and the
    TAP device of its network, to which the PC's frames with that tag go. It ends with its PC.
    """

    def __init__(self, namespace, directory, tap="tap0", trunk=(), **settings):
        need(str(PROGRAM))
        # A socket's path has room for 107 bytes, a test's directory may not fit.
        self.sockets = tempfile.mkdtemp(prefix="lunboot-")
        self.path = f"{self.sockets}/qemu"
        control = f"{self.sockets}/control"
        self.log = directory / "wire.log"
        self.log.unlink(missing_ok=True)
        self.child = Child([PROGRAM, tap, self.path, control, *trunk], self.log, namespace)
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(20)
        while True:
            try:
                self.control.connect(control)
                break
            except (FileNotFoundError, ConnectionRefusedError):  # not bound, not listening yet
                self.child.check()
                time.sleep(0.005)
        if settings:
            self.set(**settings)

    def ask(self, command):
        """One command of wire.c's; its answer."""
        self.control.send(command.encode())
        answer = self.control.recv(2000).decode()
        if answer.startswith("error: "):
            raise ValueError(f"{command}: {answer[7:]}")
        return answer

    def set(self, **settings):
        """rtt=, delay=, jitter= in ms; loss=, duplicate=, reorder=, corrupt= as shares of 1; rate= in
        bytes a second; queue= and mtu= in bytes; blackout=; seed=; dir="to-pc", "from-pc" or "both".
        tests/wire/faults.h says what each means."""
        self.ask(" ".join(["set", *(f"{name}={value}" for name, value in settings.items())]))

    def blackout(self, on=True):
        """Nothing passes, as with the cable cut somewhere that the PC can't see."""
        self.set(blackout=int(on))

    def clear(self):
        """All faults off."""
        self.ask("clear")

    def stats(self):
        """{"to-pc": {"frames": ...}, "from-pc": ...} since the start, also when the wire has ended."""
        try:
            text = self.ask("stats")
        except OSError:
            self.child.process.wait(20)
            text = self.log.read_text().splitlines()[-1]
        table = {}
        for word in text.split():
            if word.endswith(":"):
                way = table[word[:-1]] = {}
            else:
                name, value = word.split("=")
                way[name] = int(value)
        return table

    def stop(self):
        self.control.close()
        if self.child.running():
            self.child.signal(signal.SIGTERM)
        self.child.process.wait(20)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

