"""What leads have in common speaks before a lead has acted, and each act moves the taste by as much as it says."""

import numpy as np
import pytest

from homing.models.choice_taste import ChoiceTaste, Columns, _steadily, acted_on, learned_taste
from homing.models.homes import homes_of
from homing.models.interactions import Interactions
from homing.models.mixed_logit import Choices, Common, common_taste, likely_taste
from homing.models.pasts import MOST_TOLD, Past, Pasts

RNG = np.random.default_rng(0)
ROWS = [
    {
        "ListingKey": f"h{row:04d}",
        "ListPrice": float(np.exp(RNG.normal(13.0, 0.4))),
        "LivingArea": float(RNG.uniform(800, 3_500)),
        "BedroomsTotal": int(RNG.integers(1, 6)),
        "YearBuilt": int(RNG.integers(1920, 2015)),
        "Latitude": 47.5 + float(RNG.uniform(0, 0.02)),
        "Longitude": -122.3 + float(RNG.uniform(0, 0.02)),
    }
    for row in range(400)
]
HOMES = homes_of(ROWS)
COLUMNS = Columns.none(400).replaced(400, np.arange(400), HOMES)
NEW = COLUMNS.values[:, COLUMNS.names.index("age")]


def shoppers(loves_new, leads=60, acts=15):
    """Leads that turn to new homes with a taste of their own around `loves_new`."""
    draw = np.random.default_rng(1)
    names, homes = [], []
    for lead in range(leads):
        taste = loves_new + 0.5 * draw.standard_normal()
        for _ in range(acts):
            names.append(f"lead-{lead}")
            homes.append(f"h{int(np.argmax(taste * NEW + draw.gumbel(size=400))):04d}")
    data = Interactions.from_columns(names, homes)
    order = HOMES.ids.codes(data.properties.ids)
    pasts = Pasts.of(data)
    return Pasts(pasts.leads, pasts.offsets, order[pasts.items].astype(np.int32), pasts.weights, None, None)


def learned(loves_new):
    return learned_taste(
        COLUMNS, shoppers(loves_new), lambda lead: None, lambda codes, at: np.ones(codes.size, bool), 0
    )


def age_of(model, past):
    parts = model.by_family(past, np.arange(400))
    return parts[:, model.families.index("age")]


EVERYTHING = np.arange(400)


def test_before_any_act_speaks_what_leads_have_in_common():
    stranger = Past(np.zeros(0, np.int64), np.zeros(0), within=EVERYTHING)
    for loves_new in (1.5, -1.5):
        slope = np.polyfit(NEW, age_of(learned(loves_new), stranger), 1)[0]
        assert slope == pytest.approx(loves_new, abs=0.35)


def test_of_a_lead_of_which_nothing_is_known_nothing_is_said():
    assert np.isnan(age_of(learned(1.5), Past(np.zeros(0, np.int64), np.zeros(0)))).all()


def test_each_act_moves_the_taste_by_as_much_as_it_says():
    model, old = learned(1.5), np.argsort(NEW)
    slopes = []
    for acts in (0, 1, 5, 20):
        past = Past(old[:acts], np.ones(acts), within=EVERYTHING)
        slopes.append(np.polyfit(NEW, age_of(model, past), 1)[0])
    assert slopes == sorted(slopes, reverse=True)
    assert slopes[1] > 0 > slopes[3]


def test_a_home_spoken_against_moves_it_the_other_way():
    model, new = learned(1.5), np.argsort(-NEW)
    liked = Past(np.array([7]), np.ones(1), within=EVERYTHING)
    passed = Past(np.append(7, new[:6]), np.append(1.0, -np.ones(6)), within=EVERYTHING)
    assert np.polyfit(NEW, age_of(model, passed), 1)[0] < np.polyfit(NEW, age_of(model, liked), 1)[0]


def test_too_few_leads_have_nothing_in_common():
    none = learned_taste(COLUMNS, shoppers(1.5, leads=5), lambda lead: None, lambda codes, at: codes >= 0, 0)
    assert none.common is None
    assert none.families == learned(1.5).families
    assert np.isnan(age_of(none, Past(np.array([1]), np.ones(1), within=EVERYTHING))).all()


def test_what_was_learned_is_the_same_after_it_was_kept():
    model, past = learned(1.5), Past(np.array([1, 2, 3]), np.ones(3), within=EVERYTHING)
    again = ChoiceTaste.from_arrays(model.arrays())
    assert np.array_equal(model.by_family(past, EVERYTHING), again.by_family(past, EVERYTHING))


def test_the_likeliest_taste_is_where_the_slope_of_the_posterior_is_nothing():
    draw = np.random.default_rng(2)
    others = draw.normal(size=(50, 3))
    one = Choices(others[:4], np.array([1.0, 2.0, 1.0, 1.0]), others[5:7], others)
    common = Common(np.array([0.3, 0.0, -0.2]), np.zeros((0, 3)), np.diag([0.5, 1.0, 2.0]))
    precision = common.precision
    taste = likely_taste(one, common.mean, precision, steps=40)[0]

    def posterior(w):
        usual = np.log(np.exp(others @ w).mean())
        chosen = one.counts @ (one.chosen @ w - np.log(np.exp(others @ w).sum()))
        against = 0.5 * np.log(1 / (1 + np.exp(one.against @ w - usual))).sum()
        away = w - common.mean
        return chosen + against - 0.5 * away @ precision @ away

    slopes = [(posterior(taste + 1e-4 * unit) - posterior(taste - 1e-4 * unit)) / 2e-4 for unit in np.eye(3)]
    assert np.abs(slopes).max() < 0.02


