"""tgtd, which is Debian's."""

import re

from on_host import OnHost
from rig.tgtd import Tgtd


class OnTgtd(OnHost):
    NAME = "tgtd"
    QUICK = (
        "plain", "unknown target", "other initiator", "CHAP", "CHAP wrong secret", "CHAP no user", "CHAP not wanted",
        "mutual CHAP", "mutual CHAP impostor", "LUN 300", "LUN not there", "read-only LUN", "queue depth 1",
    )
    LONG = (
        "our initiator", "CHAP wrong user", "mutual CHAP wrong secret", "mutual CHAP one-way asked",
        "mutual CHAP one-way there", "LUN 255", "LUN 300 not there", "CHAP MD5 will not do", "mutual CHAP not wanted",
        "header digest", "data digest", "both digests", "both digests, mutual CHAP", "digests asked for",
        "digests required", "digests not there", "reserved LUN",
    )
    FIRST_LUN = 1

    def __init__(self, net, directory, image, wanted):
        super().__init__(net, wanted)
        server = self.stack.enter_context(Tgtd(net, directory))
        self.target = server.target(allow=None if wanted.only else "ALL").lun(image, self.lun)
        if wanted.only:
            self.set("bind", "--initiator-name", wanted.only)
        if wanted.chap:
            self.target.chap(*wanted.chap, *wanted.mutual)
        for digest in wanted.digests:
            self.set("update", "--name", f"{digest.title()}Digest", "--value", "CRC32C")
        if wanted.read_only:
            self.target.change(self.lun, readonly=1)
        self.iqn = self.target.iqn
        self.reserve()

    def end_sessions(self):
        """All, by closing their connections; who was there may come back at once."""
        shown = self.target.tgtd.ask("--op", "show", "--mode", "conn", *self.target.on)
        for sid, cid in re.findall(r"Session: (\d+)\s+Connection: (\d+)", shown):
            self.target.tgtd.ask("--op", "delete", "--mode", "conn", *self.target.on, "--sid", sid, "--cid", cid)

    def set(self, operation, *words):
        self.target.tgtd.admin("--op", operation, "--mode", "target", *self.target.on, *words)

    def root_path(self, lun):
        return self.target.root_path(lun)
