"""The bench, in its shortest form: that it measures, and that it does not take wrong data for fast."""

import json
import subprocess
import sys

import pytest

from rig.child import need
from rig.paths import TOP

sys.path.append(str(TOP / "tests/bench"))


def test_figures(logs):
    need("mmdebstrap", "debugfs", "grub-mkimage", "mke2fs", "sfdisk")
    out = subprocess.run(
        [TOP / "tests/bench/run", "--only", "lunboot,AHCI", "--rows", "seq63-two,seq4,seq4-4k,rand4,write4,fetched,accesses",
         "--delays", "1", "--runs", "1", "--seconds", "0.2", "--json", logs / "figures.json"],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout
    figures = json.loads((logs / "figures.json").read_text())["figures"]
    for delay, contestant in (("1", "lunboot"), ("local", "AHCI")):
        measured = figures[delay][contestant]
        assert all(measured[row][0] > 0 for row in ("seq4", "rand4", "write4", "grub"))
        assert measured["grub-bytes"][0] > 45e6
    assert figures["1"]["lunboot, watched"]["accesses"][0] > 0  # how many depends on what else runs
    assert figures["1"]["lunboot, 4 KiB blocks"]["seq4"][0] > 0
    assert figures["1"]["lunboot, two disks"]["seq63"][0] > 0
    for title in ("reads in order, 4 KiB", "bytes fetched for bytes asked"):
        assert f"| {title}" in out or f": {title} |" in out


@pytest.mark.parametrize("harm", ["read", "write", "GRUB"])
def test_wrong_data(logs, harm):
    """A disk that returns other bytes, keeps other bytes, or gives GRUB other bytes."""
    need("mmdebstrap", "debugfs", "grub-mkimage", "mke2fs", "sfdisk")
    from benchdisk import BenchDisk
    from boot import Boot
    from contestants import AHCI
    from steps import SECTOR, STEPS

    disk = BenchDisk(logs)
    name, says = {"read": ("seq63", "wrong data"), "write": ("write63", "does not hold"),
                  "GRUB": ("grub", "what lies in memory")}[harm]
    (step,) = (step for step in STEPS if step.name == name)

    def spoil():
        with open(disk.path, "r+b") as image:
            image.seek((step.first + step.sectors - 1) * SECTOR)
            image.write(b"else")

    if harm == "read":
        spoil()
    if harm == "write":
        look = disk.was_written
        disk.was_written = lambda *written: spoil() or look(*written)
    if harm == "GRUB":
        disk.initrd = disk.initrd[:-1] + b"?"
    boot = Boot(AHCI, None, disk, [step], 0.2, 7, logs)
    assert boot.failed and says in boot.trouble


def test_results_keep_what_stands_around_the_table(tmp_path):
    """As `make bench RESULTS=1` does it: only what is between the marks goes."""
    from table import put_into

    given = (TOP / "tests/bench/RESULTS.md").read_text()
    copy = tmp_path / "RESULTS.md"
    copy.write_text(given)
    put_into(copy, "a new table")
    first, last = copy.read_text().split("a new table")
    assert given.startswith(first) and given.endswith(last)
    old = given[len(first):-len(last)]
    assert old.startswith("Taken on ") and "| reads in order, 4 KiB, MB/s | 20 ms |" in old
    assert "## The table" in first
    put_into(copy, old)
    assert copy.read_text() == given
