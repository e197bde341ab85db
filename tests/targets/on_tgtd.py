"""tgtd, which is Debian's."""

from rig.tgtd import Tgtd


class OnTgtd:
    NAME = "tgtd"
    QUICK = (
        "plain", "unknown target", "other initiator", "our initiator", "CHAP", "CHAP wrong secret", "CHAP wrong user",
        "CHAP no user", "CHAP not wanted", "mutual CHAP", "mutual CHAP impostor", "mutual CHAP wrong secret",
        "mutual CHAP one-way asked", "mutual CHAP one-way there", "LUN 255", "LUN 300", "LUN not there",
        "LUN 300 not there", "read-only LUN", "queue depth 1",
    )
    LONG = (
        "CHAP MD5 will not do", "mutual CHAP not wanted", "header digest", "data digest", "both digests",
        "both digests, mutual CHAP", "digests asked for", "reserved LUN",
    )
    OTHERWISE = {}

    def __init__(self, net, directory, image, wanted):
        self.server = Tgtd(net, directory)
        self.lun = 1 if wanted.lun is None else wanted.lun
        self.target = self.server.target(allow=None if wanted.only else "ALL").lun(image, self.lun)
        bind = ("--op", "bind", "--mode", "target", *self.target.on, "--initiator-name")
        if wanted.only:
            self.server.admin(*bind, wanted.only)
        if wanted.chap:
            self.target.chap(*wanted.chap, *wanted.mutual)
        for digest in wanted.digests:
            self.server.admin("--op", "update", "--mode", "target", *self.target.on,
                              "--name", f"{digest.title()}Digest", "--value", "CRC32C")
        if wanted.read_only:
            self.target.change(self.lun, readonly=1)

    def root_path(self, lun):
        return self.target.root_path(lun)

    def settle(self):
        """tgtd writes to the image at once."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()
