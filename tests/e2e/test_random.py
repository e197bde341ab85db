"""Random numbers on the wire: a machine that starts the same way again, without RDRAND, chooses others."""

import struct

from bootdisk import DEBUG_EXIT, BootDisk, run

STARTS = 3
SYN, OPTION_TIMESTAMPS = 0x02, b"\x01\x01\x08\x0a"
LOGIN_REQUEST = 0x43  # with the immediate bit
DISCOVER = b"\x63\x82\x53\x63\x35\x01\x01"  # the cookie, and the message type


def frames(path):
    """The frames of a pcap file as QEMU's filter-dump writes it."""
    data = path.read_bytes()
    at = 24
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at + 8)
        yield data[at + 16 : at + 16 + length]
        at += 16 + length


def chosen(path):
    """What lunboot has chosen at random, by name."""
    numbers = {}
    for frame in frames(path):
        if frame[12:14] != b"\x08\x00":
            continue
        if DISCOVER in frame:
            numbers["xid"] = frame[46:50]
        elif frame[23] == 6 and frame[36:38] == struct.pack(">H", 3260):
            if frame[47] == SYN:
                numbers["port"], numbers["ISS"] = frame[34:36], frame[38:42]
                at = frame.index(OPTION_TIMESTAMPS) + 4
                numbers["timestamp"] = frame[at : at + 4]
            header = (frame[46] >> 4) * 4
            pdu = frame[34 + header :]
            if len(pdu) >= 48 and pdu[0] == LOGIN_REQUEST:
                numbers.setdefault("ITT", pdu[16:20])
    return numbers


def test_another_start_has_other_numbers(net, tgtd, dhcp, machine, kernel, logs):
    disk = BootDisk(logs / "disk", "memory", 1, reads=1)
    lun = tgtd().target().lun(disk.path)
    dhcp(options={17: lun.root_path()})
    seen = []
    for start in range(STARTS):
        pcap = logs / f"start-{start}.pcap"
        pc = machine(namespace=net, tap="tap0", kernel=kernel, cpu="qemu64,-rdrand", extra=(
            "-object", f"filter-dump,id=dump,netdev=net0,file={pcap}", *DEBUG_EXIT))
        run(pc)
        pc.wait()
        (logs / "e9.log").rename(logs / f"e9-{start}.log")  # or its end would be found there again
        seen.append(chosen(pcap))
    assert all(set(numbers) == {"xid", "port", "ISS", "timestamp", "ITT"} for numbers in seen)
    for name in ("xid", "ISS", "timestamp", "ITT"):
        assert len({numbers[name] for numbers in seen}) == STARTS, name
    # There are not so many ports that two of them could not be the same.
    assert len({numbers["port"] for numbers in seen}) > 1
