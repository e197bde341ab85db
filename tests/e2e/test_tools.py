"""The tools around lunboot: media with settings, the table of sizes, and the packages."""

import os
import re
import shutil
import subprocess

import pytest
from test_rom import lines

from rig.child import need
from rig.paths import BUILD, TOP

PACKAGES = [
    line.split()[:2]
    for line in (TOP / "tests/packages").read_text().splitlines()
    if line and not line.startswith("#")
]


def mkiso(output, *arguments, kernel, **environment):
    subprocess.run([TOP / "tools/mkiso", "-k", kernel, "-o", output, *arguments], check=True,
                   env=dict(os.environ, **environment))
    return output.read_bytes()


def test_same_settings_give_the_same_iso(logs, kernel):
    need("grub-mkrescue", "xorriso")
    first = mkiso(logs / "1.iso", "ip=192.0.2.1/24", kernel=kernel, TZ="Asia/Tokyo")
    os.utime(logs / "1.iso")
    assert mkiso(logs / "2.iso", "ip=192.0.2.1/24", kernel=kernel, TMPDIR=str(logs)) == first
    assert mkiso(logs / "3.iso", "ip=192.0.2.2/24", kernel=kernel) != first


def test_iso_passes_any_value(logs, machine, kernel):
    """What GRUB's language gives a meaning arrives as it was given."""
    mkiso(logs / "odd.iso", "-a", "mtu=x gateway=y", "ip=a;b$c#{d}", kernel=kernel)
    pc = machine(iso=logs / "odd.iso")
    pc.expect(r"^E61 +mtu=x: ", 30)
    pc.expect(r"^E61 +gateway=y: ", 5)
    pc.expect(r"^E61 +ip=a;b\$c#{d}: ", 5)


def test_iso_works_as_a_usb_stick(logs, machine, kernel):
    """Hybrid: the same image, now as a hard disk."""
    mkiso(logs / "stick.iso", kernel=kernel)
    pc = machine(disks=[logs / "stick.iso"])
    pc.expect("^lunboot ", 30)
    pc.expect("^E10: ", 10)


@pytest.fixture
def sizes(tmp_path):
    """sizes(budgets) runs tools/sizes with that text as the table of budgets: (status, output,
    complaints)."""

    def run(budgets):
        (tmp_path / "budgets").write_text(budgets)
        drivers = sorted({driver for _, _, driver in lines()})
        done = subprocess.run([TOP / "tools/sizes", BUILD, tmp_path / "budgets", *drivers],
                              capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr.splitlines()

    return run


BUDGETS = (TOP / "boot/budgets").read_text()
BUDGETED = re.findall(r"^([^#|\n]*[^ #|]) *\| *(\d+)", BUDGETS, re.M)


def test_everything_is_within_its_budget(sizes):
    status, table, complaints = sizes(BUDGETS)
    assert (status, complaints) == (0, [])
    for name, budget in BUDGETED:
        assert re.search(rf"^  {name} +\d+ +{budget}( |$)", table, re.M)


def test_what_takes_more_than_its_budget_fails(sizes):
    for name, budget in BUDGETED:
        status, _, (complaint,) = sizes(re.sub(rf"^({name} *\| *){budget}", r"\g<1>10", BUDGETS, flags=re.M))
        assert status == 1 and re.match(rf"sizes: {name} takes \d+ bytes of 10($|: )", complaint)


def test_budgets_are_for_what_there_is(sizes):
    status, _, (complaint,) = sizes(BUDGETS + "floppy | 1 | | small\n")
    assert status == 1 and "nothing is called floppy" in complaint
    status, _, (complaint,) = sizes(re.sub("^resident code.*\n", "", BUDGETS, flags=re.M))
    assert status == 1 and "resident code has no budget" in complaint


@pytest.fixture
def bare(tmp_path):
    """bare(installed, root=, sudo=) runs tools/install-packages on a machine with those packages,
    whose apt-get and sudo only take notes; (status, output, notes)."""

    def run(installed, root=False, sudo=None, group="run"):
        bin_dir, notes = tmp_path / "bin", tmp_path / "notes"
        shutil.rmtree(bin_dir, ignore_errors=True)
        bin_dir.mkdir()
        notes.write_text("")
        for tool in ("bash", "dirname", "env", "cat"):
            (bin_dir / tool).symlink_to(shutil.which(tool))

        def script(name, text):
            (bin_dir / name).write_text(f"#!/bin/bash\n{text}\n")
            (bin_dir / name).chmod(0o755)

        answers = "".join(f"{p}/installed " for p in installed)
        script("dpkg-query", f"printf '%s' '{answers}'")
        script("id", f"echo {0 if root else 1000}")
        script("apt-get", f'echo "apt-get $*" >>{notes}')
        if sudo is not None:
            script("sudo", f'[ "$1" = -n ] && exit {0 if sudo else 1}; echo "sudo" >>{notes}; "$@"')
        done = subprocess.run(
            [TOP / "tools/install-packages", group], env={"PATH": str(bin_dir)}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        return done.returncode, done.stdout, notes.read_text()

    return run


ALL = [name for name, _ in PACKAGES]
RUN = [name for name, group in PACKAGES if group == "run"]


def test_packages_all_there(bare):
    assert bare(ALL, group="test") == (0, "", "")
    assert bare(RUN, group="run") == (0, "", "")


def test_packages_as_root(bare):
    status, _, notes = bare([p for p in RUN if p not in ("nasm", "tgt")], root=True)
    assert status == 0
    assert notes == "apt-get -q update\napt-get install -y --no-install-recommends nasm tgt\n"


def test_packages_by_sudo_without_typing(bare):
    status, _, notes = bare(RUN, sudo=True, group="test")
    assert status == 0
    missing = " ".join(p for p in ALL if p not in RUN)
    assert re.sub("sudo\n", "", notes).splitlines()[-1].endswith(missing)
    assert notes.count("sudo\n") == 2


@pytest.mark.parametrize("sudo", [None, False])
def test_packages_without_a_way(bare, sudo):
    """No sudo, or one that would ask with no terminal to ask on: say what to type, exit 2."""
    status, out, notes = bare(RUN[1:], sudo=sudo)
    assert (status, notes) == (2, "")
    line = f"apt-get update && apt-get install -y --no-install-recommends {RUN[0]}"
    assert line in out.splitlines()
