"""UEFI firmware, without a legacy BIOS in it: what is started from our media says that it needs one."""

import shutil

import pytest
from test_media import usb

from rig.child import need
from rig.paths import BUILD

FIRMWARE = "/usr/share/ovmf/OVMF.fd"
FIRMWARE_IA32 = "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd"
VARIABLES_IA32 = "/usr/share/OVMF/OVMF32_VARS_4M.fd"


def x86_64(_):
    need(FIRMWARE)
    return "-bios", FIRMWARE


def ia32(logs):
    """Debian's has Secure Boot built in, which needs SMM; without a key it lets everything start."""
    need(FIRMWARE_IA32, VARIABLES_IA32)
    shutil.copy(VARIABLES_IA32, logs / "variables.fd")
    flash = "if=pflash,format=raw,unit="
    return ("-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
            "-drive", f"{flash}0,readonly=on,file={FIRMWARE_IA32}",
            "-drive", f"{flash}1,file={logs}/variables.fd")


def stick(name):
    return ("-drive", f"if=none,id=stick,format=raw,snapshot=on,file={BUILD / name}", *usb("qemu-xhci"))


CD = ("-cdrom", BUILD / "lunboot.iso")


@pytest.mark.parametrize("firmware, medium", [
    pytest.param(x86_64, CD, id="cd"),
    pytest.param(x86_64, stick("lunboot.iso"), id="iso-as-stick"),
    pytest.param(x86_64, stick("lunboot.img"), id="img-as-stick"),
    pytest.param(ia32, CD, id="ia32"),
])
def test_says_what_it_needs(logs, machine, firmware, medium):
    """And the firmware goes on to its next boot device when a key is pressed, before the minute is over."""
    pc = machine(extra=(*firmware(logs), *medium))
    pc.expect("^lunboot .* needs a legacy BIOS", 120)
    pc.expect("^Press a key", 10)
    pc.key("x")
    pc.expect("^BdsDxe: failed to start Boot.*: Unsupported", 50)
