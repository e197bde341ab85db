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
