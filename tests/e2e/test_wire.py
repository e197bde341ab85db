"""The wire: each fault happens as asked, each way. Without QEMU: the test is both ends itself."""

import os
import random
import re
import signal
import socket
import struct
import subprocess
import time

import bootdisk
import pytest
from bootdisk import BootDisk, on_lun, run  # noqa: F401 (fixture)
from rig.wire import PROGRAM

WAYS = ("to-pc", "from-pc")
HEADER = bytes.fromhex("020000000001 020000000002 88b5")  # to nobody here, of a type for experiments
TAGGED = HEADER[:12] + bytes.fromhex("8100 a014") + HEADER[12:]  # VLAN 20, priority 5
BURST = 50  # frames at a time: what the receive buffer of a packet socket has room for

# Opens a packet socket inside the namespace and hands it to the test.
HAND_OVER = """
import socket, sys
out = socket.socket(fileno=int(sys.argv[1]))
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
packets.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
packets.bind((sys.argv[2], 3))  # ETH_P_ALL
socket.send_fds(out, [b"x"], [packets.fileno()])
"""


def packet_socket(namespace, interface):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        namespace.run("/usr/bin/python3", "-c", HAND_OVER, str(theirs.fileno()), interface,
                      pass_fds=[theirs.fileno()])
        _, (fd,), _, _ = socket.recv_fds(ours, 1, 1)
    return socket.socket(fileno=fd)


class Ends:
    """Both ends of a wire: QEMU's socket, and the network's side of the TAP device."""

    def __init__(self, namespace, wire):
        self.wire = wire
        self.network = packet_socket(namespace, "tap0")
        self.pc = socket.socket(socket.AF_UNIX)
        self.pc.connect(wire.path)
        for end in (self.network, self.pc):
            end.settimeout(20)
        self.from_wire = self.pc.makefile("rb")

    def send(self, way, frames):
        """All at once: the wire finds them together when it goes on."""
        self.wire.child.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.wire.child.pid, os.WSTOPPED)
        if way == "to-pc":
            for frame in frames:
                self.network.send(frame)
        else:
            self.pc.sendall(b"".join(struct.pack(">I", len(f)) + f for f in frames))
        self.wire.child.signal(signal.SIGCONT)

    def receive(self, way):
        """The next frame."""
        if way == "from-pc":
            return self.network.recv(70000)
        return self.from_wire.read(*struct.unpack(">I", self.from_wire.read(4)))

    def settled(self, way, frames):
        """The stats, when so many frames have come in and none is under way any more."""
        deadline = time.monotonic() + 20
        while True:
            stats = self.wire.stats()[way]
            if stats["frames"] >= frames and not stats["queued"]:
                assert stats["frames"] == frames, "a stranger's frame"
                return stats
            assert time.monotonic() < deadline, stats
            time.sleep(0.001)

    def through(self, way, frames):
        """Send these frames; what has come of them, and the stats of them alone."""
        before, came = self.wire.stats()[way], []
        for at in range(0, len(frames), BURST):
            burst = frames[at : at + BURST]
            self.send(way, burst)
            after = self.settled(way, before["frames"] + at + len(burst))
            came += [self.receive(way) for _ in range(after["passed"] - before["passed"] - len(came))]
        return came, {name: after[name] - before[name] for name in after}

    def hang_up(self):
        """The PC ends."""
        self.from_wire.close()
        self.pc.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.network.close()
        self.hang_up()


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def make_frames(count, size=None):
    """Each is different, and of 60 to 1514 bytes unless a size is given."""
    rng = random.Random(count)
    return [HEADER + struct.pack(">I", i) + rng.randbytes((size or rng.randint(60, 1514)) - 18)
            for i in range(count)]


@pytest.fixture
def ends(stack, net, wire):
    """ends(...) makes a wire and both its ends; settings as for Wire."""
    # Without a link-local address the kernel has nothing to say there.
    net.ip("link set tap0 addrgenmode none")

    def start(**settings):
        return stack.enter_context(Ends(net, wire(**settings)))

    return start


def check_loss(sent, came, stats):
    assert len(came) == len(sent) - stats["lost"] < len(sent)
    left = iter(sent)
    assert all(frame in left for frame in came), "not in order"


def check_duplicate(sent, came, stats):
    once = [frame for frame, before in zip(came, [None, *came]) if frame != before]
    assert once == sent
    assert len(came) == len(sent) + stats["duplicated"] > len(sent)


def check_corrupt(sent, came, stats):
    flipped = [(int.from_bytes(a) ^ int.from_bytes(b)).bit_count() for a, b in zip(sent, came)]
    assert [len(f) for f in came] == [len(f) for f in sent]
    assert set(flipped) == {0, 1} and sum(flipped) == stats["corrupted"]


