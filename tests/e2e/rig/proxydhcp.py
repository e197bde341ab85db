"""A proxyDHCP server that offers nothing on port 67, and says what to boot to who asks on port 4011."""

import select
import socket
import struct
import sys
import time

from rig.child import Child

REPLY, COOKIE = 2, b"\x63\x82\x53\x63"
OFFER, ACK = 2, 5
MESSAGE_TYPE, SERVER_ID, VENDOR_CLASS, END = 53, 54, 60, 255


class ProxyDhcp:
    """Beside a Dnsmasq, which gives the addresses, on one interface. root_path is all that it knows.

    Use as a context manager. It does not answer who is no PXEClient.
    """

    def __init__(self, namespace, directory, root_path, address="192.0.2.1", interface="tap0"):
        self.log = directory / "proxydhcp.log"
        program = "import sys; from rig import proxydhcp; proxydhcp.serve(*sys.argv[1:])"
        self.child = Child([sys.executable, "-c", program, interface, address, root_path], self.log,
                           namespace, env={"PYTHONPATH": ":".join(sys.path)})

    def __enter__(self):
        while "ready" not in self.log.read_text():
            self.child.check()
            time.sleep(0.005)
        return self

    def __exit__(self, *_):
        self.child.kill()


def options_of(message):
    options, at = {}, 240
    while at < len(message) and message[at] != END:
        if message[at]:
            options[message[at]] = message[at + 2 : at + 2 + message[at + 1]]
            at += 1 + message[at + 1]
        at += 1
    return options


def answer(message, kind, address, options=()):
    """To a message: a reply of that type that gives no address."""
    reply = struct.pack("!B11s", REPLY, message[1:12]) + bytes(16) + message[28:236] + COOKIE
    for code, value in ((MESSAGE_TYPE, bytes((kind,))), (SERVER_ID, socket.inet_aton(address)),
                        (VENDOR_CLASS, b"PXEClient"), *options):
        reply += bytes((code, len(value))) + value
    return reply + bytes((END,))


def serve(interface, address, root_path):
    """Run inside the namespace, for ever."""
    offers, asked = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_BROADCAST):
        offers.setsockopt(socket.SOL_SOCKET, option, 1)
    offers.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    offers.bind(("", 67))
    asked.bind((address, 4011))
    print("ready", flush=True)
    while True:
        for ready in select.select([offers, asked], [], [])[0]:
            message, client = ready.recvfrom(2048)
            options = options_of(message)
            print(f"asked on port {ready.getsockname()[1]} by {client}: {options}", flush=True)
            if not options.get(VENDOR_CLASS, b"").startswith(b"PXEClient"):
                continue
            if ready is asked:
                asked.sendto(answer(message, ACK, address, [(17, root_path.encode())]), client)
            elif options[MESSAGE_TYPE] == b"\x01":
                offers.sendto(answer(message, OFFER, address), ("255.255.255.255", 68))
