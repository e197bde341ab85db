"""The targets that a process can be: tgtd, istgt, and the scripted one that plays others."""

import pytest
from on_istgt import OnIstgt
from on_script import PLAYED
from on_tgtd import OnTgtd
from trial import rows, trial

TARGETS = (OnTgtd, OnIstgt, *PLAYED)


@pytest.mark.parametrize("make, setup", [row for make in TARGETS for row in rows(make)])
def test_target(make, setup, net, logs, machine, kernel, stack):
    trial(make, setup, net=net, logs=logs, machine=machine, kernel=kernel, stack=stack)
