"""Between INT 13h calls: a user sits at a boot menu, and the target wants to know who is there."""

import time

import pytest
from bootdisk import BootDisk, on_lun, run  # noqa: F401 (fixtures)

NOP_INTERVAL = 2  # seconds
NOP_COUNT = 3  # this many without an answer, and tgtd drops the connection


@pytest.mark.slow
@pytest.mark.parametrize("accel, seconds", [("tcg", 60), ("kvm", 20)])
def test_nop_in_is_answered_while_idle(logs, on_lun, accel, seconds):
    disk = BootDisk(logs / "disk", "idle", 8, seconds=seconds,
                    reads=100 if accel == "tcg" else 10)
    pc, target = on_lun(
        disk, target={"nop_interval": NOP_INTERVAL, "nop_count": NOP_COUNT}, accel=accel
    )
    pc.e9.expect("^@ idle", 120)
    start = time.monotonic()
    at_start = target.connections()
    assert len(at_start) == 1
    pc.e9.expect("^@ awake", seconds + 60)
    elapsed = time.monotonic() - start
    assert elapsed > seconds * 0.9 > NOP_INTERVAL * NOP_COUNT
    assert target.connections() == at_start
    report = run(pc)
    report.check_reads(disk)
    # Not one tick in ten was lost to the BIOS's clock.
    ((first,), (last,)) = report.numbers("idle"), report.numbers("awake")
    assert last[0] - first[0] >= elapsed * 18.2 * 0.9
