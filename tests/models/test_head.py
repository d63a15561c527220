"""What a blend adds up in one pass is what its head says part by part."""

from __future__ import annotations

import numpy as np
import pytest

from homing.models.head import Head
from homing.models.pasts import Past


def past_of(*items):
    return Past(np.array(items, dtype=np.int64), np.ones(len(items)))


@pytest.mark.parametrize("seed", range(5))
def test_one_pass_gives_what_the_rates_give(seed):
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(4, 50))
    raw[rng.random(raw.shape) < 0.2] = np.nan
    raw[2] = -np.abs(raw[2])  # the reach of a part without a score above 0 is 1
    raw[3] = np.nan
    acted, past = rng.random(50) < 0.7, past_of(3, 7)
    head = Head(rng.random(4), rng.random(4), np.ones(4), np.zeros(4), by_lead=True)
    table = raw.T
    expected = (head.filled(table) * head.rates(table, head.scales(table, past), acted)).sum(axis=1)
    np.testing.assert_allclose(head.mixed(raw, past, acted), expected, rtol=1e-12, atol=1e-15)


def test_homes_acted_on_do_not_set_the_scale():
    head = Head.constant(np.array([1.0]), by_lead=True)
    raw = np.array([[8.0, 2.0, 1.0]])
    assert head.mixed(raw, past_of(0), np.ones(3, dtype=np.bool_)).tolist() == [4.0, 1.0, 0.5]


def test_without_parts_every_home_scores_nothing():
    head = Head.constant(np.zeros(0), by_lead=True)
    assert head.mixed(np.zeros((0, 3)), past_of(), np.ones(3, dtype=np.bool_)).tolist() == [0.0, 0.0, 0.0]
