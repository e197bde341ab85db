"""lunboot.pxe with settings of its own."""

import subprocess

from rig.paths import BUILD, TOP


def make_nbp(output, *settings):
    subprocess.run([TOP / "tools/mkimg", "-i", BUILD / "lunboot.pxe", "-o", output, *settings], check=True)
