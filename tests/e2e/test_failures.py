"""Each failure names itself, and ends at INT 18h: the BIOS's next boot device starts."""

import re
import subprocess
from pathlib import Path

import pytest

from rig.child import need

TABLE = Path(__file__).resolve().parent.parent.parent / "kernel/base/error.h"


def error(name):
    """A row of kernel/base/error.h: (code, text)."""
    source = TABLE.read_text().replace("\\\n", " ")
    row = re.search(rf'X\({name}, (\d+), 0x\w+,\s*"((?:[^"])*)"', source)
    return int(row[1]), row[2]


@pytest.fixture
def fails(machine, second_disk):
    """fails(NAME, ...) starts a machine, with Qemu's arguments, that must end with that error."""

    def start(name, tried=None, timeout=90, before=None, **options):
        pc = machine(disks=[second_disk], **options)
        if before:
            before(pc)
        code, text = error(name)
        pc.expect(r"^E\d+: .*\n", timeout)
        said = pc.serial.text()
        assert re.search(rf"^E{code}: {re.escape(text)}$", said, re.M), said
        line = pc.expect(r"^  tried: +\S+.*\n", 5)[0]
        if tried:
            assert tried in line
        pc.expect(r"^  help: +\S+", 5)
        pc.expect("the second disk has booted", 40)
        return pc

    return start


@pytest.fixture
def disk(logs):
    image = logs / "disk.img"
    image.write_bytes(bytes(510) + b"\x55\xaa" + bytes(1 << 20))
    return image


STATIC = "ip=192.0.2.77/24"
SOON = "timeout=10"  # seconds that attaching may take
ONCE = "retry=0"  # what may heal by itself is not waited for


def test_no_nic(fails, iso):
    fails("NIC_NONE", iso=iso())


def test_no_supported_nic(fails, net, iso):
    fails("NIC_NONE", iso=iso(), namespace=net, tap="tap0", nic="rtl8139")


def test_no_link(fails, net, iso):
    fails("NIC_NO_LINK", iso=iso(SOON), namespace=net, tap="tap0", before=lambda pc: pc.set_link(False))


def test_no_dhcp_answer(fails, net, iso):
    fails("DHCP_TIMEOUT", iso=iso(SOON), namespace=net, tap="tap0")


def test_no_root_path(fails, net, dhcp, iso):
    dhcp()
    fails("DHCP_NO_ROOT_PATH", iso=iso(), namespace=net, tap="tap0")


def test_root_path_makes_no_sense(fails, net, dhcp, iso):
    dhcp(options={17: "iscsi:192.0.2.1:a:b:c"})
    fails("ROOT_PATH", iso=iso(), namespace=net, tap="tap0", tried="iscsi:192.0.2.1:a:b:c")


def test_no_route(fails, net, iso):
    root = "iscsi:198.51.100.1::::iqn.2026-01.org.lunboot:test"
    fails("NET_NO_ROUTE", tried="198.51.100.1", namespace=net, tap="tap0",
          iso=iso(STATIC, f"root-path={root}"))


def test_nobody_at_the_address(fails, net, iso):
    root = "iscsi:192.0.2.9::::iqn.2026-01.org.lunboot:test"
    fails("NET_NO_ARP", tried="192.0.2.9", namespace=net, tap="tap0",
          iso=iso(STATIC, SOON, f"root-path={root}"))


def test_refused_port(fails, net, iso):
    root = "iscsi:192.0.2.1::3261::iqn.2026-01.org.lunboot:test"
    fails("TCP_REFUSED", tried="192.0.2.1:3261", namespace=net, tap="tap0",
          iso=iso(STATIC, ONCE, f"root-path={root}"))


def test_wrong_target_name(fails, net, tgtd, dhcp, iso, disk):
    target = tgtd().target().lun(disk)
    dhcp(options={17: target.root_path() + "-not"})
    fails("LOGIN_NOT_FOUND", tried=target.iqn + "-not", iso=iso(ONCE), namespace=net, tap="tap0")


