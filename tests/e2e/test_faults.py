"""A PC whose disk misbehaves in every way of faults.py, one after the other, and that never gets an error
or a wrong byte. The NICs take turns. `make soak` runs each for longer, those that take long as well, and all on any
NIC."""

import json
import os
import time

import faults
import pytest
from faults import command, make_rig, opcode  # noqa: F401 (fixture)
from nics import SOAKED, take_turns

from rig import pdu

SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", 30))
NIC_OF = take_turns([*faults.GROUPS, "manners", "digests"])


@pytest.mark.slow
@pytest.mark.parametrize("group, nic", [(group, NIC_OF[group]) for group in faults.GROUPS])
def test_faults(rig, group, nic):
    rig = rig(nic)
    for fault in faults.GROUPS[group]:
        print(fault.__name__)  # shown when it fails
        fault(rig)
        rig.soak.calls(5)
    assert rig.soak.finish()["writes"]


def test_other_manners(rig):
    """Each way to write that a target can ask for."""
    rig = rig(NIC_OF["manners"], InitialR2T="No", MaxRecvDataSegmentLength=8192, FirstBurstLength=16384,
              MaxBurstLength=32768, MaxOutstandingR2T=4, window=2)
    for fault in (faults.reset_after_r2t, faults.target_killed):
        fault(rig)
        rig.soak.calls(10)
    assert rig.soak.finish()["writes"]


def fresh(when):
    """The first such PDU of a connection: several may be on their way when one ends it."""
    seen = set()
    return lambda p, connection: when(p, connection) and not (
        connection.number in seen or seen.add(connection.number))


def wrong_bit(rig, at, when):
    """Three such reads are answered with a wrong bit at this byte of the PDU."""

    def act(p, connection):
        lba, _ = p.blocks()
        data = os.pread(rig.target.file, p.expected, lba * 512)
        whole = bytearray(connection.pdu(connection.header(pdu.DATA_IN, 0x81, p.itt), data))
        whole[at] ^= 0x10
        connection.raw(whole)

    rig.target.wait_fault(when, act, times=3)


def test_digests(rig):
    """Wrong ones: of data, of a header, and ours as the target sees them."""

    def reject(p, connection):
        bhs = connection.header(pdu.REJECT, pdu.FINAL, pdu.NO_TAG)
        bhs[2] = 2
        connection.send(bhs, p.bhs)

    rig = rig(NIC_OF["digests"], HeaderDigest="CRC32C", DataDigest="CRC32C", ImmediateData="No")
    wrong_bit(rig, 200, command(pdu.READ))
    rig.soak.calls(5)
    connections = rig.target.accepted
    wrong_bit(rig, 17, fresh(command(pdu.READ)))
    rig.soak.calls(5)
    rig.target.wait_fault(fresh(opcode(pdu.DATA_OUT)), reject, times=2)
    rig.soak.calls(5)
    assert rig.soak.finish()["writes"]
    assert rig.target.accepted >= connections + 5


@pytest.mark.soak
@pytest.mark.parametrize("name", faults.FAULTS)
def test_soak(rig, logs, name):
    """Again and again, SOAK_SECONDS long at least; what was done goes to tests/soak's table."""
    rig = rig(SOAKED)
    end = time.monotonic() + SOAK_SECONDS
    times = 0
    while time.monotonic() < end or not times:
        faults.FAULTS[name](rig)
        rig.soak.calls(20)
        times += 1
    kind = next((g for g, members in faults.GROUPS.items() if faults.FAULTS[name] in members), "long")
    done = {"kind": kind, "fault": name, "nic": SOAKED, "times": times, **rig.soak.finish()}
    (logs / "soak.json").write_text(json.dumps(done))
