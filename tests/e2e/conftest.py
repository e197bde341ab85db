"""Fixtures: each test gets a directory for its logs, a network of its own, and makes its machines.

The network is 192.0.2.0/24 on tap0 inside a namespace; the host end is 192.0.2.1. Targets and DHCP
servers run there, too. Everything ends with the test; the logs stay in build/e2e/TEST/.
"""

import os
import re
import shutil
import subprocess
from contextlib import ExitStack

import pytest

from rig.child import need
from rig.dnsmasq import Dnsmasq
from rig.lio import Lio
from rig.namespace import NetNamespace
from rig.paths import BUILD, TOP
from rig.qemu import Qemu
from rig.tgtd import Tgtd
from rig.wire import Wire


def pytest_collection_modifyitems(items):
    """The long ones first, so that two workers end at about the same time. Soaks and machines only when asked for."""
    for marker, asked in (("soak", "SOAK_SECONDS"), ("machines", "MACHINES")):
        if asked not in os.environ:
            items[:] = [item for item in items if not item.get_closest_marker(marker)]
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than half a minute; started first")
    config.addinivalue_line("markers", "soak: belongs to `make soak` alone")
    config.addinivalue_line("markers", "machines: belongs to `make machines` alone")


@pytest.fixture
def logs(request):
    directory = BUILD / "e2e" / re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def net(stack):
    namespace = stack.enter_context(NetNamespace())
    namespace.add_tap("tap0", "192.0.2.1/24")
    return namespace


@pytest.fixture
def machine(request, stack, logs):
    """machine(...) starts a Qemu; its arguments are Qemu's. ACCEL in the environment: another
    accelerator than TCG."""

    def start(**options):
        options.setdefault("accel", os.environ.get("ACCEL") or "tcg")
        return stack.enter_context(Qemu(logs, **options))

    return start


@pytest.fixture
def tgtd(stack, net, logs):
    """tgtd(...) starts a target server in the test's network; its arguments are Tgtd's."""

    def start(**options):
        return stack.enter_context(Tgtd(net, logs, **options))

    return start


@pytest.fixture
def lio(stack, net, logs):
    """lio(...) starts a machine with LIO in the test's network; its arguments are Lio's."""

    def start(**options):
        return stack.enter_context(Lio(net, logs, **options))

    return start


@pytest.fixture
def dhcp(stack, net, logs):
    """dhcp(...) starts a DHCP server in the test's network; its arguments are Dnsmasq's."""

    def start(**options):
        return stack.enter_context(Dnsmasq(net, logs, **options))

    return start


@pytest.fixture
def tftp(logs):
    """dhcp(extra=tftp): it serves lunboot.pxe to QEMU's PXE ROMs, as README.md says."""
    need("/usr/lib/ipxe/qemu/pxe-e1000.rom")
    root = logs / "tftp"
    root.mkdir()
    shutil.copy(BUILD / "lunboot.pxe", root)
    return ("--enable-tftp", f"--tftp-root={root}", "--dhcp-boot=lunboot.pxe")


@pytest.fixture
def wire(stack, net, logs):
    """wire(...) starts a Wire to tap0, for machine(wire=...); its arguments are Wire's."""

    def start(**settings):
        return stack.enter_context(Wire(net, logs, **settings))

    return start


@pytest.fixture
def kernel():
    path = BUILD / "lunboot.elf"
    if not path.exists():
        pytest.fail(f"{path} is missing: run make")
    return path


@pytest.fixture
def iso(logs, kernel):
    """iso() is the ISO as built; iso("name=value", ...) one with settings."""

    def make(*settings):
        if not settings:
            return BUILD / "lunboot.iso"
        need("grub-mkrescue", "xorriso")
        output = logs / "settings.iso"
        subprocess.run([TOP / "tools/mkiso", "-k", kernel, "-o", output, *settings], check=True)
        return output

    return make


@pytest.fixture
def second_disk(logs):
    """A local disk that says "the second disk has booted"."""
    need("nasm")
    image = logs / "second.img"
    subprocess.run(["nasm", "-f", "bin", "-o", image, TOP / "tests/e2e/second-disk.asm"], check=True)
    with open(image, "ab") as f:
        f.truncate(8 << 20)
    return image


@pytest.fixture
def demo_disk(logs):
    need("grub-mkimage", "mke2fs", "sfdisk", "/boot/memtest86+x64.bin")
    image = logs / "demo.img"
    subprocess.run([TOP / "tools/demo-disk", image], check=True)
    return image


@pytest.fixture
def debian_disk(logs):
    """A copy of the Debian image, since each boot writes to its disk."""
    need("mmdebstrap", "grub-mkimage", "mke2fs", "sfdisk")
    made = subprocess.run(TOP / "tests/e2e/debian-image", stdout=subprocess.PIPE, text=True)
    if made.returncode:
        pytest.fail("tests/e2e/debian-image failed")
    image = logs / "debian.img"
    subprocess.run(["cp", "--sparse=always", made.stdout.strip(), image], check=True)
    return image