def test_wrong_lun(fails, net, tgtd, dhcp, iso, disk):
    target = tgtd().target().lun(disk)
    dhcp(options={17: target.root_path(lun=7)})
    fails("LUN_NOT_FOUND", tried="LUN 7 (LUNs there: 0, 1)\n", iso=iso(ONCE), namespace=net, tap="tap0")


def test_lun_is_not_a_disk(fails, net, tgtd, dhcp, iso, disk):
    """tgtd's LUN 0 is its controller."""
    target = tgtd().target().lun(disk)
    dhcp(options={17: target.root_path(lun=0)})
    fails("LUN_NOT_DISK", iso=iso(), namespace=net, tap="tap0")


def test_wrong_chap_secret(fails, net, tgtd, iso, disk):
    target = tgtd().target().lun(disk).chap("reader", "the-right-secret")
    pc = fails("LOGIN_AUTH", namespace=net, tap="tap0",
               iso=iso(STATIC, f"root-path={target.root_path()}", "username=reader",
                       "password=not-the-right-one"))
    assert "not-the-right-one" not in pc.serial.text()


def test_no_chap_secret(fails, net, tgtd, iso, disk):
    target = tgtd().target().lun(disk).chap("reader", "the-right-secret")
    fails("LOGIN_NO_METHOD", namespace=net, tap="tap0",
          iso=iso(STATIC, f"root-path={target.root_path()}"))


def test_target_is_an_impostor(fails, net, tgtd, iso, disk):
    """Mutual CHAP, and the target knows another secret than we."""
    target = tgtd().target().lun(disk)
    target.chap("reader", "the-right-secret", "keeper", "what-it-believes")
    fails("LOGIN_TARGET_AUTH", namespace=net, tap="tap0",
          iso=iso(STATIC, f"root-path={target.root_path()}", "username=reader",
                  "password=the-right-secret", "reverse-username=keeper",
                  "reverse-password=what-we-believe-"))


def test_lun_not_ready(fails, net, tgtd, iso, disk):
    target = tgtd().target().lun(disk, online=0)
    fails("LUN_NOT_READY", namespace=net, tap="tap0",
          iso=iso(STATIC, SOON, f"root-path={target.root_path()}"))


def test_lun_without_a_medium(fails, net, tgtd, iso, disk):
    target = tgtd().target().lun(disk, removable=1, online=0)
    fails("LUN_EMPTY", namespace=net, tap="tap0",
          iso=iso(STATIC, SOON, f"root-path={target.root_path()}"))


def test_lun_without_a_block(fails, net, tgtd, iso, logs):
    """An image of less than a sector."""
    (logs / "tiny.img").write_bytes(bytes(100))
    target = tgtd().target().lun(logs / "tiny.img")
    fails("LUN_EMPTY", namespace=net, tap="tap0",
          iso=iso(STATIC, f"root-path={target.root_path()}"))


def test_no_boot_sector(fails, net, tgtd, iso, logs):
    (logs / "blank.img").write_bytes(bytes(1 << 20))
    target = tgtd().target().lun(logs / "blank.img")
    fails("NO_BOOT_SECTOR", namespace=net, tap="tap0",
          iso=iso(STATIC, f"root-path={target.root_path()}"))


def test_no_boot_code(fails, net, tgtd, iso, logs):
    """A disk that was partitioned for UEFI."""
    need("sfdisk")
    (logs / "gpt.img").write_bytes(bytes(4 << 20))
    subprocess.run(["sfdisk", "--quiet", logs / "gpt.img"], input="label: gpt\n,\n", text=True, check=True)
    target = tgtd().target().lun(logs / "gpt.img")
    fails("NO_BOOT_CODE", namespace=net, tap="tap0",
          iso=iso(STATIC, f"root-path={target.root_path()}"))


def test_bad_setting_is_named_and_the_rest_used(net, tgtd, machine, iso, demo_disk):
    target = tgtd().target().lun(demo_disk)
    pc = machine(namespace=net, tap="tap0",
                 iso=iso(STATIC, "gateway=1.2.3", "colour=red", f"root-path={target.root_path()}"))
    pc.expect(rf"^E{error('SETTING_VALUE')[0]} +gateway=1\.2\.3: ", 30)
    pc.expect(rf"^E{error('SETTING_UNKNOWN')[0]} +colour=\S*: ", 5)
    pc.expect(r"^Press a key to go on without that; it happens in 10 s \.", 5)
    pc.key("ret")
    pc.expect("^Booting", 30)
    assert "in 10 s .........." not in pc.serial.text()