def check_reorder(sent, came, stats):
    order = [sent.index(frame) for frame in came]
    assert sorted(order) == list(range(len(sent)))
    overtaken_by = [sum(n > number for n in order[:at]) for at, number in enumerate(order)]
    assert set(overtaken_by) == {0, 1, 2, 3}
    assert sum(map(bool, overtaken_by)) == stats["reordered"]


FAULTS = {
    "loss": check_loss,
    "duplicate": check_duplicate,
    "corrupt": check_corrupt,
    "reorder": check_reorder,
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_happens_by_itself(ends, way):
    pair, frames = ends(), make_frames(400)
    came, stats = pair.through(way, frames)
    assert came == frames
    assert stats == dict.fromkeys(stats, 0) | {
        "frames": 400, "passed": 400, "bytes": sum(map(len, frames))}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
def test_fault(ends, fault, way):
    """It meets the share asked for, this way only, and the same frames with the same seed."""
    pair, frames = ends(), make_frames(400)
    runs = []
    for seed in (7, 7, 8):
        pair.wire.set(seed=seed, dir=way, **{fault: 0.2})
        came, stats = pair.through(way, frames)
        FAULTS[fault](frames, came, stats)
        harmed = sum(stats[name] for name in ("lost", "duplicated", "reordered", "corrupted"))
        # One that waits to be overtaken keeps others from it.
        assert (30 if fault == "reorder" else 60) <= harmed <= 100, stats
        runs.append(came)
    assert runs[0] == runs[1] != runs[2]
    other = next(w for w in WAYS if w != way)
    assert pair.through(other, frames)[0] == frames
    pair.wire.clear()
    assert pair.through(way, frames)[0] == frames


@pytest.mark.parametrize("way", WAYS)
def test_delay(ends, way):
    pair, (frame,) = ends(delay=50, dir=way), make_frames(1)
    start = time.monotonic()
    pair.through(way, [frame])
    assert time.monotonic() - start >= 0.05


def test_round_trip(ends):
    """Half of it each way."""
    pair, (there, back) = ends(rtt=100), make_frames(2)
    start = time.monotonic()
    pair.through("from-pc", [there])
    half = time.monotonic()
    pair.through("to-pc", [back])
    assert half - start >= 0.05 and time.monotonic() - half >= 0.05


@pytest.mark.parametrize("way", WAYS)
def test_jitter(ends, way):
    """What is late depends on the seed; the order never changes."""
    pair, frames = ends(jitter=40, seed=3, dir=way), make_frames(50)
    late = []
    for frame in frames[:10]:
        start = time.monotonic()
        pair.through(way, [frame])
        late.append(time.monotonic() - start)
    assert max(late) >= 0.02
    assert pair.through(way, frames)[0] == frames


def test_shorter_delay_keeps_the_order(ends):
    pair, frames = ends(delay=300), make_frames(2)
    pair.send("to-pc", frames[:1])
    wait_for(lambda: pair.wire.stats()["to-pc"]["frames"] == 1)
    pair.wire.clear()
    pair.send("to-pc", frames[1:])
    assert [pair.receive("to-pc") for _ in frames] == frames


@pytest.mark.parametrize("way", WAYS)
def test_rate(ends, way):
    pair, frames = ends(rate=100_000, dir=way), make_frames(20, size=1000)
    start = time.monotonic()
    came, _ = pair.through(way, frames)
    assert time.monotonic() - start >= 0.2
    assert came == frames


@pytest.mark.parametrize("way", WAYS)
def test_queue(ends, way):
    """Nine frames with their 16 bytes have room, the others don't."""
    pair, frames = ends(delay=20, queue=10_000, dir=way), make_frames(50, size=1000)
    came, stats = pair.through(way, frames)
    assert came == frames[:9]
    assert stats["dropped"] == 41


def test_many_under_way(ends):
    """They wait, whole and in order, however many: here 6 MB, until the line is fast again."""
    pair, frames = ends(rate=1, dir="to-pc"), make_frames(4000, size=1500)
    for at in range(0, len(frames), BURST):
        pair.send("to-pc", frames[at : at + BURST])
        wait_for(lambda: pair.wire.stats()["to-pc"]["frames"] == at + BURST)
    pair.wire.set(rate=0)
    for frame in frames:
        assert pair.receive("to-pc") == frame


@pytest.mark.parametrize("way", WAYS)
def test_blackout(ends, way):
    """What comes meanwhile is lost, and what is under way when it begins."""
    pair, frames = ends(delay=1000), make_frames(10)
    pair.send(way, frames[:4])
    wait_for(lambda: pair.wire.stats()[way]["frames"] == 4)
    pair.wire.blackout()
    assert pair.through(way, frames[4:7])[0] == []
    assert pair.wire.stats()[way]["blackout"] == 7
    pair.wire.clear()
    assert pair.through(way, frames[7:])[0] == frames[7:]


@pytest.mark.parametrize("way", WAYS)
def test_mtu(ends, way):
    """What is longer is lost, this way only; the tag of a VLAN does not count."""
    pair, (short, long, tagged) = ends(mtu=1000, dir=way), [
        *make_frames(1, size=1014), *make_frames(1, size=1015), TAGGED + bytes(1000)]
    came, stats = pair.through(way, [short, long, tagged])
    assert came[0] == short and came[1][-1000:] == tagged[-1000:]  # Linux takes off the tag
    assert stats["too_long"] == 1 and stats["passed"] == 2
    other = next(w for w in WAYS if w != way)
    assert pair.through(other, [long])[0] == [long]


def test_trunk(stack, net, ends):
    """A VLAN has a network of its own; the tag is seen on the PC's side alone."""
    net.add_tap("tap1")
    net.ip("link set tap1 addrgenmode none")
    pair, plain = ends(trunk=("20", "tap1")), HEADER + bytes(100)
    vlan = stack.enter_context(packet_socket(net, "tap1"))
    vlan.settimeout(20)
    other = bytearray(TAGGED + bytes(100))
    other[15] = 21
    assert pair.through("from-pc", [plain, bytes(other)])[0] == [plain]
    pair.send("from-pc", [TAGGED + bytes(100)])
    assert vlan.recv(70000) == plain
    assert pair.through("to-pc", [plain])[0] == [plain]
    vlan.send(plain)
    assert pair.receive("to-pc") == HEADER[:12] + bytes.fromhex("8100 0014") + plain[12:]


def test_pc_that_does_not_read(ends):
    """Frames wait for it, as many as the queue holds, and none is torn."""
    pair, frames = ends(queue=100_000), make_frames(50, size=1500)
    sent = 0
    while not pair.wire.stats()["to-pc"]["dropped"]:
        sent += len(frames)
        pair.send("to-pc", frames)
        wait_for(lambda: pair.wire.stats()["to-pc"]["frames"] == sent)
    stats = pair.wire.stats()["to-pc"]
    came = [pair.receive("to-pc") for _ in range(stats["frames"] - stats["dropped"])]
    assert came == (frames * len(came))[: len(came)]


@pytest.mark.parametrize("command, answer", [
    ("set loss=0.5x", "loss: 0.5x"),
    ("set loss=1.5", "loss: 1.5"),
    ("set loss=-1", "loss: -1"),
    ("set loss=nan", "loss: nan"),
    ("set loss=", "loss: "),
    ("set loss", "not name=value: loss"),
    ("set delay=1e99", "delay: 1e99"),
    ("set rate=1e3", "rate: 1e3"),
    ("set rate=99999999999999999999", "rate: 99999999999999999999"),
    ("set blackout=2", "blackout: 2"),
    ("set queue=99999999999", "queue: 99999999999"),
    ("set mtu=65536", "mtu: 65536"),
    ("set colour=1", "no such setting: colour"),
    ("set dir=up", "dir is to-pc, from-pc or both, not: up"),
    ("set rtt=5 dir=to-pc", "rtt is of both directions; delay is of one"),
    ("blackout on", "a command is set, clear or stats"),
])
def test_bad_command(net, wire, command, answer):
    with pytest.raises(ValueError, match=f": {re.escape(answer)}$"):
        wire().ask(command)


def test_bad_command_changes_nothing(ends):
    pair, frames = ends(), make_frames(50)
    for bad in ("loss=1 loss=2", "duplicate=1 dir=up", "dir=to-pc corrupt=1 rtt=1", "blackout=1 seed",
                "loss=1 " * 100):
        with pytest.raises(ValueError):
            pair.wire.ask(f"set {bad}")
    for way in WAYS:
        assert pair.through(way, frames)[0] == frames


def test_it_ends_with_the_pc(ends):
    pair, frames = ends(), make_frames(3)
    pair.through("from-pc", frames)
    pair.hang_up()
    assert pair.wire.child.process.wait(20) == 0
    assert pair.wire.stats()["from-pc"]["passed"] == 3
    assert os.listdir(pair.wire.sockets) == []


def test_it_ends_with_its_parent(net, tmp_path):
    qemu, control = tmp_path / "qemu", tmp_path / "control"
    parent = subprocess.Popen([*net.prefix, "sh", "-c", '"$@" & wait', "sh", PROGRAM, "tap0", qemu,
                               control])
    wait_for(control.exists)
    parent.kill()
    parent.wait()
    wait_for(lambda: not (control.exists() or qemu.exists()))


def test_boot_over_a_bad_line(logs, on_lun, wire):
    """lunboot gets every byte right. This seed loses frames 36 and 138 to the PC, 24 and 158 from it."""
    disk = BootDisk(logs / "disk", "disktest", 4, bootdisk.WHOLE)
    line = wire(rtt=5, loss=0.01, seed=5)
    pc, _ = on_lun(disk, wire=line)
    report = run(pc)
    assert sum(count for _, _, count in report.check_reads(disk)) == disk.sectors
    stats = line.stats()
    assert stats["to-pc"]["lost"] and stats["from-pc"]["lost"]
