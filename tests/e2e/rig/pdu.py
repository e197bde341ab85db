"""iSCSI PDUs as bytes (RFC 7143, 11): enough to read what an initiator sends, and to answer it."""

import struct

BHS = 48
NO_TAG = 0xFFFFFFFF
IMMEDIATE = 0x40
FINAL = 0x80

NOP_OUT, SCSI_COMMAND, LOGIN, TEXT, DATA_OUT, LOGOUT = 0x00, 0x01, 0x03, 0x04, 0x05, 0x06
NOP_IN, SCSI_RESPONSE, LOGIN_RESPONSE, TEXT_RESPONSE = 0x20, 0x21, 0x23, 0x24
DATA_IN, LOGOUT_RESPONSE, R2T, ASYNC, REJECT = 0x25, 0x26, 0x31, 0x32, 0x3F

TASK, TASK_RESPONSE, NO_TASK = 0x02, 0x22, 1

ASYNC_LOGOUT, ASYNC_DROP_CONNECTION, ASYNC_DROP_SESSION = 1, 2, 3

# SCSI: operation codes, status, and the sense keys with codes that the tests use.
TEST_UNIT_READY, INQUIRY, MODE_SENSE, READ_CAPACITY = 0x00, 0x12, 0x1A, 0x25
READ, WRITE, SYNCHRONIZE_CACHE, READ_16, WRITE_16 = 0x28, 0x2A, 0x35, 0x88, 0x8A
SERVICE_ACTION_IN, REPORT_LUNS = 0x9E, 0xA0
GOOD, CHECK_CONDITION, BUSY, TASK_SET_FULL = 0x00, 0x02, 0x08, 0x28
NOT_READY, UNIT_ATTENTION, RESET_OCCURRED = (2, 0x04, 0x01), (6, 0x3F, 0x0E), (6, 0x29, 0x00)
INVALID_OPCODE, INVALID_FIELD = (5, 0x20, 0x00), (5, 0x24, 0x00)


def pad(data):
    return data + bytes(-len(data) % 4)


def sense(key, asc, ascq):
    """Fixed format."""
    return bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0])


def _crc32c_table():
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        yield value


CRC32C = tuple(_crc32c_table())


def digest(data):
    """CRC32C, in the order of bytes that goes over the wire (RFC 7143, 13.1)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 255] ^ crc >> 8
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def keys(pairs):
    return b"".join(f"{key}={value}\0".encode() for key, value in pairs)


class Pdu:
    """One that has arrived. What a field means depends on the opcode."""

    def __init__(self, bhs, data):
        self.bhs, self.data = bhs, data
        self.opcode, self.flags = bhs[0] & 0x3F, bhs[1]
        self.immediate = bool(bhs[0] & IMMEDIATE)
        self.lun = bhs[8:16]
        self.itt, self.ttt, self.cmd_sn, self.exp_stat_sn = struct.unpack_from(">4I", bhs, 16)
        self.data_sn, self.offset = struct.unpack_from(">2I", bhs, 36)
        self.expected = self.ttt  # of a SCSI command: the length of its data
        self.cdb = bhs[32:48]

    def text(self):
        """The pairs of a login or text request."""
        pairs = (pair.partition("=") for pair in self.data.decode("latin-1").split("\0") if pair)
        return {key: value for key, _, value in pairs}

    def is_command(self, *operations):
        return self.opcode == SCSI_COMMAND and (not operations or self.cdb[0] in operations)

    def blocks(self):
        """Of a read or write: its first block, and how many."""
        if self.cdb[0] in (READ_16, WRITE_16):
            return struct.unpack_from(">QI", self.cdb, 2)
        return struct.unpack_from(">I", self.cdb, 2) + struct.unpack_from(">H", self.cdb, 7)
