"""Each law notices a feature or an engine that breaks it, and no other law does."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from homing.core.clock import DAY, MINUTE, from_micros
from homing.event_types import EventType
from homing.feature_engineering.checks import LAWS, LawBroken, Paths, value_of_events
from homing.feature_engineering.declaration import ALL, Example, feature
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.kernel import compile_kernel, loaded_kernel
from homing.tracking.given_homes import GivenHomes
from homing.tracking.history import History

KIND = {
    "unit": "events/day",
    "family": "tried",
    "reads": [EventType.PROPERTY_VIEW],
    "window": 30 * DAY,
    "range": (0, 10_000),
    "missing": 0.0,
}
EXAMPLE = Example([(9 * DAY, "property_view"), (1 * DAY, "property_view")], 0.2)


@feature(**KIND, example=EXAMPLE)
def views_per_day(h: History) -> float:
    """Views a day since the first."""
    return h.size / max(1.0, (h.as_of - h.at[0]) // DAY + 1)


@feature(**KIND, example=Example([(DAY, "property_view")], 0.0, as_of=EXAMPLE.as_of))
def past_64_bits(h: History) -> float:
    """A number that Python keeps and a machine word does not."""
    return h.at[0] * 7_777_777 % 1000


@feature(**KIND, example=Example([(DAY, "property_view")], 0.0))
def homes_cut(h: History) -> float:
    """How often the prices of the homes were cut."""
    cuts = 0.0
    for i in range(h.size):
        if not math.isnan(h.home_price_cuts[i]):
            cuts += h.home_price_cuts[i]
    return cuts


@feature(**KIND, subject="property", example=Example([(DAY, "property_view", {"lead_id": "a"})], 0.0))
def viewers_of_peers(h: History) -> float:
    """Leads who viewed homes like it in the last 7 days."""
    return h.peer_viewers_7d[0] if h.peer_viewers_7d[0] > 0.0 else 0.0


ENGINES = {one.name: one for one in (views_per_day, past_64_bits, homes_cut, viewers_of_peers)}


def many(one, of, as_of):
    return interpreted([one], of, as_of)[:, 0]


@pytest.fixture(scope="session")
def honest(kernel_folder):
    """The true paths for the features above, those of one subject compiled together."""
    kernels = {}
    for subject in ("lead", "property"):
        features = tuple(one for one in ENGINES.values() if one.subject == subject)
        compile_kernel(subject, features, kernel_folder)
        kernels[subject] = [one.name for one in features], loaded_kernel(subject, features, kernel_folder)

    def compiled(one, of, as_of):
        names, kernel = kernels[one.subject]
        return kernel(of, as_of)[:, names.index(one.name)]

    return Paths(one=value_of_events, many=many, compiled=compiled)


def unspoilt(true):
    return true


def with_one(change):
    return lambda true: dataclasses.replace(true, one=change)


def leaking(path):
    def leak(one, of, as_of):
        values = path(one, of, as_of)
        return values + np.append(0.0, values[:-1] > 0)

    return leak


class Impatient:
    """Says something else when asked the same again."""

    def __init__(self):
        self.last = None

    def __call__(self, one, events, as_of, zone, homes):
        again, self.last = self.last == (events, as_of, homes), (events, as_of, homes)
        return value_of_events(one, events, as_of, zone, homes) + again


def arrival(one, events, as_of, zone, homes):
    in_order = all(a.at <= b.at for a, b in itertools.pairwise(events))
    return value_of_events(one, events, as_of, zone, homes) + (not in_order)


def replay(one, events, as_of, zone, homes):
    return value_of_events(one, events, as_of, zone, homes) + len(events) - len({event.event_id for event in events})


def changed_declaration(**changes):
    return lambda one, *world: value_of_events(dataclasses.replace(one, **changes), *world)


def early(one, events, as_of, zone, homes):
    return value_of_events(one, events, as_of + 10 * MINUTE, zone, homes)


def knowing(one, events, as_of, zone, homes):
    return value_of_events(one, [dataclasses.replace(e, received_at=e.timestamp) for e in events], as_of, zone, homes)


def foreseeing(one, events, as_of, zone, homes):
    """Takes what homes became for what they were."""
    told = {
        home: [one._replace(at=min(one.at, as_of), known_at=0) for one in versions]
        for home, versions in homes.homes.items()
    }
    return value_of_events(one, events, as_of, zone, GivenHomes(told))


def foreseeing_views(one, events, as_of, zone, homes):
    """Takes those who will view homes like it for those who did."""
    viewed = [
        dataclasses.replace(view, timestamp=min(view.timestamp, from_micros(as_of)), received_at=view.timestamp)
        for view in homes.events
    ]
    return value_of_events(one, events, as_of, zone, GivenHomes(homes.homes, viewed))


def late_views(one, events, as_of, zone, homes):
    """Takes what was told late of homes like it for known."""
    viewed = [dataclasses.replace(view, received_at=view.timestamp) for view in homes.events]
    return value_of_events(one, events, as_of, zone, GivenHomes(homes.homes, viewed))


def unasked(one, events, as_of, zone, homes):
    return value_of_events(one, events, as_of, zone, homes) if events else 3.0


def replaced(**changes):
    return dataclasses.replace(views_per_day, **changes)


MUTANTS = {
    "a wrong example": ("example_holds", replaced(example=Example(EXAMPLE.events, 0.3)), unspoilt),
    "a value for nobody": ("no_history_gives_missing", views_per_day, with_one(unasked)),
    "a range too small": ("stays_in_range", replaced(high=1e-3), unspoilt),
    "a state": ("same_twice", views_per_day, lambda true: dataclasses.replace(true, one=Impatient())),
    "no wall of types": ("blind_to_the_undeclared", views_per_day, with_one(changed_declaration(reads=ALL))),
    "no wall of time": ("blind_to_the_past", views_per_day, with_one(changed_declaration(window=900 * DAY))),
    "a look ahead": ("blind_to_the_future", views_per_day, with_one(early)),
    "order of arrival": ("blind_to_order_and_replay", views_per_day, with_one(arrival)),
    "counting replays": ("blind_to_order_and_replay", views_per_day, with_one(replay)),
    "a neighbour": (
        "one_is_many",
        views_per_day,
        lambda true: dataclasses.replace(true, many=leaking(true.many), compiled=leaking(true.compiled)),
    ),
    "a number past 64 bits": ("interpreted_is_compiled", past_64_bits, unspoilt),
    "homes of tomorrow": ("blind_to_what_homes_become", homes_cut, with_one(foreseeing)),
    "peers of tomorrow": ("blind_to_what_homes_become", viewers_of_peers, with_one(foreseeing_views)),
    "peers in hindsight": ("blind_to_what_homes_become", viewers_of_peers, with_one(late_views)),
    "hindsight": ("live_is_as_of", views_per_day, with_one(knowing)),
}


def broken(one, paths, spoil=unspoilt):
    names = set()
    for name, law in LAWS.items():
        try:
            assert law(one, spoil(paths)) > 0
        except LawBroken:
            names.add(name)
    return names


def test_every_law_has_a_mutant():
    assert {law for law, _, _ in MUTANTS.values()} == set(LAWS)


def test_the_unbroken_feature_keeps_every_law(honest):
    assert broken(views_per_day, honest) == broken(homes_cut, honest) == broken(viewers_of_peers, honest) == set()


@pytest.mark.parametrize(("law", "mutant", "spoil"), MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_breaks_its_law_and_no_other(law, mutant, spoil, honest):
    assert broken(mutant, honest, spoil) == {law}
