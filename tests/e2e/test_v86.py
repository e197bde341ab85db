"""INT 13h from virtual-8086 mode, as DOS calls it under EMM386."""

import bootdisk
from bootdisk import BootDisk, on_lun, run  # noqa: F401 (fixture)


def test_v86_mode(logs, on_lun, wire):
    """Without VCPI an error and a line that says why, with it a disk like any other. The target is so far away
    that each call outlasts a tick of 55 ms: it reaches the caller's own handler meanwhile."""
    disk = BootDisk(logs / "disk", "v86", 1, reads=8)
    pc, _ = on_lun(disk, wire=wire(rtt=80))
    report = run(pc)
    reads = report.check_reads(disk)
    assert len(reads) == 17 and {function for function, *_ in reads} == {0x02, 0x42}
    assert report.numbers("refused") == [[0xAA], [0xAA]]
    assert " ".join(*report.all("row")) == "lunboot: no disk in virtual-8086 mode (no VCPI, or by UNDI)"
    assert report.numbers("ibft") == [[0]]
    ((ticks,),) = report.numbers("ticks")
    assert ticks
