"""A settings file from dnsmasq's TFTP server."""

import pytest
from test_failures import error

OTHER_MAC = "52:54:00:12:34:57"
OWN_MAC = "52-54-00-12-34-56"


@pytest.fixture
def tftp(logs):
    root = logs / "tftp"
    root.mkdir()
    return root


def serve(root, *more):
    return ("--enable-tftp", f"--tftp-root={root}", *more)


def test_boot_file_of_a_dhcp_server(net, tgtd, dhcp, machine, iso, demo_disk, tftp):
    """The machine's own section holds the disk; what is wrong is told with its line; of the choices only
    the first holds."""
    target = tgtd().target().lun(demo_disk).chap("reader", "the-right-secret")
    (tftp / "lunboot.conf").write_text(f"""#!lunboot
# for all machines
hostname = bad!
ip=192.0.2.7
username=reader
[{OTHER_MAC}]
root-path=iscsi:192.0.2.1:::1:iqn.2026-01.org.lunboot:not-ours
[{OWN_MAC}, 52:54:00:12:34:58]
root-path={target.root_path()}
[52:54:00:12:34:5]
password=of-somebody-else
[choice]
password=the-right-secret
hostname=pc-by-file
[other choice]
password=the-wrong-secret
""".replace("\n", "\r\n"))
    dhcp(extra=serve(tftp, "--dhcp-boot=lunboot.conf"))
    pc = machine(namespace=net, tap="tap0", iso=iso())
    pc.expect(rf"^E{error('SETTING_VALUE')[0]} +lunboot\.conf:3: hostname=bad!: ", 60)
    pc.expect(rf"^E{error('SETTING_LATE')[0]} +lunboot\.conf:4: ip=192\.0\.2\.7: ", 5)
    pc.expect(rf"^E{error('FILE_LINE')[0]} +lunboot\.conf:10: ", 5)
    pc.expect(r"^Settings lunboot\.conf from 192\.0\.2\.1\r?\n", 5)
    pc.expect("^Booting", 60)
    assert "secret" not in pc.serial.text()
    assert ":pc-by-file" in target.tgtd.ask("--op", "show", "--mode", "target")


def test_file_of_the_medium_in_another_try(net, tgtd, dhcp, machine, iso, demo_disk, tftp, second_disk):
    """It is not there, then a program, then what it has to be. With an address of our own."""
    target = tgtd().target().lun(demo_disk)
    dhcp(extra=serve(tftp))
    pc = machine(namespace=net, tap="tap0", disks=[second_disk],
                 iso=iso("ip=192.0.2.77/24", "config=tftp://192.0.2.1:69/site/lunboot.conf"))
    where = r"tftp://192\.0\.2\.1:69/site/lunboot\.conf from 192\.0\.2\.1"
    pc.expect(rf"^E{error('FILE_REFUSED')[0]}: .*\s+tried: +{where}: TFTP error 1 file /", 60)
    pc.expect("Press a key", 10)
    (tftp / "site").mkdir()
    file = tftp / "site/lunboot.conf"
    file.write_bytes(b"\xeb\xfe\n" + bytes(40000))
    pc.key("ret")
    pc.expect(rf"^E{error('FILE_NO_SETTINGS')[0]}: .*\s+tried: +{where}: a program\r?\n", 60)
    pc.expect("Press a key", 10)
    file.write_text(f"#!lunboot\nroot-path={target.root_path()}\n")
    pc.key("ret")
    pc.expect("^Booting", 60)
