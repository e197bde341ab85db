"""Others at the same LUN, while a PC reads and rewrites it: they reserve it, reset it, end all sessions. The PC
must not be given a wrong byte, and goes on as soon as it can."""

import itertools
import json
import re
import time

import pytest
from bootdisk import DEBUG_EXIT
from on_istgt import OnIstgt
from on_lio import SECOND_IS_BEST, Like, OnLio
from on_tgtd import OnTgtd
from rig.initiator import KEY, NAME
from setups import DISK, OURS, Wanted
from soakdisk import MAY_FAIL, Soak, SoakDisk
from statusline import wait_for_line

TIMEOUT = 6  # lunboot's, which is also how long a write waits for a reservation
GAPS_MS = (30, 60, 120, 240, 480)  # between resets; in the longest a write gets through on a busy machine, too
RESETS = 20
NAMED = dict.fromkeys(("istgt", "tgtd"), f"key {KEY:016x}")  # these have no READ FULL STATUS
OLD_SAYS = r"(\S+, the LUN is reserved|reserved by key \w+)"  # RESERVE(6) names nobody; istgt has some key for it


class Shared:
    """A PC that soaks, its target, and another initiator at the LUN."""

    def __init__(self, pc, disk, target):
        self.pc, self.target, self.lun = pc, target, target.lun
        self.soak = Soak(pc, disk)
        self.soak.calls(10)
        self.other = target.another()

    def done(self):
        """Calls so far."""
        return int(re.findall(r"^@ calls +(\w+)$", self.pc.e9.text(), re.M)[-1], 16)

    def errors(self):
        """The statuses of INT 13h that were no success."""
        return re.findall(r"^@ error +(\w+)$", self.pc.e9.text(), re.M)


def write_exclusive(shared):
    """It may be read, and writes end with a status that says why; until it is free."""
    shared.other.reserve(shared.lun, "write exclusive")
    shared.pc.e9.expect("^@ error", 60)
    shared.soak.calls(3)
    shared.pc.e9.expect("^@ error", 60)
    assert set(shared.errors()) == {"03"}
    shared.other.release(shared.lun, "write exclusive")
    shared.soak.calls(1)
    before = len(shared.errors())
    shared.soak.calls(30)
    assert len(shared.errors()) == before


def held(kind):
    """Until then calls wait, and the screen says for whom; RESERVE(6) has no name."""

    def act(shared):
        shared.other.reserve(shared.lun, kind)
        holder = NAMED.get(shared.target.NAME, NAME[-32:])
        said = OLD_SAYS if kind == "reserve(6)" else f"reserved by {holder}"
        wait_for_line(shared.pc, rf"lunboot: E75 {said}.* Esc gives up.*")
        shared.other.release(shared.lun, kind)
        shared.soak.calls(30)

    return act


def resets(what):
    """One after the other; calls get through all the same. A reset that meets a write before its R2T was seen to
    leave LIO (Linux 6.1) with neither done: after a minute the PC logs in anew, and that ends both."""

    def act(shared):
        goal, end = shared.done() + 30, time.monotonic() + 400
        for count, gap in enumerate(itertools.cycle(GAPS_MS)):
            if count >= RESETS and shared.done() >= goal:
                return
            assert time.monotonic() < end, f"{shared.done()} calls of {goal}"
            shared.other.reset(shared.lun, what)
            time.sleep(gap / 1000)

    return act


def sessions_end(shared):
    for _ in range(3):
        shared.target.end_sessions()
        shared.soak.calls(10)


def controllers_change_places(shared):
    """By the optimised one; and where none is, by what there is."""

    def goes_by(n):
        shared.soak.calls(20)
        wanted, end = [n == 0, n == 1], time.monotonic() + 60
        while [OURS in group.sessions() for group in shared.target.groups] != wanted:
            assert time.monotonic() < end, f"no session by path {n} alone"

    goes_by(1)
    shared.target.states("optimized", "standby")
    goes_by(0)
    shared.target.states("unavailable", "non-optimized")
    goes_by(1)


