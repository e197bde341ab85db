"""A mirror of Debian for its installer: the packages of one small system, and the installer's own (udebs).

It is made once, by apt, and kept in ~/.cache/lunboot. Its lists name what it holds, and nothing else, so that the
installer does not take long over them; they are not signed. Some udebs are made here, of packages for systems and of
scripts (installer/): the partitioner's and others have no package that every mirror holds.
"""

import fcntl
import gzip
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from packages import CACHE
from rig.child import need, skip_or_fail

HERE = Path(__file__).resolve().parent
SUITE = "bookworm"
SYSTEM = ("linux-image-cloud-amd64", "initramfs-tools", "busybox", "zstd", "systemd-sysv", "udev", "kmod", "mount",
          "e2fsprogs", "tzdata", "iproute2", "apt", "usr-is-merged", "debconf-i18n", "open-iscsi", "grub2-common",
          "grub-pc-bin")
UDEBS = ("base-installer", "bootstrap-base", "ext4-modules-{kernel}-di", "scsi-modules-{kernel}-di",
         "ata-modules-{kernel}-di", "cdrom-core-modules-{kernel}-di")

# Those made here: what they depend on and stand for, their place in the installer's menu, and their files.
ISCSI = ("open-iscsi", "libopeniscsiusr", "libssl3", "libkmod2", "liblzma5", "libzstd1")
FILE_SYSTEM = ("e2fsprogs", "libext2fs2", "libcom-err2", "libblkid1", "libuuid1")
TABLE = ("fdisk", "libfdisk1", "libsmartcols1", "libtinfo6", "libreadline8")
MADE = {
    "debootstrap-udeb": {"of": ("debootstrap",)},
    "disk-of-the-ibft": {
        "of": (*ISCSI, *FILE_SYSTEM, *TABLE), "menu": 4200, "postinst": "disk",
        "provides": "mounted-partitions, created-fstab, di-utils-mapdevfs",
        "scripts": {"bin/mapdevfs": "mapdevfs", "usr/lib/base-installer.d/90mirror": "apt",
                    "usr/lib/post-base-installer.d/90iscsi": "iscsi"},
    },
    "boot-loader-and-end": {"menu": 7100, "postinst": "end", "depends": "installed-base"},
}