def test_leads_that_are_all_alike_have_tastes_that_hardly_differ():
    draw = np.random.default_rng(3)
    homes = draw.normal(size=(40, 2))

    def shops(taste):
        rows = [int(np.argmax(homes @ taste + draw.gumbel(size=40))) for _ in range(15)]
        return Choices(homes[rows], np.ones(15), homes[:0], homes)

    start, nothing = Common.start(0.1, 2), np.zeros((100, 0))
    alike = common_taste([shops(np.array([1.0, 0.0])) for _ in range(100)], nothing, start)
    apart = common_taste([shops(draw.normal([1.0, 0.0], [1.0, 0.2])) for _ in range(100)], nothing, start)
    assert apart.covariance[0, 0] > 4 * alike.covariance[0, 0]


def test_what_leads_have_in_common_is_found_where_a_choice_says_little_of_one_lead():
    draw = np.random.default_rng(4)
    homes = draw.uniform(0.0, 0.6, size=(40, 1))

    def shops():
        row = int(np.argmax(homes @ [-3.0] + draw.gumbel(size=40)))
        return Choices(homes[[row]], np.ones(1), homes[:0], homes)

    found = common_taste([shops() for _ in range(3_000)], np.zeros((3_000, 0)), Common.start(0.1, 1))
    assert found.mean[0] == pytest.approx(-3.0, abs=0.6)


def test_what_leads_have_in_common_is_found_where_few_homes_have_what_they_love():
    draw = np.random.default_rng(7)
    homes = np.where(np.arange(100) < 1, 4.0, 0.0)[:, None]

    def shops():
        row = int(np.argmax(homes @ [1.5] + draw.gumbel(size=100)))
        return Choices(homes[[row]], np.ones(1), homes[:0], homes)

    found = common_taste([shops() for _ in range(200)], np.zeros((200, 0)), Common.start(0.1, 1))
    assert found.mean[0] == pytest.approx(1.5, abs=0.7)


def test_who_states_a_high_price_is_expected_to_want_other_homes_before_any_act():
    draw = np.random.default_rng(5)
    price, dear = COLUMNS.price, float(np.median(COLUMNS.price))
    below = {True: np.flatnonzero(price < np.quantile(price, 0.95)), False: np.flatnonzero(price < dear)}
    names, homes = [], []
    for lead in range(200):
        rich = lead % 2 == 0
        pool = below[rich]
        for _ in range(10):
            pull = (1.2 if rich else -1.2) * NEW[pool] + draw.gumbel(size=pool.size)
            names.append(f"lead-{lead}")
            homes.append(f"h{int(pool[np.argmax(pull)]):04d}")
    data = Interactions.from_columns(names, homes)
    order, pasts = HOMES.ids.codes(data.properties.ids), Pasts.of(data)
    pasts = Pasts(pasts.leads, pasts.offsets, order[pasts.items].astype(np.int32), pasts.weights, None, None)
    model = learned_taste(
        COLUMNS, pasts, lambda lead: below[int(lead[5:]) % 2 == 0], lambda codes, at: np.ones(codes.size, bool), 0
    )
    slopes = [
        np.polyfit(NEW, age_of(model, Past(np.zeros(0, np.int64), np.zeros(0), within=below[rich])), 1)[0]
        for rich in (True, False)
    ]
    assert slopes == pytest.approx([1.2, -1.2], abs=0.5)
    no_limit = model.columns.means_of(EVERYTHING)
    assert model.columns.told(None).tolist() == model.columns.told(no_limit).tolist() == [0.0, 0.0, 0.0]
    assert model.columns.told(model.columns.means_of(below[True])).min() > 0.0


def test_one_home_more_or_less_changes_one_of_those_that_acts_are_set_against():
    pool = np.sort(np.random.default_rng(0).choice(20_000, 1_000, replace=False))
    chosen = _steadily(pool, 128)
    fewer = _steadily(np.delete(pool, 500), 128)
    assert chosen.size == fewer.size == 128
    assert np.setdiff1d(chosen, fewer).size <= 1
    assert np.quantile(chosen, [0.25, 0.5, 0.75]) == pytest.approx(np.quantile(pool, [0.25, 0.5, 0.75]), abs=2_000)


def test_evenly_spaced_homes_would_all_change():
    pool = np.sort(np.random.default_rng(0).choice(20_000, 1_000, replace=False))
    spaced = [some[np.linspace(0, some.size - 1, 128).astype(np.int64)] for some in (pool, np.delete(pool, 0))]
    assert np.setdiff1d(*spaced).size > 20


def test_every_act_within_what_a_lead_stated_counts_however_many_homes_are_within():
    everything = np.arange(5 * MOST_TOLD)
    homes = np.sort(np.random.default_rng(6).choice(everything, 50, replace=False))
    past = Past(homes, np.ones(50), within=everything[everything != homes[0]])
    assert acted_on(past)[0].tolist() == homes[1:].tolist()
    assert past.some_within.size == MOST_TOLD
    assert acted_on(Past(homes, np.ones(50)))[0].tolist() == homes.tolist()
