"""iPXE beside lunboot: what does it come to where lunboot refuses to go on?"""

import json
import re
import time

from bootdisk import WHOLE, BootDisk
from rig.child import need
from rig.dnsmasq import Dnsmasq
from setups import DISK, OURS, SETUPS

ROM = "/usr/lib/ipxe/qemu/pxe-e1000.rom"
# In DHCP's option 175, for iPXE: CHAP by lunboot's names, and that no other server is to be waited for.
CHAP = {"username": 190, "password": 191, "reverse-username": 192, "reverse-password": 193}
NO_PROXY_DHCP = 176
MIB = 8  # it guesses no geometry of much less, and says 1d852039
WAIT = 120


def options(root_path, words):
    """Of DHCP, for iPXE to be set as lunboot is by these words of its command line, as far as it can be."""
    given = dict(word.split("=", 1) for word in words)
    chap = {f"encap:175,{CHAP[name]}": value for name, value in given.items() if name in CHAP}
    return {17: root_path, 203: OURS, f"encap:175,{NO_PROXY_DHCP}": 1, **chap}


def comes_to(pc):
    """DISK, or the number of iPXE's last error."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if "@ handoff" in pc.e9.text():
            return DISK
        text = "".join(pc.screen())
        failed = re.findall(r"\(http://ipxe\.org/(\w{8})", text)
        if failed and "No more network devices" in text:
            return failed[-1]
        pc.child.check()
        time.sleep(0.2)
    return "nothing"


def beside(make, setup_name, *, net, logs, machine, stack):
    need(ROM)
    setup = SETUPS[setup_name]
    disk = BootDisk(logs / "disk", "disktest", MIB, WHOLE)
    target = stack.enter_context(make(net, logs, disk.path, setup.wanted))
    lun = target.lun if setup.lun is None else setup.lun
    given = options(target.root_path(lun) + setup.name_suffix, setup.settings)
    stack.enter_context(Dnsmasq(net, logs, interface=make.INTERFACE, options=given))
    pc = machine(namespace=net, tap="tap0", rom=ROM)
    started = time.monotonic()
    result = {"target": make.NAME, "setup": setup_name, "got": comes_to(pc)}
    result["seconds"] = round(time.monotonic() - started, 1)
    (logs / "ipxe.json").write_text(json.dumps(result))
    return result["got"]
