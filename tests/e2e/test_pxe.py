"""lunboot.pxe, loaded by the PXE of QEMU's own iPXE, and by tests/bootdisk/pxerom.asm, which does what no
real PXE does."""

import re
import socket
import struct
import time

import bootdisk
import pytest
from bootdisk import BootDisk, run
from test_failures import error
from test_media import base_memory, base_memory_before  # noqa: F401 (fixture)

from rig.nbp import make_nbp
from rig.paths import BUILD
from rig.wire import Wire

ROM = "/usr/lib/ipxe/qemu/pxe-e1000.rom"
PHASES = bootdisk.WHOLE | bootdisk.FUNCTIONS
LOADS = 60  # seconds, for a busy machine under TCG
LOW_MEMORY = 0x80000, 0x20000  # where Linux looks for an iBFT


@pytest.fixture
def disk(logs):
    return BootDisk(logs / "disk", "disktest", 4, PHASES)


def answers(server):
    """The DHCP exchanges that ended in an address: the numbers of their transactions."""
    return re.findall(r"(\d+) DHCPACK", server.log.read_text())


def check(pc, disk, before):
    """All of the disk is there; of iPXE and its PXE nothing is left."""
    report = run(pc)
    assert report.phases_done() == PHASES
    report.check_reads(disk)
    assert report.numbers("geometry")[0][-1] == 1, "iPXE's disk is still there"
    ((ticks,),) = report.numbers("absent_ticks")
    assert ticks <= 4
    assert 0 < before - base_memory(pc) <= 4
    assert pc.memory(*LOW_MEMORY).count(b"iBFT") == 1


@pytest.mark.slow
def test_takes_the_cached_answer(net, tgtd, dhcp, machine, disk, tftp, second_disk,
                                 base_memory_before):  # noqa: F811
    """One exchange, iPXE's own. iPXE has taken the root path for itself, too, and must let go."""
    before = base_memory_before(disks=[second_disk], extra=("-device", f"e1000,romfile={ROM}"))
    target = tgtd().target().lun(disk.path)
    server = dhcp(options={17: target.root_path()}, extra=tftp)
    pc = machine(namespace=net, tap="tap0", rom=ROM)
    check(pc, disk, before)
    assert len(answers(server)) == 1
    assert len(target.connections()) == 1


@pytest.mark.slow
def test_asks_when_there_is_no_root_path(net, tgtd, dhcp, machine, disk, tftp, second_disk,
                                         base_memory_before):  # noqa: F811
    before = base_memory_before(disks=[second_disk], extra=("-device", f"e1000,romfile={ROM}"))
    server = dhcp(extra=tftp)
    pc = machine(namespace=net, tap="tap0", rom=ROM)
    end = time.monotonic() + LOADS
    while "lunboot.pxe to 192.0.2." not in server.log.read_text():
        assert time.monotonic() < end, "lunboot.pxe was not loaded"
        time.sleep(0.02)
    server.stop()
    server.command.append(f"--dhcp-option-force=17,{tgtd().target().lun(disk.path).root_path()}")
    server.start()
    check(pc, disk, before)
    first, second = answers(server)
    assert first != second


# ---- tests/bootdisk/pxerom.asm ------------------------------------------------------------------------

OLD, NOTHING, VECTOR, STAYS, HOLE, BELOW = 1, 2, 4, 8, 16, 32  # its phases
ROM_KIB, UNDI_KIB = 16, 8  # what it takes, and what of that it says is UNDI's
UNDI_BLOCK = 8  # KiB that kernel/drv/undi_place.c takes here: 5, up to the end of a page
ACK_SECTOR, PROXY_SECTOR, PROGRAM_SECTOR = 40, 44, 64
ASKED = [0x71, 0x71, 0x12, 0xE6]  # GET_CACHED_INFO twice, GET_NIC_TYPE, and whether it is iPXE
ENDED = [0x05, 0x70, 0x15]  # UNDI_SHUTDOWN, UNLOAD_STACK, STOP_UNDI
ENDED_OLD = [0x05, 0x70, 0x02]  # UNDI_CLEANUP in place of STOP_UNDI
NIC = 0x10 << 3  # its PCI address; another NIC comes before it
MAC = "52:54:00:12:34:56"