def test_an_address_that_makes_no_sense_is_not_passed_over(machine, net, iso):
    """DHCP in its place may boot another disk: there is time to see that, with nobody at the keyboard,
    too. A name that there is not changes nothing, and costs nothing."""
    pc = machine(namespace=net, tap="tap0", iso=iso("ip=10.0.0.300/24"))
    pc.expect(rf"^E{error('SETTING_VALUE')[0]} +ip=10\.0\.0\.300/24: ", 30)
    pc.expect(r" in 10 s \.{10}\s*^NIC ", 30)
    assert any("ip=10.0.0.300/24" in row for row in pc.screen())


def test_key_tries_again(net, tgtd, machine, second_disk, iso, demo_disk):
    """The target comes up while lunboot offers a key."""
    server = tgtd()
    target = server.target().lun(demo_disk)
    server.stop()
    pc = machine(namespace=net, tap="tap0", disks=[second_disk],
                 iso=iso(STATIC, f"root-path={target.root_path()}", ONCE))
    pc.expect(rf"^E{error('TCP_REFUSED')[0]}: ", 60)
    server.start()
    pc.key("ret")
    pc.expect("^Booting", 30)


def test_access_list_of_initiator_names(net, tgtd, dhcp, machine, iso, disk):
    """The target was set up for iPXE's name; ours, which the screen shows, is no iSCSI name, and neither
    is the target's. The root path is written as old tools do."""
    target = tgtd().target("sheeva:disk1", allow=None).lun(disk)
    bind = ("--op", "bind", "--mode", "target", *target.on, "--initiator-name")
    target.tgtd.admin(*bind, "iqn.2010-04.org.ipxe:pc7")
    dhcp(options={17: "iSCSI:192.0.2.1:TCP (6):3260:0x1:sheeva:disk1", 203: "iqn.GAMER79"})
    pc = machine(namespace=net, tap="tap0", iso=iso("keep-san=1", ONCE))
    pc.expect(r"^Warning  target sheeva:disk1 is no iqn\.", 60)
    pc.expect(r"^Warning  initiator-iqn iqn\.GAMER79 is no iqn\.", 5)
    pc.expect(rf"^E{error('LOGIN_NOT_FOUND')[0]}: ", 30)
    name = pc.expect(r"^  tried: +as (\S+), sheeva:disk1 at ", 5)[1]
    pc.expect(r"^  help: +.*initiator-iqn=", 5)
    target.tgtd.admin(*bind, name)
    pc.key("ret")
    pc.expect("^Disk ", 30)
    assert name == "iqn.GAMER79" and f"Initiator: {name} " in target.tgtd.ask("--op", "show", "--mode", "target")


def test_d_shows_what_was_counted(machine, net, second_disk, iso):
    """As often as one likes; the time until the next boot device begins anew."""
    root = "iscsi:192.0.2.1::3261::iqn.2026-01.org.lunboot:test"
    pc = machine(namespace=net, tap="tap0", disks=[second_disk],
                 iso=iso(STATIC, ONCE, f"root-path={root}"))
    pc.expect(rf"^E{error('TCP_REFUSED')[0]}: ", 60)
    for keys in ["d"], ["shift", "d"]:
        pc.expect(r" to try again, D for counters; .* in 10 s \.{4}", 10)
        pc.key(*keys)
        counted = pc.expect(r"^(nic_\w+ \d+, [^.]*)^Press a key", 5)[1]
        assert re.search(r"\bnic_rx_frames [1-9]", counted) and re.search(r"\biscsi_connections [1-9]", counted)
        assert not re.search(r" 0\b", counted) and max(map(len, counted.splitlines())) <= 79
    pc.expect(r"in 10 s \.{10}\r?\n", 15)
    pc.expect("the second disk has booted", 40)
