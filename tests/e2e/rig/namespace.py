"""A network of the test's own: nothing that runs in it can reach anything outside."""

import os
import socket
import subprocess
import sys
import time

from rig.child import need, skip_or_fail


class NetNamespace:
    """A network namespace with loopback up. Root makes it directly, users in a user namespace.

    Use as a context manager; `prefix` is what goes before a command that shall run inside.
    """

    def __init__(self):
        need("ip", "unshare", "nsenter", "setpriv", "/dev/net/tun")
        self.user = os.geteuid() != 0
        self.holder = None

    def __enter__(self):
        new_user = ["--user", "--map-root-user"] if self.user else []
        self.holder = subprocess.Popen(
            ["unshare", "--net", *new_user, "setpriv", "--pdeathsig", "KILL", "sleep", "infinity"],
            stderr=subprocess.PIPE,
        )
        # The namespace is ready when the last program of the chain runs.
        while True:
            if self.holder.poll() is not None:
                skip_or_fail("no network namespace: " + self.holder.stderr.read().decode().strip())
            with open(f"/proc/{self.holder.pid}/comm") as f:
                if f.read() == "sleep\n":
                    break
            time.sleep(0.005)
        same_user = ["--user", "--preserve-credentials"] if self.user else []
        self.prefix = ["nsenter", "--target", str(self.holder.pid), *same_user, "--net", "--"]
        self.ip("link set lo up")
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def run(self, *command, **options):
        return subprocess.run([*self.prefix, *command], check=True, **options)

    def ip(self, *lines):
        """Commands for ip(8), without its name: `link set lo up`."""
        self.run("ip", "-batch", "-", input="\n".join(lines).encode() + b"\n")

    def listen(self, address, port):
        """A listening TCP socket inside, for this process."""
        return self.socket("create_server", address, port)

    def connect(self, address, port):
        """A TCP connection from inside."""
        return self.socket("create_connection", address, port)

    def socket(self, how, address, port):
        ours, theirs = socket.socketpair()
        program = (
            "import socket, sys\n"
            "inside = getattr(socket, sys.argv[1])((sys.argv[2], int(sys.argv[3])))\n"
            "socket.send_fds(socket.socket(fileno=int(sys.argv[4])), [b'.'], [inside.fileno()])\n"
        )
        with ours, theirs:
            self.run(sys.executable, "-c", program, how, address, str(port), str(theirs.fileno()),
                     pass_fds=[theirs.fileno()])
            _, (inside,), _, _ = socket.recv_fds(ours, 1, 1)
        return socket.socket(fileno=inside)

    def listens(self, port):
        """Does anybody inside wait for TCP connections to that port?"""
        with open(f"/proc/{self.holder.pid}/net/tcp") as table:
            sockets = [line.split()[1:4] for line in table.readlines()[1:]]
        return any(at.endswith(f":{port:04X}") and state == "0A" for at, _, state in sockets)

    def add_tap(self, name="tap0", *addresses, mtu=1500):
        """A TAP device, up, for one QEMU NIC; addresses as 192.0.2.1/24."""
        self.ip(
            f"tuntap add {name} mode tap",
            f"link set {name} mtu {mtu}",
            *(f"addr add {a} dev {name}" for a in addresses),
            f"link set {name} up",
        )
        return name
