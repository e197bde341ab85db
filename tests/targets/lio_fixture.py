"""LIO's machine, which starts when the first test of a worker wants it."""

import os

import pytest
from e2e.conftest import BUILD
from rig.lio import Lio
from rig.namespace import NetNamespace


@pytest.fixture(scope="session")
def lio_net():
    """A network as `net`, with a running Lio in it as its `lio`."""
    directory = BUILD / "e2e" / f"lio-{os.environ.get('PYTEST_XDIST_WORKER', 'machine')}"
    directory.mkdir(parents=True, exist_ok=True)
    with NetNamespace() as net:
        net.add_tap("tap0", "192.0.2.1/24")
        with Lio(net, directory) as net.lio:
            yield net
