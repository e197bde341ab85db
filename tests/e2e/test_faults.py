"""A PC whose disk misbehaves in every way of faults.py, one after the other, and that never gets an error
or a wrong byte."""

from types import SimpleNamespace

import faults
import pytest
from bootdisk import DEBUG_EXIT
from rig.target import Target
from soakdisk import Soak, SoakDisk


@pytest.fixture
def rig(stack, net, logs, dhcp, machine, iso):
    """rig(...) boots a soak disk from a scripted target, with Target's arguments; see faults.py."""

    def start(**options):
        disk = SoakDisk(logs / "disk")
        portals = (("192.0.2.1", 3260), ("192.0.2.1", 3261))
        target = stack.enter_context(Target(net, disk.path, portals, **options))
        dhcp(options={17: target.root_path()})
        pc = machine(namespace=net, tap="tap0", iso=iso(), extra=DEBUG_EXIT)
        soak = Soak(pc, disk)
        soak.calls(10)
        return SimpleNamespace(target=target, pc=pc, soak=soak)

    return start


@pytest.mark.parametrize("group", faults.GROUPS)
def test_faults(rig, group):
    rig = rig()
    for fault in faults.GROUPS[group]:
        print(fault.__name__)  # shown when it fails
        fault(rig)
        rig.soak.calls(5)
    assert rig.soak.finish()["writes"]


def test_other_manners(rig):
    """Each way to write that a target can ask for."""
    rig = rig(InitialR2T="No", MaxRecvDataSegmentLength=8192, FirstBurstLength=16384,
              MaxBurstLength=32768, MaxOutstandingR2T=4, window=2)
    for fault in (faults.reset_after_r2t, faults.target_killed):
        fault(rig)
        rig.soak.calls(10)
    assert rig.soak.finish()["writes"]
