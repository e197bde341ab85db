"""A target that misbehaves when told to, byte by byte, at any point of the conversation.

Left alone it is a decent one: logins without CHAP, discovery sessions, one LUN on an image file. Each PDU
of an initiator is shown to the faults that a test has added; one that wants it answers it in its own way,
with what Connection offers, and the target does not see it.
"""

import itertools
import os
import socket
import struct
import threading
import time
from pathlib import Path

from rig import pdu
from rig.pdu import Pdu

SECTOR = 512
MANNERS = {
    "MaxRecvDataSegmentLength": 65536, "MaxBurstLength": 262144, "FirstBurstLength": 65536,
    "MaxOutstandingR2T": 1, "InitialR2T": "Yes", "ImmediateData": "Yes", "HeaderDigest": "None",
    "DataDigest": "None",
}
FIXED = {
    "MaxConnections": 1, "ErrorRecoveryLevel": 0, "DataPDUInOrder": "Yes", "DataSequenceInOrder": "Yes",
    "DefaultTime2Wait": 2, "DefaultTime2Retain": 0,
}


class Fault:
    """What is done instead of answering a PDU.

    when(p, connection) says which; act(p, connection) does it, and returns True when the target is to
    answer it after all. times: how often; then the fault is over.
    """

    def __init__(self, when, act, times=1):
        self.when, self.act, self.times = when, act, times
        self.left, self.happened = times, 0  # to begin, ended


