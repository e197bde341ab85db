"""Which LUN it is: what is said when it is not there, and one that the target writes otherwise than we first do."""

from rig.target import Target

BOOTS = b"\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa"  # halts


def test_lun_300(stack, net, machine, kernel, logs):
    """In LIO's form, which the list tells. First it is not there, and a key asks again. At last it is, behind more LUNs
    than we take of a list."""
    image = logs / "disk.img"
    image.write_bytes(BOOTS + bytes(1 << 20))
    target = stack.enter_context(Target(net, image, lun=300))
    target.luns = [0, 1, 5, 299, *range(6, 14)]
    pc = machine(namespace=net, tap="tap0", kernel=kernel,
                 append=f"ip=192.0.2.77/24 retry=0 root-path={target.root_path()}")
    pc.expect(r"^E50: .*\n  tried: .*LUN 12c \(LUNs there: 0, 1, 5, 0x12b, 6, 7, 8, 9 and 4 more\)\n", 60)
    pc.expect("Press a key to try again", 10)
    target.luns = []
    pc.key("x")
    pc.expect(r"^E50: .*\n  tried: .*LUN 12c \(no LUN is given to our name there\)\n", 60)
    pc.expect("Press a key to try again", 10)
    target.luns = [*range(301, 1400), 300]
    pc.key("x")
    pc.expect("^Booting", 60)
