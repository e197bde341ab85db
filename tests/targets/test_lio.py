"""LIO in every set-up that it can be in."""

import pytest
from on_lio import SETUPS_OF_LIO, OnLio
from setups import SETUPS
from trial import rows, trial

SETUPS.update(SETUPS_OF_LIO)


@pytest.mark.parametrize("setup", rows(OnLio))
def test_lio(setup, lio_net, logs, machine, kernel, stack):
    trial(OnLio, setup, net=lio_net, logs=logs, machine=machine, kernel=kernel, stack=stack)
