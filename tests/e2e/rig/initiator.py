"""Another initiator than the PC, at the same LUN: one session without CHAP, one command at a time."""

import struct

from rig import pdu

NAME = "iqn.2026-11.org.lunboot:another"
PERSISTENT_RESERVE_OUT, RESERVE, CLEAR, REGISTER = 0x5F, 1, 3, 6  # whatever key there was
RESERVE_6, RELEASE_6 = 0x16, 0x17
RESETS = {"LUN": 5, "target": 6}  # task management functions; the target: warm
TYPES = {"write exclusive": 1, "exclusive access": 3}
KEY = 0x6C756E62
# All that there are: a target goes on to talk of those that are left out.
KEYS = (("HeaderDigest", "None"), ("DataDigest", "None"), ("InitialR2T", "Yes"), ("ImmediateData", "Yes"),
        ("MaxRecvDataSegmentLength", 65536), ("MaxBurstLength", 65536), ("FirstBurstLength", 65536),
        ("MaxConnections", 1), ("MaxOutstandingR2T", 1), ("DataPDUInOrder", "Yes"), ("DataSequenceInOrder", "Yes"),
        ("DefaultTime2Wait", 2), ("DefaultTime2Retain", 0), ("ErrorRecoveryLevel", 0))
SECURITY, OPERATIONAL, FULL, TRANSIT = 0, 1, 3, 0x80


class Initiator:
    """Logged in. Use as a context manager: it leaves by closing the connection."""

    def __init__(self, namespace, address, iqn, name=NAME, port=3260):
        self.socket = namespace.connect(address, port)
        self.socket.settimeout(20)
        self.stream = self.socket.makefile("rb")
        self.cmd_sn, self.exp_stat_sn, self.tag, self.tsih = 1, 0, 0, 0
        who = (("InitiatorName", name), ("SessionType", "Normal"), ("TargetName", iqn))
        self.login(SECURITY, OPERATIONAL, (*who, ("AuthMethod", "None")))
        self.login(OPERATIONAL, FULL, KEYS)

    def login(self, stage, following, keys):
        """A stage in one request."""
        flags = TRANSIT | stage << 2 | following
        isid = b"\x80lun\0\0"
        self.send(pdu.LOGIN | pdu.IMMEDIATE, flags, isid + struct.pack(">H", self.tsih), 0, pdu.keys(keys), tag=0)
        answer = self.receive()
        status, self.tsih = answer.bhs[36:38], struct.unpack_from(">H", answer.bhs, 14)[0]
        assert answer.opcode == pdu.LOGIN_RESPONSE and status == bytes(2), f"login: {status.hex()}"
        assert answer.flags & TRANSIT, f"the target wants more: {answer.text()}"

    def send(self, opcode, flags, lun, word, data=b"", tail=bytes(16), tag=None):
        """word: bytes 20 to 23, tail: 32 to 47 of the header."""
        self.tag += tag is None
        header = struct.pack(">BBHI8sIIII16s", opcode, flags, 0, len(data), lun, self.tag if tag is None else tag,
                             word, self.cmd_sn, self.exp_stat_sn, tail)
        self.socket.sendall(header + pdu.pad(data))

    def receive(self):
        bhs = self.stream.read(pdu.BHS)
        assert len(bhs) == pdu.BHS, "the target has closed the connection"
        size = int.from_bytes(bhs[5:8], "big")
        answer = pdu.Pdu(bhs, self.stream.read(size + -size % 4)[:size])
        self.exp_stat_sn = struct.unpack_from(">I", bhs, 24)[0] + 1
        return answer

    def command(self, lun, cdb, data=b"", expect=0):
        """SCSI: data goes out, or up to `expect` bytes come in. Gives (status, what came in or the sense data)."""
        flags = pdu.FINAL | 0x01 | (0x20 if data else 0) | (0x40 if expect else 0)
        self.send(pdu.SCSI_COMMAND, flags, struct.pack(">H6x", lun), len(data) or expect, data,
                  cdb.ljust(16, b"\0"))
        self.cmd_sn += 1
        came = b""
        while True:
            answer = self.answer(pdu.DATA_IN, pdu.SCSI_RESPONSE)
            if answer.opcode == pdu.SCSI_RESPONSE:
                return answer.bhs[3], answer.data[2:] or came
            came += answer.data
            if answer.flags & 0x01:
                return answer.bhs[3], came

    def answer(self, *opcodes):
        """The next PDU that is one of these; pings before it are answered."""
        while True:
            answer = self.receive()
            if answer.opcode in opcodes:
                return answer
            if answer.opcode == pdu.NOP_IN and answer.ttt != pdu.NO_TAG:
                self.send(0x40, pdu.FINAL, answer.lun, answer.ttt, tag=pdu.NO_TAG)

    def demand(self, lun, cdb, data=b""):
        """Until it is done: the first command on a LUN meets a unit attention."""
        for _ in range(4):
            status, sense = self.command(lun, cdb, data)
            if status == pdu.GOOD:
                return
        raise AssertionError(f"CDB {cdb.hex()}: status {status:02x}, {sense.hex()}")

    def reserve(self, lun, kind):
        """Persistently, kind being one of TYPES; or kind "reserve(6)", as long as the session lasts."""
        if kind == "reserve(6)":
            self.demand(lun, bytes([RESERVE_6, 0, 0, 0, 0, 0]))
        else:
            self.persistent(lun, REGISTER, TYPES[kind], 0, KEY)
            self.persistent(lun, RESERVE, TYPES[kind], KEY)

    def release(self, lun, kind):
        """What reserve() has done, and it is no longer registered either."""
        if kind == "reserve(6)":
            self.demand(lun, bytes([RELEASE_6, 0, 0, 0, 0, 0]))
        else:
            self.persistent(lun, CLEAR, 0, KEY)

    def persistent(self, lun, action, kind, key, new=0):
        cdb = struct.pack(">BBBxxIx", PERSISTENT_RESERVE_OUT, action, kind, 24)
        self.demand(lun, cdb, struct.pack(">QQ8x", key, new))

    def reset(self, lun, what="LUN"):
        """One of RESETS."""
        self.send(pdu.TASK | pdu.IMMEDIATE, pdu.FINAL | RESETS[what], struct.pack(">H6x", lun), pdu.NO_TAG)
        answer = self.answer(pdu.TASK_RESPONSE)
        assert answer.bhs[2] == 0, f"{what} reset: response {answer.bhs[2]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()
