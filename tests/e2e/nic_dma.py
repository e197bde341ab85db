"""What a stopped PC's NIC may read and write: [(name, first, end)], of memory. Intel's says it by its registers, which
tests/bootdisk/nic.inc reads."""

import struct

RX, TX = 0, 1

# VMXNET3 gives no address back: what its driver shares with it is found by how it begins (vmxnet3_regs.h), two of
# its words being anything.
SHARED = struct.pack("<IIIIII", 0xBABEFEE1, 0, 1, 0x15, 1, 1)


def descriptors(pc, base, count, mask):
    """Of those that name a buffer, where it is; the length stands in the bits of mask."""
    for address, length, _ in struct.iter_unpack("<QII", pc.memory(base, 16 * count)):
        if address:
            yield address, address + (length & mask)


def of_virtio(pc):
    found = []
    for number in (RX, TX):
        queue = pc.qmp("x-query-virtio-queue-status", path="/machine/peripheral/nic0/virtio-backend", queue=number)
        size = queue["vring-num"]
        for part, length in ("desc", 16 * size), ("avail", 6 + 2 * size), ("used", 6 + 8 * size):
            at = queue[f"vring-{part}"]
            found.append((f"{part} {number}", at, at + length))
        found += [(f"buffer {number}", *at) for at in descriptors(pc, queue["vring-desc"], size, 0xFFFFFFFF)]
    return found


def of_vmxnet3(pc, memory):
    """memory: all that the PC has."""
    assert memory.count(SHARED) == 1
    shared = memory.index(SHARED)
    (queues,) = struct.unpack_from("<Q", memory, shared + 40)
    found = [("shared", shared, shared + 720), ("queues", queues, queues + 512)]
    for name, at in ("tx", queues), ("rx", queues + 256):
        ring, other, completions = struct.unpack_from("<3Q", memory, at + 16)
        size, other_size, done = struct.unpack_from("<3I", memory, at + 56)
        assert size and (other, other_size) == (0, 0)
        found += [(f"{name} ring", ring, ring + 16 * size), (f"{name} done", completions, completions + 16 * done)]
        found += [(f"{name} buffer", *at) for at in descriptors(pc, ring, size, 0x3FFF)]
    return found
