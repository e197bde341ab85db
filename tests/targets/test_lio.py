"""LIO in every set-up that it can be in."""

import pytest
from on_lio import SETUPS_OF_LIO, OnLio
from setups import SETUPS
from trial import rows, trial

SETUPS.update(SETUPS_OF_LIO)


@pytest.mark.parametrize("make, setup", rows(OnLio))
def test_lio(make, setup, lio_net, logs, machine, kernel, stack):
    trial(make, setup, net=lio_net, logs=logs, machine=machine, kernel=kernel, stack=stack)
