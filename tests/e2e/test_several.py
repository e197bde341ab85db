"""Several disks: root-path, and disk2 to disk4 behind it."""

import time
from types import SimpleNamespace

import pytest
from bootdisk import DEBUG_EXIT, BootDisk, installer_cd, run
from rig.tgtd import Tgtd
from test_failures import error


def empty(path, like):
    path.write_bytes(bytes(like.path.stat().st_size))
    return path


def three_disks(stack, net, logs, mib=8):
    """The first of them copies itself to the others, which are empty. Target one has two, two the third."""
    disk = BootDisk(logs / "disk", "copy", mib=mib)
    second, third = empty(logs / "disk2", disk), empty(logs / "disk3", disk)
    servers = []
    for number in 1, 2:
        directory = logs / f"tgtd{number}"
        directory.mkdir()
        servers.append(stack.enter_context(Tgtd(net, directory, port=3260 + number)))
    one = servers[0].target("iqn.2026-01.org.lunboot:one")
    one.lun(disk.path, scsi_id="first").lun(second, lun=2, scsi_id="second")
    two = servers[1].target("iqn.2026-01.org.lunboot:two").lun(third, scsi_id="third")

    def copied():
        return disk.path.read_bytes() == second.read_bytes() == third.read_bytes() == disk.image

    return SimpleNamespace(one=one, two=two, copied=copied)


def test_three_disks_on_two_targets(stack, net, logs, dhcp, machine, iso):
    """Each is copied to the next one. Meanwhile the second target dies and is back."""
    disks = three_disks(stack, net, logs)
    one, two = disks.one, disks.two
    dhcp(options={17: one.root_path(), "encap:175,233": one.root_path(lun=2),
                  "encap:175,234": two.root_path()})
    pc = machine(namespace=net, tap="tap0", iso=iso(), extra=DEBUG_EXIT)
    pc.expect(r"^Target 2 iqn\.2026-01\.org\.lunboot:one at 192\.0\.2\.1:3261, LUN 2$", 60)
    pc.expect(r"^Disk 3   ", 60)
    pc.expect(r"^Disk 3   drive 82h", 60)
    pc.e9.expect(r"^@ copied 0000", 60)
    assert (one.sessions(), two.sessions()) == (2, 1)
    two.tgtd.restart()
    assert run(pc, 120).numbers("drives") == [[3]]
    assert disks.copied()


def wait_until(condition, timeout=60):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(name="copying")
def make_copying(stack, net, logs, wire, machine, kernel):
    """copying(mib) is a PC that has begun to copy the three disks, behind a wire; .finish() sees it end."""

    def start(mib=8):
        disks = three_disks(stack, net, logs, mib)
        the_wire = wire()
        pc = machine(namespace=net, wire=the_wire, kernel=kernel, extra=DEBUG_EXIT, append=(
            f"ip=192.0.2.77/24 root-path={disks.one.root_path()} "
            f"disk2={disks.one.root_path(lun=2)} disk3={disks.two.root_path()}"))
        pc.e9.expect(r"^@ copied 0000", 60)

        def finish():
            assert run(pc, 300).numbers("drives") == [[3]]
            assert disks.copied()

        return SimpleNamespace(one=disks.one, two=disks.two, wire=the_wire, pc=pc, finish=finish)

    return start


HARM = {"loss": 0.01, "reorder": 0.02, "duplicate": 0.02, "corrupt": 0.002}


def test_both_targets_die_on_a_bad_wire(copying):
    """One after the other, each in the middle of the copying: in the end all its sessions are new ones."""
    pc = copying(mib=3)
    pc.wire.set(**HARM)
    pc.one.tgtd.restart()
    wait_until(lambda: pc.one.sessions() == 2)
    pc.two.tgtd.restart()
    pc.finish()
    assert (pc.one.sessions(), pc.two.sessions()) == (2, 1)


def gone(target, seconds):
    target.tgtd.stop()
    time.sleep(seconds)
    target.tgtd.start()


def dark(pc, seconds):
    pc.wire.blackout()
    time.sleep(seconds)
    pc.wire.blackout(False)


WORSE = {
    "loss": lambda pc: pc.wire.set(loss=0.05),
    "reordered": lambda pc: pc.wire.set(reorder=0.2, jitter=2),
    "duplicates": lambda pc: pc.wire.set(duplicate=0.2),
    "corrupt": lambda pc: pc.wire.set(corrupt=0.02),
    "first_gone": lambda pc: gone(pc.one, 30),
    "second_gone": lambda pc: gone(pc.two, 30),
    "both_gone": lambda pc: (pc.two.tgtd.stop(), gone(pc.one, 10), pc.two.tgtd.start()),
    "nothing_passes": lambda pc: dark(pc, 20),
}


@pytest.mark.soak
@pytest.mark.parametrize("harm", WORSE)
def test_copying_goes_on(copying, harm):
    pc = copying()
    WORSE[harm](pc)
    pc.finish()


def test_an_installer_from_one_lun_onto_another(net, tgtd, machine, kernel, logs):
    """A CD is booted from the first LUN, installs onto the second, and that boots alone."""
    cd = installer_cd(logs)
    lun = logs / "lun.img"
    lun.write_bytes(b"MINE" + bytes(1 << 20))
    target = tgtd().target().lun(cd).lun(lun, lun=2)
    ours = f"ip=192.0.2.77/24 root-path={target.root_path()}"
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                 append=f"{ours} disk2={target.root_path(lun=2)}")
    report = run(pc, 60)
    assert report.numbers("installer") == [[0xE0]]
    assert report.numbers("first") == [[int.from_bytes(b"MINE", "little")]]
    assert pc.wait(20) == 1
    for log in "e9", "serial":
        (logs / f"{log}.log").rename(logs / f"{log}-installer.log")
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                 append=f"ip=192.0.2.77/24 root-path={target.root_path(lun=2)}")
    assert ["installed"] in run(pc, 60).lines


def test_without_its_second_disk_nothing_is_booted(net, tgtd, machine, kernel, logs):
    """Else the local disks had its numbers. The screen says which one it is."""
    disk = BootDisk(logs / "disk", "copy", mib=1)
    target = tgtd().target().lun(disk.path)
    pc = machine(namespace=net, tap="tap0", kernel=kernel, extra=DEBUG_EXIT,
                 append=f"ip=192.0.2.77/24 retry=0 root-path={target.root_path()} "
                        f"disk2={target.root_path(lun=9)}")
    pc.expect(rf"^E{error('LUN_NOT_FOUND')[0]}: ", 60)
    pc.expect(r"^  tried: disk2: as iqn\S+, iqn\.2026-01\.org\.lunboot:test at .*, LUN 9", 5)
    assert target.sessions() == 0
