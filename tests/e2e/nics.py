"""The NICs that lunboot drives, as QEMU names them, and their ROMs."""

import os
from itertools import cycle

import pytest

from rig.paths import BUILD

# And the PCI ids that they have.
NICS = {"e1000": "8086100e", "e1000-82544gc": "8086100c", "e1000-82545em": "8086100f", "e1000e": "808610d3",
        "virtio-net-pci": "1af41000", "virtio-net-pci,disable-modern=on": "1af41000",
        "virtio-net-pci,disable-legacy=on": "1af41041", "virtio-net-pci,disable-legacy=off": "1af41000", "vmxnet3": "15ad07b0"}
# One for each driver, and for each way in which it meets its device.
DIFFERENT = ("e1000", "e1000e", "virtio-net-pci", "vmxnet3", "virtio-net-pci,disable-modern=on")
# They have no driver of ours: the UNDI of QEMU's PXE ROM drives them, which has to be given lunboot.pxe.
UNDI = ("rtl8139", "pcnet", "i82559er", "ne2k_pci")
# Of a soak: NIC in the environment, or the first.
SOAKED = os.environ.get("NIC") or DIFFERENT[0]


def rom_of(nic="e1000"):
    if nic in UNDI:
        return None
    path = BUILD / f"lunboot-{NICS[nic]}.rom"
    if not path.exists():
        pytest.fail(f"{path} is missing: run make")
    return path


def take_turns(cases):
    """{case: NIC}, the NICs one after the other; or always NIC of the environment."""
    return dict(zip(cases, cycle([os.environ["NIC"]] if os.environ.get("NIC") else DIFFERENT)))
