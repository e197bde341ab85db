"""One target in one set-up: a boot of a disk that reads all of itself and writes. What comes of it is left in
the test's directory for the matrix of `make targets`."""

import json
import re
import time
from pathlib import Path

import pytest
from bootdisk import DEBUG_EXIT, WHOLE, WRITE, BootDisk, Report
from setups import DISK, OURS, SETUPS

ERRORS = (Path(__file__).resolve().parents[2] / "kernel/base/error.h").read_text()
MIB = 1


def rows(target):
    """Its set-ups, each a test: (the target's class, the set-up's name)."""
    for setup in target.QUICK + target.LONG:
        marks = pytest.mark.targets if setup in target.LONG else ()
        yield pytest.param(target, setup, id=f"{target.NAME}-{setup}".replace(" ", "-"), marks=marks)


def code(name):
    """Of an error in kernel/base/error.h."""
    row = re.search(rf"X\({name}, (\d+),", ERRORS)
    return f"E{row[1]}" if row else name


class Boot:
    """One boot of a PC: what it came to, and after how many seconds."""

    def __init__(self, pc, started):
        self.pc, self.started = pc, started

    def wait(self, timeout=100):
        """For the boot sector, or the error that is there in its place: DISK or a code, and what was said."""
        while time.monotonic() < self.started + timeout:
            booted = "@ handoff" in self.pc.e9.text()
            failed = re.search(r"^(E\d+): .*\n(?:  .*\n)*(?=\S)", self.pc.serial.text(), re.M)
            if booted or failed:
                return (DISK, "") if booted else (failed[1], failed[0])
            self.pc.child.check()
            time.sleep(0.02)
        return "nothing", self.pc.serial.text()[-500:]


def command_line(target, setup):
    lun = target.lun if setup.lun is None else setup.lun
    return " ".join([f"root-path={target.root_path(lun)}{setup.name_suffix}", "ip=192.0.2.77/24", "retry=0",
                     "timeout=30", f"initiator-iqn={OURS}", *setup.settings])


def try_setup(make, setup_name, *, net, logs, machine, kernel, stack):
    setup = SETUPS[setup_name]
    disk = BootDisk(logs / "disk", "disktest", MIB, WHOLE | (0 if setup.wanted.read_only else WRITE))
    target = stack.enter_context(make(net, logs, disk.path, setup.wanted))
    result = {"target": make.NAME, "setup": setup_name,
              "expected": code(target.OTHERWISE.get(setup_name, setup.expect)),
              "shows": setup.shows.format(lun=f"{target.lun:x}")}
    started = time.monotonic()
    pc = machine(namespace=net, tap="tap0", kernel=kernel, append=command_line(target, setup), extra=DEBUG_EXIT)
    result["got"], result["said"] = Boot(pc, started).wait()
    result["screen"] = pc.serial.text()
    result["seconds"] = round(time.monotonic() - started, 1)
    if result["got"] == DISK:
        if setup.lost:
            target.lose(setup.lost)
        pc.e9.expect(r"^@ (PASS|FAIL)", 60)
        report = Report(pc.e9.text())
        target.settle()
        result["disk"] = what_is_wrong(report, disk)
    return result


def what_is_wrong(report, disk):
    """With what was read, and with what the target holds in the end; empty: nothing."""
    if report.result() != "PASS":
        return report.result()
    try:
        reads = report.check_reads(disk)
    except AssertionError as error:
        return str(error).splitlines()[0]
    covered = sum(count for _, _, count in reads)
    return "" if covered >= disk.sectors else f"{covered} of {disk.sectors} sectors were read"


def trial(make, setup_name, *, logs, **fixtures):
    """It must come to what is expected."""
    result = try_setup(make, setup_name, logs=logs, **fixtures)
    (logs / "target.json").write_text(json.dumps(result))
    assert result["got"] == result["expected"], result["said"]
    assert not result.get("disk"), result["disk"]
    assert re.search(result["shows"], result["screen"], re.M), result["screen"]
