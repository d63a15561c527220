"""How likely a household engages with a home at once as it comes up in a page: in truth, and as far as can be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from homing.simulation import constants as c
from homing.simulation.bayesian_learner import BayesianLearner, Learned
from homing.simulation.households import Household
from homing.simulation.pages_seen import ForSale
from homing.simulation.results import Page
from homing.simulation.taste import attributes, utility, within_limits

__all__ = ["as_known", "in_truth"]

Doubles = NDArray[np.float64]


def _chance(own: Any, joint: Any, fits: Any, bars: Mapping[str, Any], couple: Any, views: int) -> Doubles:
    """The chance that homes at places 1 to n of a page are opened, and saved or shared there.

    A home is opened if utility, place and chance beat opening nothing, which is logistic as both draws are Gumbel's;
    it is saved or shared if it breaks no limit and is thought to be above the bar of saving, which is that of sharing.
    `own` and `joint` are what homes are worth to the partner who looks and to both, with households in rows or none.
    """
    fade = float(np.exp(-views / c.NOISE_VIEWS))
    scale, noise = 1.0 + c.NOISE_START * fade, c.JUDGEMENT_NOISE * (1.0 + c.NOISE_START * fade)
    place = np.log(np.arange(1, np.shape(own)[-1] + 1))
    opened = expit((own - bars["reference"] - c.POSITION_BIAS * place - c.OUTSIDE) / scale)
    liked = np.asarray(fits) * ndtr((joint - bars["save"]) / noise)
    return np.asarray(opened * liked * (1.0 - (1.0 - c.SAVE_CHANCE) * (1.0 - c.SHARE_CHANCE * couple)))


def in_truth(household: Household, sale: ForSale, page: Page, prices: Doubles, views: int) -> Doubles:
    """The chance for each home of a page, new to the household, that one knows who knows all of it, (n,)."""
    taste = household.taste
    seen = attributes(sale.homes, taste, page.rows, prices)
    joint, own, _ = utility(taste, seen, household.weights_after(views))
    fits = within_limits(sale.homes, taste, page.rows, prices)
    return _chance(own, joint, fits, household.bars, household.partners == 2, views)


def as_known(learner: BayesianLearner, learned: Learned, page: Page, prices: Doubles, views: int) -> Doubles:
    """The chance for each home of a page, new to the household, given what a learner holds possible, (n,).

    It is the mean over the households that the lead may be, so no other probability has a lower expected Brier score.
    """
    held = learner.believes(learned, page.rows, prices, views)
    bars = {name: bar[:, None] for name, bar in held.bars.items()}
    couple = (learned.possible.say < 1.0)[:, None]
    return np.asarray(_chance(held.own, held.joint, held.fits, bars, couple, views).mean(axis=0))
