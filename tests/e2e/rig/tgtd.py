"""tgtd, the iSCSI target, inside a namespace."""

import os
import shutil
import subprocess
import tempfile
import time

from rig.child import Child, need


class Tgtd:
    """One tgtd with one portal. What was set up is kept, so that restart() brings it back.

    nop_interval: seconds between NOP-Ins that want an answer; after nop_count without one it drops
    the connection. Any change of a target that tgtadm knows can be made with admin().
    """

    def __init__(self, namespace, directory, address="192.0.2.1", port=3260, nop_interval=None,
                 nop_count=None):
        need("tgtd", "tgtadm")
        self.namespace, self.log = namespace, directory / "tgtd.log"
        self.address, self.port = address, port
        self.parameters = f"portal={address}:{port}"
        if nop_interval:
            self.parameters += f",nop_interval={nop_interval},nop_count={nop_count or 3}"
        # A socket's path has room for 107 bytes, a test's directory may not fit.
        self.directory = tempfile.mkdtemp(prefix="lunboot-")
        self.env = {"TGT_IPC_SOCKET": f"{self.directory}/ipc"}
        self.setup = []
        self.targets = 0
        self.child = None
        self.start()

    def start(self):
        # A socket that a killed tgtd left makes tgtadm wait for a listener.
        for left in os.listdir(self.directory):
            if left.startswith("ipc"):
                os.unlink(f"{self.directory}/{left}")
        self.child = Child(["tgtd", "-f", "--iscsi", self.parameters], self.log, self.namespace,
                           self.env)
        while not os.path.exists(f"{self.env['TGT_IPC_SOCKET']}.0"):
            self.child.check()
            time.sleep(0.01)
        while not self.listens():
            self.child.check()
            time.sleep(0.02)
        for command in self.setup:
            self.ask(*command)

    def listens(self):
        try:
            return f":{self.port}" in self.ask("--op", "show", "--mode", "portal")
        except subprocess.CalledProcessError:
            return False  # the socket is there a moment before anybody answers

    def stop(self):
        """Killed without a word to its initiators: their connections are reset."""
        self.child.kill()

    def restart(self):
        self.stop()
        self.start()

    def ask(self, *arguments):
        return subprocess.run(
            ["tgtadm", "--lld", "iscsi", *map(str, arguments)], env=dict(os.environ, **self.env),
            check=True, capture_output=True, text=True, timeout=20,
        ).stdout

    def admin(self, *arguments):
        """A tgtadm command that is to survive a restart."""
        self.setup.append(arguments)
        return self.ask(*arguments)

    def target(self, iqn="iqn.2026-01.org.lunboot:test", allow="ALL"):
        self.targets += 1
        return Target(self, self.targets, iqn, allow)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory)


class Target:
    """A target; made by Tgtd.target()."""

    def __init__(self, tgtd, tid, iqn, allow):
        self.tgtd, self.tid, self.iqn = tgtd, tid, iqn
        self.on = ("--tid", tid)
        tgtd.admin("--op", "new", "--mode", "target", *self.on, "--targetname", iqn)
        if allow:
            tgtd.admin("--op", "bind", "--mode", "target", *self.on, "--initiator-address", allow)

    def lun(self, image=None, lun=1, block=512, cd=False, **parameters):
        """A disk on image, of blocks of so many bytes, or a CD, or a drive without a medium.
        parameters as tgtadm's --params knows them: online=0, removable=1, readonly=1."""
        new = ["--op", "new", "--mode", "logicalunit", *self.on, "--lun", lun]
        if image and cd:
            new += ["--device-type", "cd", "--backing-store", image]
        elif image:
            new += ["--backing-store", image, "--blocksize", block]
        else:
            new += ["--device-type", "disk", "--bstype", "null", "--backing-store", "none"]
        self.tgtd.admin(*new)
        if parameters:
            self.change(lun, **parameters)
        return self

    def change(self, lun=1, **parameters):
        text = ",".join(f"{k}={v}" for k, v in parameters.items())
        self.tgtd.admin("--op", "update", "--mode", "logicalunit", *self.on, "--lun", lun,
                        "--params", text)

    def chap(self, user, secret, mutual_user=None, mutual_secret=None):
        """Let only initiators in that know the secret; with mutual_*, prove ourselves to them."""
        accounts = [(user, secret, ())]
        if mutual_user:
            accounts.append((mutual_user, mutual_secret, ("--outgoing",)))
        for name, password, outgoing in accounts:
            self.tgtd.admin("--op", "new", "--mode", "account", "--user", name, "--password",
                            password)
            self.tgtd.admin("--op", "bind", "--mode", "account", *self.on, "--user", name, *outgoing)
        return self

    def digests(self):
        """Want CRC32C of headers and of data from all that have it."""
        for name in ("HeaderDigest", "DataDigest"):
            self.tgtd.admin("--op", "update", "--mode", "target", *self.on, "--name", name,
                            "--value", "CRC32C")
        return self

    def root_path(self, lun=1):
        port = "" if self.tgtd.port == 3260 else self.tgtd.port
        return f"iscsi:{self.tgtd.address}::{port}:{lun:x}:{self.iqn}"

    def sessions(self):
        """How many initiators are logged in now."""
        shown = self.tgtd.ask("--op", "show", "--mode", "conn", *self.on)
        return shown.count("Session:")

    def connections(self):
        """The numbers of the sessions that there are: a new login has a new one."""
        shown = self.tgtd.ask("--op", "show", "--mode", "conn", *self.on)
        return [line.split()[-1] for line in shown.splitlines() if "Session:" in line]