def answer(*options):
    """A DHCP ACK from 192.0.2.1."""
    packet = struct.pack("!4BIHH4s4s4s4s16s192s4s", 2, 1, 6, 0, 0x12345678, 0, 0, bytes(4),
                         socket.inet_aton("192.0.2.77"), bytes(4), bytes(4),
                         bytes.fromhex(MAC.replace(":", "")), b"", b"\x63\x82\x53\x63")
    for code, value in ((53, b"\x05"), (54, socket.inet_aton("192.0.2.1")), *options):
        packet += bytes((code, len(value))) + value
    return packet + b"\xff"


MASK = (1, b"\xff\xff\xff\x00")
LEASE = (51, b"\x00\x00\x0e\x10")


@pytest.fixture
def pxe_rom(logs, net, tgtd, machine):
    """pxe_rom(phases, ack, proxy) boots the ROM; gives the PC and the report of the LUN's program; pxe_rom.start()
    gives the PC alone. The LUN is at pxe_rom.target.root_path(). program: another lunboot.pxe; options: Qemu's."""
    disk = BootDisk(logs / "disk", "drives", 2, reads=10)
    target = tgtd().target().lun(disk.path)

    def start(phases=0, ack=b"", proxy=b"", other_nic=("-device", "e1000,romfile=,addr=5"),
              program=BUILD / "lunboot.pxe", **options):
        rom = BootDisk(logs / "rom", "pxerom", 2, phases, seconds=len(ack), reads=len(proxy), size=NIC)
        with open(rom.path, "r+b") as f:
            for sector, data in ((ACK_SECTOR, ack), (PROXY_SECTOR, proxy),
                                 (PROGRAM_SECTOR, program.read_bytes())):
                f.seek(sector * bootdisk.SECTOR)
                f.write(data)
        return machine(namespace=net, tap="tap0", nic=f"e1000,addr={NIC >> 3:#x}", disks=[rom.path],
                       extra=other_nic, **options)

    def boot(*args, **options):
        pc = start(*args, **options)
        report = run(pc, 60)
        report.check_reads(disk)
        return pc, report

    boot.start, boot.target = start, target
    return boot


def calls(report):
    return [function for (function,) in report.numbers("pxe")]


