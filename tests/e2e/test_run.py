"""`make run` without a terminal: it ends by itself, says how it went, and leaves nothing behind."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rig.child import need
from rig.paths import BUILD, TOP

DEMO = "lunboot demo disk: GRUB menu reached"


@pytest.fixture
def run(tmp_path, kernel):
    """run(**variables) starts tools/run with a TMPDIR of its own."""
    need("qemu-system-x86_64", "tgtd", "grub-mkrescue", "sfdisk", "mke2fs")
    started = []

    def start(**variables):
        environment = {k: v for k, v in os.environ.items() if k not in ("DISK", "TARGET", "NIC")}
        environment.update(variables, B=str(BUILD), TMPDIR=str(tmp_path))
        started.append(subprocess.Popen(
            [TOP / "tools/run"], env=environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        ))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def children(pid):
    found = subprocess.run(["pgrep", "--session", str(pid)], capture_output=True, text=True)
    return [int(p) for p in found.stdout.split() if int(p) != pid]


def ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def check_clean(tmp_path, pids):
    deadline = time.monotonic() + 5
    while not all(ended(p) for p in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(ended(p) for p in pids)
    assert list(tmp_path.iterdir()) == []


def test_run_ends_by_itself(run, tmp_path):
    had_kvm = Path("/dev/kvm").exists()
    process = run()
    out, _ = process.communicate(timeout=150)
    assert process.returncode == 0, out
    for step in ("lunboot ", "NIC ", "Address ", "Target ", "Disk ", "Booting "):
        assert f"\n{step}" in out
    assert DEMO in out
    check_clean(tmp_path, children(process.pid))
    assert Path("/dev/kvm").exists() == had_kvm


def test_run_serves_a_disk_of_the_users_own(run, tmp_path, demo_disk):
    process = run(DISK=str(demo_disk), NIC="e1000-82545em", MEM="128M")
    out, _ = process.communicate(timeout=150)
    assert process.returncode == 0, out


def test_run_fails_with_the_log(run, tmp_path):
    process = run(TARGET="iscsi:10.0.2.2::1:1:iqn.2026-01.org.lunboot:none", TIMEOUT="8")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "\nNIC " in out and "did not appear" in out
    check_clean(tmp_path, children(process.pid))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_run_takes_its_children_along(run, tmp_path, how):
    process = run(TARGET="iscsi:10.0.2.2::1:1:iqn.2026-01.org.lunboot:none")
    deadline = time.monotonic() + 20
    while "qemu" not in " ".join(
        Path(f"/proc/{p}/cmdline").read_text() for p in children(process.pid) if not ended(p)
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pids = children(process.pid)
    process.send_signal(how)
    process.wait(60)
    if how == signal.SIGKILL:  # nobody was left to tidy up, but all must have ended
        for _ in range(100):
            if all(ended(p) for p in pids):
                break
            time.sleep(0.05)
        assert all(ended(p) for p in pids)
    else:
        check_clean(tmp_path, pids)
