"""A path that carries less than both ends believe, and says nothing about it (RFC 4821's black hole)."""

import bootdisk
import pytest
from bootdisk import DEBUG_EXIT, BootDisk, run
from test_disk import BUFFERS, check

PHASES = bootdisk.WHOLE | bootdisk.WRITE | BUFFERS["tcg"]


@pytest.fixture
def start(net, logs, tgtd, dhcp, machine, wire, kernel):
    """start(believed, mtu=carried) boots disktest, which reads and writes; gives the PC, a function that
    waits for its end and checks, and the wire. The rest are the wire's settings."""

    def boot(believed, **settings):
        net.ip(f"link set tap0 mtu {believed}")
        disk = BootDisk(logs / "disk", "disktest", 2, PHASES)
        dhcp(options={17: tgtd().target().lun(disk.path).root_path(), 26: believed})
        line = wire(**settings)
        pc = machine(namespace=net, wire=line, kernel=kernel, extra=DEBUG_EXIT)
        return pc, lambda: check(run(pc), disk, PHASES), line

    return boot


@pytest.mark.parametrize("believed, carried, found", [(9000, 1500, 1500), (1500, 1450, 1400)])
def test_boots(start, believed, carried, found):
    """Reading and writing go on with what passes, and a line tells how to save the wait."""
    pc, finish, _ = start(believed, mtu=carried)
    pc.expect(rf"^Path +loses long packets: now {found} bytes at most; mtu={found} saves")
    finish()


def test_writes(start):
    """Only what the PC sends gets lost."""
    pc, finish, line = start(1500, mtu=1450, dir="from-pc")
    finish()
    stats = line.stats()
    assert stats["from-pc"]["too_long"] and not stats["to-pc"]["too_long"]
    assert "Path " not in pc.serial.text()
