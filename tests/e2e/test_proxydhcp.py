"""One DHCP server gives the address, another says what to boot."""

from nics import rom_of
from test_failures import fails  # noqa: F401 (fixture)

from rig.dnsmasq import Dnsmasq
from rig.proxydhcp import ProxyDhcp


def test_root_path_by_proxy(net, tgtd, dhcp, machine, second_disk, logs):
    """The proxy offers nothing but its name, and tells the root path on port 4011."""
    target = tgtd().target().lun(second_disk)
    dhcp()
    with ProxyDhcp(net, logs, target.root_path()):
        pc = machine(namespace=net, tap="tap0", rom=rom_of())
        pc.expect("Address  192.0.2.1.*, from DHCP server 192.0.2.1")
        pc.expect("the second disk has booted")


def test_boot_file_by_proxy(fails, net, dhcp, iso, logs):  # noqa: F811
    """dnsmasq as the proxy. A file for others is no root path, but said."""
    dhcp()
    net.ip("link add proxy0 link tap0 type macvlan mode bridge", "addr add 192.0.2.2/24 dev proxy0",
           "link set proxy0 up")
    directory = logs / "proxy"
    directory.mkdir()
    (directory / "boot.ipxe").write_text("#!ipxe\nsanboot iscsi:192.0.2.1::::iqn.2026-01.org.lunboot:disk\n")
    with Dnsmasq(net, directory, interface="proxy0", proxy="192.0.2.0",
                 extra=("--pxe-prompt=boot,0", "--dhcp-boot=boot.ipxe", "--enable-tftp", f"--tftp-root={directory}")):
        fails("DHCP_NO_ROOT_PATH", iso=iso(), namespace=net, tap="tap0",
              tried='DHCP server 192.0.2.1, which offers the file "boot.ipxe" on 192.0.2.2: an iPXE script')
