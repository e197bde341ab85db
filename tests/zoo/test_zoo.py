"""Each guest by each way: does it say what it says when it runs?"""

import json
import re
import time

import pytest
from guests import GUESTS
from ways import WAYS

LONGEST = 120  # seconds, under TCG on a busy machine


def rows():
    for name, guest in GUESTS.items():
        for kind in guest.on:
            for way, (_, kinds) in WAYS.items():
                if kind in kinds:
                    marks = [] if guest.quick and way == "lunboot" else [pytest.mark.zoo]
                    yield pytest.param(name, kind, way, marks=marks, id=f"{name}, {kind}, {way}")


def comes_up(pc, says):
    """The seconds that it took, or None."""
    start = time.monotonic()
    while time.monotonic() < start + LONGEST:
        for look in (pc.serial.text, lambda: "\n".join(pc.screen())):
            if re.search(says, look()):
                return round(time.monotonic() - start, 1)
        pc.child.check()
        time.sleep(0.1)
    return None


@pytest.mark.parametrize("name, kind, way", rows())
def test_zoo(logs, net, stack, tgtd, machine, name, kind, way):
    guest = GUESTS[name]
    (logs / "guest").mkdir()
    image = guest.make(logs / "guest")
    pc = WAYS[way][0](kind, net=net, stack=stack, logs=logs, tgtd=tgtd, machine=machine, image=image)
    took = comes_up(pc, guest.says)
    (logs / "zoo.json").write_text(json.dumps({"guest": name, "kind": kind, "way": way, "took": took}))
    assert (took is not None) == (f"{way}, {kind}" not in guest.not_by)