@pytest.mark.parametrize("phases, ended, stays", [
    (0, ENDED, 0),
    (OLD, ENDED_OLD, 0),
    (VECTOR, ENDED, ROM_KIB),
    (STAYS, ENDED, ROM_KIB),
    (HOLE, ENDED, ROM_KIB // 2),
])
def test_ends_pxe(pxe_rom, phases, ended, stays):
    """No DHCP server: the NIC, the address and the root path are those that PXE tells. Its memory is given
    back when that is safe."""
    root_path = pxe_rom.target.root_path().encode()
    pc, report = pxe_rom(phases, answer(LEASE, MASK, (17, root_path)))
    assert calls(report) == ASKED + ended
    assert "NIC      Intel 82540EM at 00:10.0" in pc.serial.text()
    assert "Address  192.0.2.77/24" in pc.serial.text()
    assert 639 - base_memory(pc) == 4 + stays


def test_undi_stays_without_its_base_code(pxe_rom, logs):
    """That is free at once. Here UNDI fails then: lunboot ends it in the order of its states, and its memory is free,
    too."""
    program = logs / "undi.pxe"
    make_nbp(program, "nic=undi", "retry=0")
    pc = pxe_rom.start(BELOW, program=program)
    pc.expect(rf"^E{error('NIC_DEAD')[0]}: ", 60)
    assert 639 - base_memory(pc) == 4 + UNDI_BLOCK + ROM_KIB
    end = time.monotonic() + LOADS
    while 639 - base_memory(pc) != ROM_KIB - UNDI_KIB:
        assert time.monotonic() < end, f"{base_memory(pc)} KiB"
        time.sleep(0.2)
    called = [int(function, 16) for function in re.findall(r"@ pxe (\w\w)", pc.e9.text())]
    assert called[:6] == ASKED + ENDED[:2]
    assert called[6:] == [0x01, 0x03, 0x13, 0x07, 0x05, 0x02, 0x15]  # from UNDI_STARTUP to STOP_UNDI


def test_root_path_from_proxy_dhcp(pxe_rom):
    """The ACK's own options are kept, what it lacks comes from the proxyDHCP server."""
    name, secret = b"reader", b"a-secret-of-16-b"
    target = pxe_rom.target.chap(name.decode(), secret.decode())
    ipxe = (175, bytes((190, len(name))) + name + bytes((191, len(secret))) + secret)
    proxy = answer((17, target.root_path().encode()), (1, bytes(4)), ipxe,
                   (203, b"iqn.2026-01.org.example:theirs"))
    pc, _ = pxe_rom(0, answer(LEASE, MASK, (203, b"iqn.2026-01.org.example:own")), proxy)
    assert "Address  192.0.2.77/24" in pc.serial.text()
    assert "iqn.2026-01.org.example:own" in target.tgtd.ask("--op", "show", "--mode", "target")


def test_in_a_vlan(pxe_rom, net, stack, logs, dhcp):
    """PXE has asked outside of it: lunboot asks again."""
    root_path, program = pxe_rom.target.root_path(), logs / "vlan.pxe"
    make_nbp(program, "vlan=20", f"root-path={root_path}")
    net.add_tap("tap1")
    line = stack.enter_context(Wire(net, logs, "tap1", trunk=("20", "tap0")))
    dhcp()
    pc, _ = pxe_rom(0, answer(LEASE, MASK, (17, root_path.encode())), program=program, wire=line)
    assert re.search(r"^Address .* from DHCP server 192\.0\.2\.1$", pc.serial.text(), re.M)


def test_without_pxe(pxe_rom, dhcp):
    """Started by something that has no PXE: lunboot asks."""
    dhcp(options={17: pxe_rom.target.root_path()})
    pc, report = pxe_rom(NOTHING, other_nic=())
    assert calls(report) == []
    assert 639 - base_memory(pc) == 4 + ROM_KIB


LONGEST = 1500  # bytes of a packet that are taken


def filled(*options):
    """An answer as long as may be."""
    full = [(224 + n, bytes(250)) for n in range(4)]
    left = LONGEST - len(answer(*options, *full)) - 2
    return answer(*options, *full, (228, bytes(left)))


def test_root_path_beside_a_full_answer(pxe_rom):
    """Neither packet has room for what the other says."""
    root_path = pxe_rom.target.root_path().encode()
    ack, proxy = filled(LEASE, MASK), filled((17, root_path))
    assert len(ack) == len(proxy) == LONGEST
    pc, _ = pxe_rom(0, ack, proxy)
    assert "Address  192.0.2.77/24" in pc.serial.text()


@pytest.mark.parametrize("ack, proxy", [
    (b"", b""),
    (answer(LEASE, MASK)[:100], b""),
    (answer(LEASE, MASK)[:-1] + b"\x11\xff", b""),
    (answer(LEASE, MASK), answer((17, b"x" * 9))[:-3]),
    (filled(LEASE, MASK), filled()),
], ids=["none", "short", "overrun", "proxy_cut", "full"])
def test_strange_answer(pxe_rom, dhcp, ack, proxy):
    """No root path that can be used: lunboot asks."""
    dhcp(options={17: pxe_rom.target.root_path()})
    _, report = pxe_rom(0, ack, proxy)
    assert calls(report)[-3:] == ENDED
