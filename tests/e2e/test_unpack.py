"""tools/pack.c and boot/unpack.inc: what goes in comes out, and nothing else is written."""

import random
import struct
import subprocess

import pytest

from rig.child import need
from rig.paths import BUILD, TOP

BASE = 0x100000
R_386_RELATIVE = 8


def noise(size):
    """Random, but for the values that leave room for a key."""
    return random.Random(size).randbytes(size).replace(b"\xff", b"\0")


IMAGES = {
    "one byte": b"x",
    "zeros": bytes(300000),
    "noise": noise(70000),
    "calls": b"\xe8\x10\0\0\0\xe9\xf0\xff\xff\xff" * 5000,
    "calls of calls": b"\xe8\xe9" * 1000,
    "a call at the end": noise(500) + b"\xe8",
    "a call over the end": noise(500) + b"\xe8\1\2\3",
    "a call at the very end": noise(500) + b"\xe8\1\2\3\4",
    "short jumps": b"".join(bytes([0xEB, n % 251]) for n in range(5000)),
    # Repeats at every distance and of every length.
    "far repeats": b"".join(noise(n) + bytes(n) for n in (2, 200, 20000, 150000)) + noise(150000),
    "lengths": b"".join(bytes([65 + n % 7]) * n + noise(3) for n in range(1, 600)),
    "text": b" ".join(str(n).encode() for n in range(60000)),
    # Each opcode, and each ModRM byte, with what may follow.
    "opcodes": b"".join(bytes([n]) + noise(9) for n in range(256)) * 8,
    "two-byte opcodes": b"".join(bytes([0x0F, n]) + noise(8) for n in range(256)) * 8,
    "operands": b"".join(bytes([op, n]) + noise(6) for op in (0x8B, 0xC7, 0xF6) for n in range(256)),
    "16-bit operands": b"".join(bytes([0x66, 0x81, n]) + noise(7) for n in range(256)),
}


@pytest.fixture
def unpack(tmp_path):
    """unpack(payload) gives the image and its relocation table; boot/unpack.inc as a 32-bit program."""
    need("nasm", "ld", "qemu-i386")
    source = TOP / "tests/e2e/unpack-host.asm"
    nasm = ["nasm", "-f", "elf32", "-i", f"{TOP}/boot/", "-o", tmp_path / "unpack.o", source]
    subprocess.run(nasm, check=True)
    program = tmp_path / "unpack"
    link = ["ld", "-m", "elf_i386", f"--section-start=image={BASE:#x}", "-o", program]
    subprocess.run([*link, tmp_path / "unpack.o"], check=True)

    def run(payload):
        # Not every kernel runs 32-bit programs itself. From a file: read in one piece.
        (tmp_path / "packed").write_bytes(payload)
        with open(tmp_path / "packed", "rb") as packed:
            done = subprocess.run(["qemu-i386", program], stdin=packed, capture_output=True,
                                  timeout=60)
        assert done.returncode == 0, "it wrote outside of what it was given"
        return done.stdout

    return run


def table(offsets):
    return b"".join(struct.pack("<II", BASE + at, R_386_RELATIVE) for at in offsets)


def pack(tmp_path, image, offsets=(), text=0):
    """The payload; its relocations are at these offsets, and so many bytes are code."""
    (tmp_path / "image").write_bytes(image + table(offsets))
    end = BASE + len(image)
    addresses = (f"{address:x}" for address in (BASE, BASE + text, end, end + 8 * len(offsets)))
    command = [BUILD / "tools/pack", tmp_path / "image", *addresses, tmp_path / "payload"]
    subprocess.run(command, check=True)
    return (tmp_path / "payload").read_bytes()


@pytest.mark.parametrize("code", [0, 0.5, 1])
@pytest.mark.parametrize("name", IMAGES)
def test_round_trip(tmp_path, unpack, name, code):
    image = IMAGES[name]
    assert unpack(pack(tmp_path, image, text=int(len(image) * code))) == image


@pytest.mark.parametrize("code", [0, 0.5, 1])
@pytest.mark.parametrize("name", ["zeros", "text", "lengths", "far repeats"])
def test_weights_stay_in_range(tmp_path, name, code):
    """A weight that overflows makes what is easy to predict larger than it was."""
    image = IMAGES[name]
    assert len(pack(tmp_path, image, text=int(len(image) * code))) < len(image) * 0.7


@pytest.mark.parametrize("code", [0, 1])
def test_relocations(tmp_path, unpack, code):
    """Addresses at any distance from one another, side by side, and in the last bytes."""
    image, offsets = bytearray(noise(40000)), []
    at = 0
    while at <= len(image) - 4:
        struct.pack_into("<I", image, at, BASE - 4096 + at * 6)
        offsets.append(at)
        at += 4 + at % 7
    struct.pack_into("<I", image, len(image) - 4, BASE)
    offsets = [at for at in offsets if at < len(image) - 7] + [len(image) - 4]
    payload = pack(tmp_path, bytes(image), offsets, text=code * len(image))
    assert unpack(payload) == image + table(offsets)


def test_no_key(tmp_path):
    """When everything occurs in the image, packing fails."""
    image = b"".join(struct.pack(">BBH", n, 0x80, 0) for n in range(256))
    with pytest.raises(subprocess.CalledProcessError):
        pack(tmp_path, image)


def test_kernel(unpack):
    image = (BUILD / "boot/image.bin").read_bytes()
    payload = (BUILD / "boot/payload.bin").read_bytes()
    assert len(payload) < len(image) * 0.4
    whole = unpack(payload)
    # What the linker puts behind the relocation table is not needed.
    assert len(image) - 256 < len(whole) <= len(image) and image.startswith(whole)
