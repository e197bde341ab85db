"""Several root paths to one disk: two tgtd serve the same image."""

import pytest
from bootdisk import DEBUG_EXIT
from rig.tgtd import Tgtd
from soakdisk import Soak, SoakDisk
from statusline import line, wait_for_line


@pytest.fixture
def two_paths(stack, net, logs, dhcp, machine, iso):
    """two_paths() gives a disk, and two targets of it that DHCP names; two_paths.boot() boots it."""

    class TwoPaths:
        def __init__(self, second="192.0.2.1"):
            self.disk = SoakDisk(logs / "disk")
            self.tgtds, self.targets, self.paths = [], [], []
            for number, address in (1, "192.0.2.1"), (2, second):
                directory = logs / f"tgtd{number}"
                directory.mkdir()
                server = stack.enter_context(Tgtd(net, directory, address, port=3260 + number))
                target = server.target(f"iqn.2026-01.org.lunboot:path{number}")
                target.lun(self.disk.path, scsi_id="the-disk")
                self.tgtds.append(server)
                self.paths.append(target.root_path())
                self.targets.append(target)

        def boot(self):
            dhcp(options={17: " ".join(self.paths)})
            pc = machine(namespace=net, tap="tap0", iso=iso(), extra=DEBUG_EXIT)
            return Soak(pc, self.disk)

    return TwoPaths


def test_each_takes_over(two_paths):
    """First one target dies in the middle of calls, then, after it is back, the other."""
    paths = two_paths()
    first, second = paths.tgtds
    soak = paths.boot()
    soak.pc.expect(r"^Target   iqn\.2026-01\.org\.lunboot:path1 at 192\.0\.2\.1:3261, LUN 1$", 60)
    soak.pc.expect(r"^      or iqn\.2026-01\.org\.lunboot:path2 at 192\.0\.2\.1:3262, LUN 1$", 5)
    soak.pc.expect(r"connected to 192\.0\.2\.1:3261$", 30)
    soak.calls(20)
    first.stop()
    soak.calls(30)
    first.start()
    second.stop()
    soak.calls(30)
    assert paths.targets[0].sessions() == 1
    assert soak.finish()["writes"]


def test_the_first_vanishes_without_a_word(two_paths, net):
    """Its address is gone, and what is sent there gets lost."""
    net.ip("addr add 192.0.2.2/24 dev tap0")
    paths = two_paths("192.0.2.2")
    soak = paths.boot()
    soak.pc.expect(r"connected to 192\.0\.2\.1:3261$", 60)
    soak.calls(20)
    net.ip("addr del 192.0.2.1/24 dev tap0", "addr replace 192.0.2.2/24 dev tap0")
    soak.calls(30)
    assert paths.targets[1].sessions() == 1
    assert soak.finish()["writes"]


def test_the_first_is_dead_from_the_start(two_paths):
    paths = two_paths()
    paths.tgtds[0].stop()
    soak = paths.boot()
    soak.pc.expect(r"connected to 192\.0\.2\.1:3262$", 60)
    soak.calls(20)
    soak.finish()


def test_another_disk_is_refused(two_paths):
    """A wrong one answers at the second path: nothing is written to it, and the screen tells."""
    paths = two_paths()
    first, _ = paths.tgtds
    paths.targets[1].change(scsi_id="another-disk")
    soak = paths.boot()
    soak.calls(20)
    first.stop()
    wait_for_line(soak.pc, line("OTHER_DISK", port=3262) + ".*")
    first.start()
    soak.calls(30)
    soak.finish()


def test_a_path_that_makes_no_sense_is_left_out(two_paths):
    paths = two_paths()
    paths.paths.insert(0, "iscsi:192.0.2.1:a:b:c")
    soak = paths.boot()
    soak.pc.expect(r"^E62 +root-path=iscsi:192\.0\.2\.1:a:b:c: ", 60)
    soak.calls(20)
    soak.finish()