class Target:
    """Use as a context manager. portals: (address, port) pairs in the namespace, all of which answer.

    lun: the disk's, in whose place there is nothing while it is not in `luns`, which REPORT LUNS lists;
    flat_luns: those from 256 on in the form of flat space. manners: text keys in place of MANNERS. window:
    commands that may be under way. name: what VPD pages 80h and 83h call the disk. tells: the
    TargetAddress values that SendTargets answers with. connection: a class in place of Connection.
    """

    def __init__(self, namespace, image, portals=(("192.0.2.1", 3260),), lun=1,
                 iqn="iqn.2026-01.org.lunboot:scripted", name="the-disk", window=32, tells=(),
                 read_only=False, connection=None, flat_luns=False, **manners):
        self.namespace, self.image = namespace, Path(image)
        self.portals, self.lun, self.iqn, self.name, self.window = portals, lun, iqn, name, window
        self.luns, self.flat_luns = [lun], flat_luns
        self.tells, self.manners = tells, {**MANNERS, **manners}
        self.read_only, self.connection = read_only, connection or Connection
        self.block = SECTOR
        self.blocks = self.image.stat().st_size // SECTOR
        self.faults = []
        self.changed = threading.Condition(threading.RLock())  # of everything below
        self.connections = []  # that are open
        self.accepted = 0
        self.ended = None  # why a connection's thread ended that should not have
        self.listeners = []
        self.file = os.open(self.image, os.O_RDWR)
        self.start()

    def root_path(self, portal=0):
        address, port = self.portals[portal]
        return f"iscsi:{address}::{port}:{self.lun:x}:{self.iqn}"

    def lun_form(self, lun):
        """On the wire (SAM-5, 4.7): the number as it is, which is LIO's way, or flat from 256 on."""
        return struct.pack(">H6x", lun | (0x4000 if self.flat_luns and lun > 255 else 0))

    def read(self, lba, count):
        return os.pread(self.file, count * self.block, lba * self.block)

    def write(self, lba, data):
        os.pwrite(self.file, data, lba * self.block)

    def start(self, *portals):
        """Listen, at all portals or at these (numbers)."""
        for number in portals or range(len(self.portals)):
            listener = self.namespace.listen(*self.portals[number])
            self.listeners.append((number, listener))
            threading.Thread(target=self._accept, args=(number, listener), daemon=True).start()

    def stop(self, *portals):
        """As a process that is killed: connections are reset, and new ones refused."""
        gone = set(portals or range(len(self.portals)))
        for number, listener in self.listeners:
            if number in gone:
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
                listener.close()
        self.listeners = [(n, s) for n, s in self.listeners if n not in gone]
        with self.changed:
            connections = [c for c in self.connections if c.portal in gone]
        for connection in connections:
            connection.reset()

    def forget(self):
        """As a machine that has crashed and is up again, and knows no connection."""
        self.stop()
        self.start()

    def fault(self, when, act, times=1):
        """Add one. It is asked before those that were there."""
        new = Fault(when, act, times)
        with self.changed:
            self.faults.insert(0, new)
        return new

    def wait(self, condition, timeout=60):
        """For a condition() of the target's state."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition() or self.ended, timeout)
        assert not self.ended, self.ended

    def wait_fault(self, *fault, **options):
        """Add one, and wait until it has happened as often as it is to."""
        added = self.fault(*fault, **options)
        self.wait(lambda: added.happened == added.times)

    def each(self, act):
        """act(connection) for the connections of initiators that are logged in, of which there is one."""
        self.wait(self.sessions)
        for connection in self.sessions():
            with connection.lock:
                act(connection)

    def sessions(self, portal=None):
        """The connections of initiators that are logged in, at a portal or anywhere."""
        with self.changed:
            return [c for c in self.connections
                    if c.full_feature and not c.discovery and portal in (None, c.portal)]

    def _accept(self, number, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            connection = self.connection(self, number, peer)
            with self.changed:
                self.accepted += 1
                self.connections.append(connection)
                self.changed.notify_all()
            threading.Thread(target=connection.run, daemon=True).start()

    def _claimed(self, p, connection):
        """Does a fault deal with it?"""
        with self.changed:
            for fault in self.faults:
                if fault.left and fault.when(p, connection):
                    fault.left -= 1
                    break
            else:
                return False
        try:
            return not fault.act(p, connection)
        finally:
            with self.changed:
                fault.happened += 1
                self.changed.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        os.close(self.file)


class Gone(Exception):
    """The connection is over."""


class Connection:
    """One connection of an initiator's; its methods are the vocabulary of faults."""

    def __init__(self, target, portal, peer):
        self.target, self.portal, self.peer = target, portal, peer
        self.digests = ()  # of "header" and "data": agreed on
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = target.accepted
        self.full_feature = self.discovery = self.replaced = False
        self.exp_cmd_sn, self.stat_sn = 1, 1
        self.writes = {}  # by ITT: what is still to come
        self.held = {}  # by CmdSN: arrived before its turn
        self.tags = itertools.count(1)
        self.lock = threading.Lock()  # for what is said from other threads

    # -- the connection

    def reset(self):
        """RST."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        """FIN; RST when there is something that we have not read."""
        try:
            self.peer.shutdown(socket.SHUT_RD)  # wakes recv()
        except OSError:
            pass
        self.peer.close()

    def run(self):
        try:
            while True:
                p = self.receive()
                with self.lock:
                    self.take(p)
        except (Gone, OSError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.target.ended = f"{type(error).__name__}: {error}"
        finally:
            self.peer.close()
            with self.target.changed:
                self.target.connections.remove(self)
                self.target.changed.notify_all()

    def exactly(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.peer.recv(count - len(data))
            if not piece:
                raise Gone
            data += piece
        return bytes(data)

    def receive(self):
        bhs = self.exactly(pdu.BHS)
        length = int.from_bytes(bhs[5:8], "big")
        self.take_digest("header", bhs + self.exactly(4 * bhs[4]))
        data = self.exactly(length + -length % 4)
        if length:
            self.take_digest("data", data)
        return Pdu(bhs, data[:length])

    def take_digest(self, kind, data):
        if kind in self.digests:
            assert self.exactly(4) == pdu.digest(data), f"wrong {kind} digest"

    # -- what we say

    def raw(self, data):
        """Any bytes at all."""
        self.peer.sendall(data)

    def header(self, opcode, flags, itt, takes_stat_sn=True, **fields):
        """A BHS with the numbers of now. fields: name of an offset below -> value."""
        bhs = bytearray(pdu.BHS)
        bhs[0], bhs[1] = opcode, flags
        struct.pack_into(">2I", bhs, 16, itt, pdu.NO_TAG)
        struct.pack_into(">3I", bhs, 24, self.stat_sn, self.exp_cmd_sn,
                         self.exp_cmd_sn + self.window() - 1 & 0xFFFFFFFF)
        self.stat_sn += takes_stat_sn
        at = {"ttt": 20, "data_sn": 36, "offset": 40, "length": 44, "residual": 44}
        for name, value in fields.items():
            struct.pack_into(">I", bhs, at[name], value)
        return bhs

    def window(self):
        """Commands that may be under way now."""
        return self.target.window

    def pdu(self, bhs, data=b""):
        """The bytes of a whole PDU."""
        bhs[5:8] = len(data).to_bytes(3, "big")
        header, data = bytes(bhs), pdu.pad(data)
        if "header" in self.digests:
            header += pdu.digest(header)
        if data and "data" in self.digests:
            data += pdu.digest(data)
        return header + data

    def send(self, bhs, data=b""):
        self.raw(self.pdu(bhs, data))

    def status(self, itt, status, sense=None):
        bhs = self.header(pdu.SCSI_RESPONSE, pdu.FINAL, itt)
        bhs[3] = status
        self.send(bhs, struct.pack(">H", len(sense)) + sense if sense else b"")

    def check(self, itt, key_and_codes):
        self.status(itt, pdu.CHECK_CONDITION, pdu.sense(*key_and_codes))

    def data_in(self, itt, data, expected):
        """Data-In PDUs, the last one with status."""
        size = self.target.manners["MaxRecvDataSegmentLength"]
        data = data[:expected]
        pieces = range(0, len(data), size) or (0,)
        for number, at in enumerate(pieces):
            last = at + size >= len(data)
            bhs = self.header(pdu.DATA_IN, 0x81 if last else 0, itt, last, data_sn=number, offset=at)
            if last and len(data) < expected:
                bhs[1] |= 2  # underflow
                struct.pack_into(">I", bhs, 44, expected - len(data))
            self.send(bhs, data[at : at + size])

    def r2t(self, itt, number, offset, length):
        self.send(self.header(pdu.R2T, pdu.FINAL, itt, False, ttt=next(self.tags), data_sn=number,
                              offset=offset, length=length))

    def async_event(self, event, seconds=0):
        bhs = self.header(pdu.ASYNC, pdu.FINAL, pdu.NO_TAG)
        bhs[36] = event
        struct.pack_into(">3H", bhs, 38, 0, 0, seconds)
        self.send(bhs)

    def login_answer(self, p, flags, status=0, pairs=()):
        """status: class and detail as in 0x0101."""
        bhs = self.header(pdu.LOGIN_RESPONSE, flags, p.itt)
        bhs[8:14] = p.bhs[8:14]
        struct.pack_into(">H", bhs, 14, 1 if flags & 0x83 == 0x83 else 0)
        struct.pack_into(">H", bhs, 36, status)
        struct.pack_into(">I", bhs, 20, 0)
        self.send(bhs, pdu.keys(pairs))

    def redirect(self, p, address):
        self.login_answer(p, p.flags & 0x0C, 0x0101, [("TargetAddress", address)])

    # -- what we are told

    def take(self, p):
        """Commands in the order of CmdSN; all else as it comes."""
        if self.replaced:
            raise Gone  # there may be more to read even after a RST
        ordered = not p.immediate and p.opcode in (pdu.SCSI_COMMAND, pdu.TEXT, pdu.LOGOUT)
        if not ordered:
            self.answer(p)
            return
        self.held[p.cmd_sn] = p
        while self.exp_cmd_sn in self.held:
            next_one = self.held.pop(self.exp_cmd_sn)
            self.exp_cmd_sn = (self.exp_cmd_sn + 1) & 0xFFFFFFFF
            self.answer(next_one)

    def answer(self, p):
        if self.target._claimed(p, self):  # pylint: disable=protected-access
            return
        answers = {
            pdu.LOGIN: self.login, pdu.TEXT: self.text, pdu.SCSI_COMMAND: self.command,
            pdu.DATA_OUT: self.data_out, pdu.NOP_OUT: self.nop, pdu.LOGOUT: self.logout,
            pdu.TASK: self.task,
        }
        answers[p.opcode](p)

    def login(self, p):
        asked = p.text()
        stage, transit = p.flags >> 2 & 3, p.flags & 0x80
        pairs = []
        if asked.get("SessionType") == "Discovery":
            self.discovery = True
        elif asked.get("TargetName", self.target.iqn) != self.target.iqn:
            self.login_answer(p, 0, 0x0203)
            return
        if "AuthMethod" in asked:
            pairs.append(("AuthMethod", "None"))
        if stage == 1:
            offered = {**self.target.manners, **FIXED}
            pairs += [(key, offered[key]) for key in asked if key in offered]
        full_feature = bool(transit and p.flags & 3 == 3)
        if full_feature and not self.discovery:
            self.reinstate()
        self.login_answer(p, p.flags & 0x8F if transit else p.flags & 0x0C, 0, pairs)
        if full_feature:
            self.digests = [kind for kind in ("header", "data") if (f"{kind.title()}Digest", "CRC32C") in pairs]
        with self.target.changed:
            self.full_feature = full_feature
            self.target.changed.notify_all()

    def reinstate(self):
        """There is one initiator, and it comes with the same ISID always: nothing that an older session
        has still to do may be done any more (RFC 7143, 6.3.5)."""
        for session in self.target.sessions():
            with session.lock:
                session.replaced = True
            session.reset()

    def text(self, p):
        pairs = []
        if self.discovery and p.text().get("SendTargets") in ("All", self.target.iqn):
            own = [f"{address}:{port},1" for address, port in self.target.portals]
            pairs = [("TargetName", self.target.iqn),
                     *(("TargetAddress", address) for address in self.target.tells or own)]
        self.send(self.header(pdu.TEXT_RESPONSE, pdu.FINAL, p.itt), pdu.keys(pairs))

    def nop(self, p):
        if p.itt != pdu.NO_TAG:
            self.send(self.header(pdu.NOP_IN, pdu.FINAL, p.itt), p.data)

    def task(self, p):
        """Nothing that is to be aborted is under way any more."""
        bhs = self.header(pdu.TASK_RESPONSE, pdu.FINAL, p.itt)
        bhs[2] = pdu.NO_TASK
        self.send(bhs)

    def logout(self, p):
        self.send(self.header(pdu.LOGOUT_RESPONSE, pdu.FINAL, p.itt))

    def command(self, p):
        operation = p.cdb[0]
        if operation == pdu.REPORT_LUNS:
            luns = b"".join(map(self.target.lun_form, self.target.luns))
            self.data_in(p.itt, struct.pack(">II", len(luns), 0) + luns, p.expected)
        elif p.lun != self.target.lun_form(self.target.lun) or self.target.lun not in self.target.luns:
            self.no_lun(p)
        elif operation == pdu.INQUIRY:
            self.inquiry(p)
        elif operation in (pdu.TEST_UNIT_READY, pdu.SYNCHRONIZE_CACHE):
            self.status(p.itt, pdu.GOOD)
        elif operation == pdu.READ_CAPACITY:
            last = min(self.target.blocks - 1, 0xFFFFFFFF)
            self.data_in(p.itt, struct.pack(">II", last, self.target.block), p.expected)
        elif operation == pdu.SERVICE_ACTION_IN:
            self.data_in(p.itt, struct.pack(">QI20x", self.target.blocks - 1, self.target.block), p.expected)
        elif operation == pdu.MODE_SENSE:
            self.data_in(p.itt, bytes([3, 0, 0x80 if self.target.read_only else 0, 0]), p.expected)
        elif operation in (pdu.READ, pdu.READ_16):
            lba, count = p.blocks()
            self.data_in(p.itt, self.target.read(lba, count), p.expected)
        elif operation in (pdu.WRITE, pdu.WRITE_16):
            self.write(p)
        else:
            self.check(p.itt, pdu.INVALID_OPCODE)

    def no_lun(self, p):
        self.check(p.itt, (5, 0x25, 0))

    def inquiry(self, p):
        name = self.target.name.encode()
        if not p.cdb[1] & 1:
            data = struct.pack(">BBBBB3x8s16s4s", 0, 0, 5, 2, 31, b"LUNBOOT ", b"SCRIPTED DISK   ",
                               b"1.0 ")
        elif p.cdb[2] == 0x80:
            data = struct.pack(">BBH", 0, 0x80, len(name)) + name
        elif p.cdb[2] == 0x83:
            t10 = b"LUNBOOT " + name
            port = struct.pack(">BBBBI", 1, 0x94, 0, 4, self.portal + 1)
            content = port + struct.pack(">BBBB", 2, 1, 0, len(t10)) + t10
            data = struct.pack(">BBH", 0, 0x83, len(content)) + content
        else:
            self.check(p.itt, pdu.INVALID_FIELD)
            return
        self.data_in(p.itt, data, p.expected)

    def write(self, p):
        """Data may come with the command, unasked behind it, and by R2T; all of it is written at the
        end."""
        self.writes[p.itt] = {"command": p, "data": bytearray(p.data), "r2ts": 0}
        if p.flags & pdu.FINAL:
            self.ask_for_more(p.itt)

    def data_out(self, p):
        write = self.writes.get(p.itt)
        if not write:
            return
        assert p.offset == len(write["data"])
        write["data"] += p.data
        if p.flags & pdu.FINAL:
            self.ask_for_more(p.itt)

    def ask_for_more(self, itt):
        write = self.writes[itt]
        command, data = write["command"], write["data"]
        left = command.expected - len(data)
        if left:
            length = min(left, int(self.target.manners["MaxBurstLength"]))
            self.r2t(itt, write["r2ts"], len(data), length)
            write["r2ts"] += 1
            return
        del self.writes[itt]
        lba, count = command.blocks()
        assert len(data) == count * self.target.block
        self.target.write(lba, data)
        self.status(itt, pdu.GOOD)
