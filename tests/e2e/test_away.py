"""The disk goes away in the middle of INT 13h calls: what the screen says, what Esc does, and that the
calls end well once it is back."""

import time

import pytest
import soakdisk
from bootdisk import on_lun  # noqa: F401 (fixture)
from nics import DIFFERENT
from soakdisk import Soak, SoakDisk
from statusline import counters, line, wait_for_line


@pytest.fixture
def soak(logs, on_lun):
    """soak() boots a soak disk from tgtd; gives the soak and the target."""

    def start(phases=0, **options):
        disk = SoakDisk(logs / "disk", phases=phases)
        pc, target = on_lun(disk, **options)
        soak = Soak(pc, disk)
        soak.calls(20)
        return soak, target.tgtd

    return start


def test_target_killed(soak):
    """It is killed and restarted, twice while calls are under way, and no caller hears of it."""
    soak, tgtd = soak()
    for _ in range(2):
        tgtd.restart()
        soak.calls(30)
    assert soak.finish()["writes"]


def test_line_counts_and_goes(soak):
    soak, tgtd = soak()
    pc = soak.pc
    before = pc.screen()
    tgtd.stop()
    counted = r" +(\d+) s, Esc gives up"
    first = int(wait_for_line(pc, line("TCP_REFUSED") + counted)[1])
    assert first >= 3
    wait_for_line(pc, line("TCP_REFUSED") + rf" +{first + 2} s, Esc gives up")
    assert pc.screen()[:24] == before[:24]
    tgtd.start()
    soak.calls(20)
    assert pc.screen() == before
    assert "Esc gives up" in pc.serial.text()
    soak.finish()


def test_esc_gives_up(soak):
    """The call fails with a status that tells; other keys are the caller's; the disk still works."""
    soak, tgtd = soak(phases=soakdisk.MAY_FAIL | soakdisk.READ_ONLY)
    pc = soak.pc
    tgtd.stop()
    for _ in range(2):
        wait_for_line(pc, line("TCP_REFUSED") + ".*")
        pc.key("x")
        pc.key("esc")
        assert pc.e9.expect(r"^@ (?:error (\w+)|calls)", 10)[1] == "80"
        assert pc.e9.expect(r"^@ key \w\w(\w\w)$", 10)[1] == f"{ord('x'):02x}"
    tgtd.start()
    soak.calls(50)
    report = soak.end()
    assert report.all("error") == [["80"], ["80"]]
    assert [key for (key,) in report.numbers("key")] == [0x2D78, 0x2D78, 0x1071]


def test_f1_shows_what_was_counted(soak):
    """Page by page, again and again; the key is not the caller's, and Esc is still there."""
    soak, tgtd = soak(phases=soakdisk.MAY_FAIL | soakdisk.READ_ONLY)
    pc = soak.pc
    tgtd.stop()
    wait_for_line(pc, line("TCP_REFUSED") + ".*")
    first = counters(pc)
    assert first["iscsi_connections"] >= 2 and first["nic_rx_frames"] > 20 and 0 not in first.values()
    for _ in range(10):  # the pauses between two tries grow longer than a look at all pages
        later = counters(pc)
        if later["iscsi_connections"] > first["iscsi_connections"]:
            break
    assert later["iscsi_connections"] > first["iscsi_connections"]
    pc.key("x")
    pc.key("f1")
    wait_for_line(pc, r"\w+ \d+, .*")
    pc.key("esc")
    assert pc.e9.expect(r"^@ (?:error (\w+)|calls)", 10)[1] == "80"
    tgtd.start()
    soak.calls(20)
    report = soak.end()
    assert [key for (key,) in report.numbers("key")] == [0x2D78, 0x1071]


@pytest.mark.parametrize("nic", DIFFERENT)
def test_no_link(soak, nic):
    """The cable is pulled for a second, and for as long as it takes to notice."""
    soak, _ = soak(nic=nic)
    pc = soak.pc
    pc.set_link(False)
    time.sleep(1)
    pc.set_link(True)
    soak.calls(30)
    pc.set_link(False)
    wait_for_line(pc, line("NIC_NO_LINK") + ".*")
    pc.set_link(True)
    soak.calls(30)
    soak.finish()
