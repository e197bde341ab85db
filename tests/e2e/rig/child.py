"""Programs that a test starts, and that end with it in any case."""

import os
import shutil
import subprocess

import pytest

os.environ["PATH"] += ":/usr/sbin:/sbin"  # where tgtd, dnsmasq and ip are; users don't have it


def need(*tools):
    """Each is a program, or the path of a file. Missing: an error in CI, a visible skip elsewhere."""
    missing = [t for t in map(str, tools) if not (os.path.exists(t) if "/" in t else shutil.which(t))]
    if missing:
        skip_or_fail(f"{', '.join(missing)} missing: run make packages")


def skip_or_fail(why):
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


class Child:
    """A running program. It is killed when the test ends, or by the kernel when the test dies.

    namespace: a NetNamespace to run it in, or None. log: the file that takes its output.
    """

    def __init__(self, command, log, namespace=None, env=None):
        prefix = namespace.prefix if namespace else []
        # setpriv stands last: entering a user namespace would clear what it asked for.
        full = [*prefix, "setpriv", "--pdeathsig", "KILL", *map(str, command)]
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                full, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=dict(os.environ, **(env or {})),
            )
        self.name, self.log = str(command[0]), log

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def check(self):
        """Raise when it has ended, with what it said."""
        if not self.running():
            with open(self.log, errors="replace") as f:
                said = f.read()[-2000:]
            raise RuntimeError(f"{self.name} ended with status {self.process.returncode}:\n{said}")

    def kill(self):
        """At once; tgtd does not end on SIGTERM."""
        if self.running():
            self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)
