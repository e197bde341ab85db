"""iPXE in each set-up that lunboot refuses: it must not do better."""

import pytest
from beside import beside
from on_istgt import OnIstgt
from on_lio import SETUPS_OF_LIO, OnLio
from on_script import PLAYED
from on_tgtd import OnTgtd
from setups import DISK, SETUPS

SETUPS.update(SETUPS_OF_LIO)


# By which lunboot insists on what iPXE can't be told to insist on.
ITS_OWN = "chap=", "digest="
# Where iPXE does boot, or the others would say nothing.
CONTROLS = [(OnTgtd, "plain"), (OnTgtd, "CHAP"), (OnTgtd, "mutual CHAP"), (OnLio, "LUN 0")]


def refused(*targets):
    for make in targets:
        for name in make.QUICK + make.LONG:
            same = not any(word.startswith(ITS_OWN) for word in SETUPS[name].settings)
            if same and make.OTHERWISE.get(name, SETUPS[name].expect) != DISK:
                yield make, name


def rows(*targets):
    for make, name in [*(row for row in CONTROLS if row[0] in targets), *refused(*targets)]:
        yield pytest.param(make, name, id=f"{make.NAME}-{name}".replace(" ", "-"))


def check(make, name, **fixtures):
    assert (beside(make, name, **fixtures) == DISK) == ((make, name) in CONTROLS)


@pytest.mark.ipxe
@pytest.mark.parametrize("make, setup", rows(OnTgtd, OnIstgt, *PLAYED))
def test_beside(make, setup, net, logs, machine, stack):
    check(make, setup, net=net, logs=logs, machine=machine, stack=stack)


@pytest.mark.ipxe
@pytest.mark.parametrize("make, setup", rows(OnLio))
def test_beside_on_lio(make, setup, lio_net, logs, machine, stack):
    check(make, setup, net=lio_net, logs=logs, machine=machine, stack=stack)
