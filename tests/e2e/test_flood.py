"""Floods of ARP requests and pings: the machine answers them, and reads its disk meanwhile."""

import json
import re
import subprocess
import sys

import bootdisk
from bootdisk import BootDisk, on_lun, run  # noqa: F401 (fixtures)

BURST = 300  # more than there are packets to send

# Frames that want an answer each, to the machine's MAC and address: 60,000 a second on a quiet host. (As
# fast as they go they would fill the TAP device's queue, and the target's segments would get lost there.)
FLOOD = f"""
import socket, struct, sys, time
kind, interface, mac, address = sys.argv[1:]
mac, address = bytes.fromhex(mac.replace(":", "")), socket.inet_aton(address)
us, source = bytes.fromhex("020000000099"), socket.inet_aton("192.0.2.77")


def checksum(data):
    total = sum(struct.unpack(f">{{len(data) // 2}}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)


if kind == "arp":
    packet = struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + us + source + bytes(6) + address
    frame = mac + us + struct.pack(">H", 0x806) + packet
else:
    echo = struct.pack(">BBHHH", 8, 0, 0, 1, 1) + bytes(56)
    echo = echo[:2] + checksum(echo) + echo[4:]
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(echo), 0, 0, 64, 1, 0) + source + address
    header = header[:10] + checksum(header) + header[12:]
    frame = mac + us + struct.pack(">H", 0x800) + header + echo
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((interface, 0))
while True:
    for _ in range({BURST}):
        try:
            s.send(frame)
        except OSError:
            break  # the queue is full
    time.sleep(0.01)
"""


def test_disk_is_read_under_floods(net, logs, on_lun):
    disk = BootDisk(logs / "disk", "disktest", 8, bootdisk.RANDOM, reads=1500)
    pc, _ = on_lun(disk)
    pc.e9.expect("^@ handoff", 60)
    said = pc.serial.text()
    mac = re.search(r"MAC ([\da-f:]+)", said)[1]
    address = re.search(r"^Address +([\d.]+)", said, re.M)[1]
    floods = [subprocess.Popen([*net.prefix, sys.executable, "-c", FLOOD, kind, "tap0", mac, address])
              for kind in ("icmp", "arp")]
    try:
        report = run(pc, 120)
    finally:
        for flood in floods:
            flood.kill()
            flood.wait()
    report.check_reads(disk)
    answers = json.loads(
        net.run("ip", "-s", "-j", "link", "show", "tap0", stdout=subprocess.PIPE).stdout)
    assert answers[0]["stats64"]["rx"]["packets"] > 10 * BURST, "there was no flood"
