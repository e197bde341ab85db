"""The line over the last row of the screen that tells of a long wait."""

import re
import time

from test_failures import error


def line(name, port=3260):
    """What it says about a target at that port, for an error of kernel/base/error.h."""
    code, text = error(name)
    text = text.removeprefix("the server") if text.startswith("the server") else ", " + text
    return rf"lunboot: E{code} 192\.0\.2\.1:{port}{text}"


def wait_for_line(pc, pattern, timeout=60):
    """What the last row of the screen says, once it does."""
    deadline = time.monotonic() + timeout
    while True:
        row = pc.screen()[24]
        found = re.fullmatch(pattern, row)
        if found:
            return found
        assert time.monotonic() < deadline, row
        time.sleep(0.05)


def counters(pc):
    """What F1 shows, page by page, in place of the line: {name: value}."""
    found = {}
    for _ in range(10):
        pc.key("f1")
        time.sleep(1)
        row = pc.screen()[24]
        if row.startswith("lunboot: "):
            return found
        assert re.fullmatch(r"\w+ \d+(, \w+ \d+)*", row), row
        page = {name: int(value) for name, value in re.findall(r"(\w+) (\d+)", row)}
        assert not page.keys() & found.keys(), row
        found.update(page)
    raise AssertionError("F1 does not come back to the line")
