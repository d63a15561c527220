"""The true chances of engaging: they come about, and asking for them changes nothing."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from synthetic_homes import END

from homing.core.clock import DAY, parse_moment
from homing.event_types import ENGAGED
from homing.simulation.browsing import go_on
from homing.simulation.chances import Chances
from homing.simulation.simulate import lived, tables

DAYS, LEADS = 34, 60


def run(homes, witness, seed=3, leads=LEADS):
    return tables(lived(homes, leads, DAYS, seed=seed, end_at=END, witness=witness), seed=seed)


def events(made):
    return msgspec.json.encode(made.events)


@pytest.fixture(scope="module")
def heard(homes):
    witness = Chances(END - 28 * DAY, END - 14 * DAY, 14 * DAY, 6, seed=3)
    return witness, run(homes, witness)


def test_asking_changes_nothing(homes, heard):
    assert events(heard[1]) == events(run(homes, None))


def test_a_witness_that_lets_the_household_itself_go_on_is_found_out(homes, heard):
    broken = run(homes, go_on)
    assert events(broken) != events(heard[1])


def test_the_same_seed_gives_the_same_chances(homes, heard):
    again = Chances(END - 28 * DAY, END - 14 * DAY, 14 * DAY, 6, seed=3)
    run(homes, again)
    assert [page.engaged.tolist() for page in again.pages] == [page.engaged.tolist() for page in heard[0].pages]


def test_what_is_expected_comes_about(homes):
    hoped, came, spread = 0.0, 0.0, 0.0
    for seed in (3, 4, 5):
        witness = Chances(END - 28 * DAY, END - 14 * DAY, 14 * DAY, 6, seed)
        made = run(homes, witness, seed)
        moments = {}
        for row in made.events:
            if row["event_type"] in {kind.value for kind in ENGAGED}:
                moments.setdefault((row["lead_id"], row["property_id"]), []).append(parse_moment(row["timestamp"]))
        for page in witness.pages:
            rate = page.engaged / page.tries
            after = [[page.at < at <= page.at + 14 * DAY for at in moments.get((page.lead, home), [])]
                     for home in page.homes]  # fmt: skip
            came += sum(map(any, after))
            hoped, spread = hoped + rate.sum(), spread + (rate * (1.0 - rate)).sum()
    assert came > 10
    assert abs(came - hoped) < 4.0 * np.sqrt(1.4 * spread + 1.0)
