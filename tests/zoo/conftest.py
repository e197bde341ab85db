"""These tests have the rig and the fixtures of tests/e2e, and a directory of logs each beside theirs."""

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS), str(TESTS / "e2e")]

# pylint: disable=wrong-import-position,unused-import
from e2e.conftest import logs, machine, net, stack, tgtd  # noqa: E402,F401


def pytest_configure(config):
    config.addinivalue_line("markers", "zoo: belongs to `make zoo` alone")


def pytest_collection_modifyitems(items):
    if not os.environ.get("ZOO"):
        items[:] = [item for item in items if not item.get_closest_marker("zoo")]