class Apt:
    """apt with lists of its own, for the archives that the host's apt has of this suite, and for udebs."""

    def __init__(self, work):
        self.work = work
        for directory in ("lists/partial", "cache/archives/partial", "empty"):
            (work / directory).mkdir(parents=True)
        (work / "status").touch()
        (work / "sources.list").write_text(self.sources())
        (work / "apt.conf").write_text(
            f'Dir::State::lists "{work}/lists";\nDir::State::status "{work}/status";\nDir::Cache "{work}/cache";\n'
            f'Dir::Etc::sourcelist "{work}/sources.list";\nDir::Etc::sourceparts "{work}/empty";\n'
            'Debug::NoLocking "true";\nAPT::Sandbox::User "root";\nAPT::Install-Recommends "false";\n')
        self("update")

    @staticmethod
    def sources():
        said = subprocess.run(["apt-get", "indextargets", "--no-release-info", "--format",
                               "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
                              capture_output=True, text=True, check=True).stdout
        found = sorted({tuple(line.split()) for line in said.splitlines()})
        ours = [(uri, suite) for uri, suite, part in found if suite.split("-")[0] == SUITE and part == "main"]
        return "".join(f"deb {uri} {suite} main{' main/debian-installer' if suite == SUITE else ''}\n"
                       for uri, suite in ours)

    def __call__(self, *words, cwd=None):
        done = subprocess.run(["apt-get", "-q", *words], cwd=cwd, env={"APT_CONFIG": f"{self.work}/apt.conf",
                              "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, capture_output=True, text=True, check=False)
        if done.returncode:
            skip_or_fail(f"apt-get {' '.join(words)}: {done.stderr[-2000:]}")
        return done.stdout

    def system(self, names):
        """Fetches these, what is essential, and all that they need; where they lie."""
        self("install", "-y", "--download-only", *names, "?essential")
        return list((self.work / "cache/archives").glob("*.deb"))

    def fetch(self, names, to):
        to.mkdir(exist_ok=True)
        self("download", *names, cwd=to)
        return list(to.iterdir())


def make_udeb(name, tree, apt, work, recipe):
    """The files of packages without their documents, and scripts."""
    for package in apt.fetch(recipe["of"], work / f"{name}.of") if "of" in recipe else ():
        subprocess.run(["dpkg-deb", "-x", package, tree], check=True)
    shutil.rmtree(tree / "usr/share/doc", ignore_errors=True)
    shutil.rmtree(tree / "usr/share/man", ignore_errors=True)
    scripts = dict(recipe.get("scripts", {}))
    if "postinst" in recipe:
        scripts["DEBIAN/postinst"] = recipe["postinst"]
    for place, script in scripts.items():
        file = tree / place
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "installer" / script, file)
        file.chmod(0o755)
    fields = {"Package": name, "Version": "1", "Architecture": "amd64", "Maintainer": "lunboot's tests",
              "Section": "debian-installer", "Priority": "standard", "Depends": recipe.get("depends"),
              "Provides": recipe.get("provides"), "Installer-Menu-Item": recipe.get("menu"),
              "Description": name.replace("-", " ")}
    (tree / "DEBIAN").mkdir(exist_ok=True)
    (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items() if value))
    udeb = work / f"{name}_1_amd64.udeb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, udeb], check=True, capture_output=True)
    return udeb


def entry(file, name):
    """What an index says of a package."""
    control = subprocess.run(["dpkg-deb", "-f", file], capture_output=True, text=True, check=True).stdout
    data = file.read_bytes()
    return (f"{control}Filename: pool/{name}\nSize: {len(data)}\nMD5sum: {hashlib.md5(data).hexdigest()}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n")


def publish(root, debs, udebs):
    """A mirror in `root` of these files."""
    dist = root / "dists" / SUITE
    (root / "pool").mkdir(parents=True)
    sums = ""
    for part, files in (("main", debs), ("main/debian-installer", udebs)):
        index = ""
        for file in sorted(files):
            name = file.name.replace("%3a", "-")  # an epoch would be quoted twice in an URL
            shutil.copy(file, root / "pool" / name)
            index += entry(file, name)
        path = dist / part / "binary-amd64/Packages.gz"
        path.parent.mkdir(parents=True)
        # The installer looks here for the architectures that there are.
        (path.parent / "Release").write_text(f"Archive: {SUITE}\nComponent: main\nArchitecture: amd64\n")
        for form, data in ((path, gzip.compress(index.encode())), (path.with_suffix(""), index.encode())):
            form.write_bytes(data)
            sums += f" {hashlib.sha256(data).hexdigest()} {len(data)} {form.relative_to(dist)}\n"
    (dist / "Release").write_text(
        f"Origin: lunboot\nSuite: {SUITE}\nCodename: {SUITE}\nVersion: 12\nArchitectures: amd64\nComponents: main\n"
        f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n{sums}")


def make(root, kernel):
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        work = Path(directory)
        apt = Apt(work / "apt")
        udebs = apt.fetch([name.format(kernel=kernel) for name in UDEBS], work / "udebs")
        for name, recipe in MADE.items():
            tree = work / name
            tree.mkdir()
            udebs.append(make_udeb(name, tree, apt, work, recipe))
        publish(work / "mirror", apt.system(SYSTEM), udebs)
        shutil.move(work / "mirror", root)


def mirror(kernel):
    """Its directory, for the installer with that kernel (6.1.0-50-amd64)."""
    need("apt-get", "dpkg-deb")
    CACHE.mkdir(parents=True, exist_ok=True)
    sources = b"".join(file.read_bytes() for file in sorted([Path(__file__), *(HERE / "installer").iterdir()]))
    root = CACHE / f"mirror-{kernel}-{hashlib.sha256(sources).hexdigest()[:16]}"
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            for old in CACHE.glob("mirror-*"):
                shutil.rmtree(old)
            make(root, kernel)
    return root
