"""Several disks: root-path, and disk2 to disk4 behind it."""

import subprocess

from bootdisk import DEBUG_EXIT, PROGRAMS, BootDisk, run
from rig.child import need
from rig.tgtd import Tgtd
from test_failures import error


def empty(path, like):
    path.write_bytes(bytes(like.path.stat().st_size))
    return path


def test_three_disks_on_two_targets(stack, net, logs, dhcp, machine, iso):
    """Each is copied to the next one. Meanwhile the second target dies and is back."""
    disk = BootDisk(logs / "disk", "copy", mib=8)
    second, third = empty(logs / "disk2", disk), empty(logs / "disk3", disk)
    servers = []
    for number in 1, 2:
        directory = logs / f"tgtd{number}"
        directory.mkdir()
        servers.append(stack.enter_context(Tgtd(net, directory, port=3260 + number)))
    one = servers[0].target("iqn.2026-01.org.lunboot:one")
    one.lun(disk.path, scsi_id="first").lun(second, lun=2, scsi_id="second")
    two = servers[1].target("iqn.2026-01.org.lunboot:two").lun(third, scsi_id="third")
    dhcp(options={17: one.root_path(), "encap:175,233": one.root_path(lun=2),
                  "encap:175,234": two.root_path()})
    pc = machine(namespace=net, tap="tap0", iso=iso(), extra=DEBUG_EXIT)
    pc.expect(r"^Target 2 iqn\.2026-01\.org\.lunboot:one at 192\.0\.2\.1:3261, LUN 2$", 60)
    pc.expect(r"^Disk 3   ", 60)
    pc.expect(r"^Disk 3   drive 82h", 60)
    pc.e9.expect(r"^@ copied 0000", 60)
    assert (one.sessions(), two.sessions()) == (2, 1)
    servers[1].restart()
    assert run(pc, 120).numbers("drives") == [[3]]
    assert disk.path.read_bytes() == second.read_bytes() == third.read_bytes() == disk.image


def test_an_installer_from_one_lun_onto_another(net, tgtd, machine, kernel, logs):
    """A CD is booted from the first LUN, installs onto the second, and that boots alone."""
    need("xorriso")
    (logs / "cd").mkdir()
    (logs / "cd/boot.bin").write_bytes((PROGRAMS / "installer.bin").read_bytes().ljust(2048, b"\0"))
    subprocess.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-o", logs / "installer.iso", "-b", "boot.bin",
         "-no-emul-boot", "-boot-load-size", "4", logs / "cd"], check=True)
    lun = logs / "lun.img"
    lun.write_bytes(b"MINE" + bytes(1 << 20))
    target = tgtd().target().lun(logs / "installer.iso").lun(lun, lun=2)
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
