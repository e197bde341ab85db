"""These tests have the rig and the fixtures of tests/e2e, and a directory of logs each beside theirs."""

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS), str(TESTS / "e2e")]

# pylint: disable=wrong-import-position,unused-import
from e2e.conftest import debian_disk, dhcp, iso, kernel, lio, logs, machine, net, stack, wire  # noqa: E402,F401
from lio_fixture import lio_net  # noqa: E402,F401


def pytest_configure(config):
    config.addinivalue_line("markers", "targets: belongs to `make targets` alone")
    config.addinivalue_line("markers", "ipxe: belongs to `make targets IPXE=1` alone")


def pytest_collection_modifyitems(items):
    for marker, asked in (("targets", "TARGETS"), ("ipxe", "IPXE")):
        if not os.environ.get(asked):
            items[:] = [item for item in items if not item.get_closest_marker(marker)]
