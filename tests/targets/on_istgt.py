"""istgt, which is Debian's. It takes one configuration file and is never asked again."""

import shutil
import tempfile
import time
from pathlib import Path

from on_host import OnHost
from rig.child import Child, need

IQN = "iqn.2026-01.org.lunboot:istgt"

# Its own portal is for istgtcontrol, and it starts without one of its own kind only.
CONFIGURATION = """
[Global]
  NodeBase "iqn.2026-01.org.lunboot"
  PidFile {directory}/pid
  AuthFile {directory}/auth
  MediaDirectory {directory}
  LogFacility "local7"
  Timeout 30
  NopInInterval 20
  DiscoveryAuthMethod Auto
  MaxSessions 16
  MaxConnections 4
  FirstBurstLength 65536
  MaxBurstLength 262144
  MaxRecvDataSegmentLength 65536

[UnitControl]
  AuthMethod None
  Portal UC1 127.0.0.1:3261
  Netmask 127.0.0.1

[PortalGroup1]
{portals}

[InitiatorGroup1]
  InitiatorName "{initiator}"
  Netmask 192.0.2.0/24

[LogicalUnit1]
  TargetName {iqn}
  Mapping PortalGroup1 InitiatorGroup1
  AuthMethod {method}
  AuthGroup AuthGroup1
  UseDigest {digests}
  ReadOnly {read_only}
  UnitType Disk
  QueueDepth {depth}
{luns}
"""

AUTHENTICATION = """
[AuthGroup1]
  Auth {words}
"""


class OnIstgt(OnHost):
    NAME = "istgt"
    QUICK = (
        "plain", "unknown target", "other initiator", "CHAP", "CHAP MD5 will not do", "CHAP wrong secret",
        "CHAP no user", "CHAP not wanted", "mutual CHAP", "mutual CHAP impostor", "LUN 0", "LUN not there",
        "read-only LUN", "queue depth 0", "queue depth 1",
    )
    LONG = (
        "our initiator", "CHAP wrong user", "mutual CHAP wrong secret", "mutual CHAP one-way asked",
        "mutual CHAP one-way there", "LUN 1", "LUN 300 not there", "mutual CHAP not wanted", "header digest",
        "data digest", "both digests", "both digests, mutual CHAP", "digests asked for", "digests required",
        "reserved LUN", "two portals",
    )
    iqn = IQN
    OTHERWISE = {"mutual CHAP one-way asked": "LOGIN_AUTH"}  # to prove itself is required there

    def __init__(self, net, directory, image, wanted):
        need("istgt")
        super().__init__(net, wanted)
        self.directory = Path(tempfile.mkdtemp(prefix="lunboot-"))
        self.stack.callback(shutil.rmtree, self.directory)
        self.configure(image)
        child = Child(["istgt", "-D", "-c", self.directory / "conf"], directory / "istgt.log", net)
        self.stack.callback(child.kill)
        while not net.listens(3260):
            child.check()
            time.sleep(0.02)
        self.reserve()

    def configure(self, image):
        wanted = self.wanted
        method = "CHAP Mutual" if wanted.mutual else "CHAP" if wanted.chap else "None"
        portals = (f"  Portal DA{n} {address}:3260" for n, address in enumerate(self.addresses))
        luns = (f"  LUN{lun} Storage {path} Auto" for lun, path in {0: self.other_disk(), self.lun: image}.items())
        self.write("conf", CONFIGURATION.format(
            directory=self.directory, portals="\n".join(portals), initiator=wanted.only or "ALL", iqn=IQN,
            method=method, digests=" ".join(word.title() for word in wanted.digests) or "Auto", depth=wanted.depth,
            luns="\n".join(luns), read_only="Yes" if wanted.read_only else "No"))
        words = " ".join(f'"{word}"' for word in (*wanted.chap, *wanted.mutual))
        self.write("auth", AUTHENTICATION.format(words=words) if words else "")

    def write(self, name, text):
        """A file that only its owner may read, or istgt does not start."""
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)

    def other_disk(self):
        """There has to be a LUN 0."""
        path = self.directory / "other"
        path.write_bytes(bytes(1 << 20))
        return path

    def root_path(self, lun):
        return f"iscsi:192.0.2.1:::{lun:x}:{IQN}"
