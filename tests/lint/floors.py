"""The floors of kernel/, from the ground up; kernel/README.md says what they are. The last is kernel/ itself."""
from pathlib import Path

KERNEL = Path("kernel")
FLOORS = ["base", "pc", "machine", "settings", "disk", "drv", "net", "san", "iscsi", "attach", "handoff", "."]


def floor(path):
    """The number of the folder that a file lies in (its path from kernel/ on), None where it is no floor."""
    folder = str(Path(path).parent)
    return FLOORS.index(folder) if folder in FLOORS else None