TWO = Like(states=SECOND_IS_BEST, portals=2)
DISTURBANCES = {
    "write exclusive for a while": write_exclusive,
    "exclusive access for a while": held("exclusive access"),
    "RESERVE(6) for a while": held("reserve(6)"),
    "LUN resets": resets("LUN"),
    "target resets": resets("target"),
    "sessions ended": sessions_end,
    "controllers change places": controllers_change_places,
}
RESERVATIONS = ("write exclusive for a while", "exclusive access for a while", "RESERVE(6) for a while")
ROWS = {
    OnLio: (*RESERVATIONS, "LUN resets", "sessions ended", "controllers change places"),
    OnTgtd: (*RESERVATIONS, "LUN resets", "sessions ended"),
    OnIstgt: (*RESERVATIONS, "LUN resets", "target resets"),
}
QUICK = {(OnTgtd, "exclusive access for a while"), (OnTgtd, "LUN resets")}


def rows(*targets):
    for make in targets:
        for name in ROWS[make]:
            marks = () if (make, name) in QUICK else pytest.mark.targets
            yield pytest.param(make, name, id=f"{make.NAME}-{name}".replace(" ", "-"), marks=marks)


class Scene:
    """A target with a soak disk, before anybody has come. Gives `target`, and the PC by boot()."""

    def __init__(self, make, name, *, net, logs, machine, kernel, stack):
        self.disk = SoakDisk(logs / "disk", phases=MAY_FAIL)
        wanted = TWO if name.startswith("controllers") else Wanted()
        self.target = stack.enter_context(make(net, logs, self.disk.path, wanted))
        path = self.target.root_path(self.target.lun)
        append = f"root-path={path} ip=192.0.2.77/24 initiator-iqn={OURS} timeout={TIMEOUT}"
        self.boot = lambda: machine(namespace=net, tap="tap0", kernel=kernel, append=append, extra=DEBUG_EXIT)


def disturb(make, name, logs, **fixtures):
    scene = Scene(make, name, logs=logs, **fixtures)
    shared = Shared(scene.boot(), scene.disk, scene.target)
    result = {"target": make.NAME, "setup": name, "expected": DISK, "got": "stays away", "said": ""}
    started = time.monotonic()
    try:
        DISTURBANCES[name](shared)
        report = shared.soak.end()
        scene.target.settle()
        assert all(error == ["03"] for error in report.all("error"))
        ((_, _, _, generations, _, _),) = report.numbers("soaked")
        scene.disk.check(generations)
        result["got"] = DISK
    finally:
        result["seconds"] = round(time.monotonic() - started, 1)
        (logs / "target.json").write_text(json.dumps(result))


@pytest.mark.parametrize("make, name", rows(OnTgtd, OnIstgt))
def test_others(make, name, net, logs, machine, kernel, stack):
    disturb(make, name, logs, net=net, machine=machine, kernel=kernel, stack=stack)


@pytest.mark.parametrize("make, name", rows(OnLio))
def test_others_on_lio(make, name, lio_net, logs, machine, kernel, stack):
    disturb(make, name, logs, net=lio_net, machine=machine, kernel=kernel, stack=stack)


@pytest.mark.targets
def test_held_before_it_boots(lio_net, logs, machine, kernel, stack):
    """It says by whom, waits, and boots as soon as the LUN is free."""
    scene = Scene(OnLio, "", net=lio_net, logs=logs, machine=machine, kernel=kernel, stack=stack)
    other = scene.target.another()
    other.reserve(scene.target.lun, "exclusive access")
    pc = scene.boot()
    pc.expect(rf"^Held +by {NAME}$", 60)
    other.release(scene.target.lun, "exclusive access")
    Soak(pc, scene.disk).calls(10)
