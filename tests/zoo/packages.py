"""Files of Debian's packages that are not installed: some would change how this machine boots itself."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from rig.child import need, skip_or_fail

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lunboot/packages"


def unpack(name, to):
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        done = subprocess.run(["apt-get", "download", name], cwd=work, capture_output=True, text=True, check=False)
        if done.returncode:
            skip_or_fail(f"apt-get download {name}: {done.stderr}")
        for archive in Path(work).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive, f"{work}/files"], check=True)
        shutil.move(f"{work}/files", to)


def package(name):
    """The directory that holds its files, kept in ~/.cache/lunboot."""
    need("apt-get", "dpkg-deb")
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two tests may want it at once
        if not (CACHE / name).exists():
            unpack(name, CACHE / name)
    return CACHE / name
