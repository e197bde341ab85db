"""LIO, of Linux 6.1, in a machine of its own, which serves all set-ups of a worker one after the other."""



class OnLio:
    NAME = "LIO"
    NETWORK = "lio_net"
    CAN = ("plain",)
    QUICK = ()
    OTHERWISE = {}

    def __init__(self, net, directory, image, wanted):
        self.lun = 0 if wanted.lun is None else wanted.lun
        self.disk = net.lio.disk(image, wanted.read_only)
        self.target = net.lio.target().lun(self.disk, self.lun)

    def root_path(self, lun):
        return self.target.root_path(lun)

    def settle(self):
        """A write that LIO has done is in the image."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.target.remove()
        self.disk.remove()
