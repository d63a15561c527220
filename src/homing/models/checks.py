"""The laws that every model keeps, and the small world in which they are tried.

A `Subject` names a model and how to make one. To check a model of your own:
`for check in checks(LAWS, {"mine": Subject("mine", MyModel)}): check.run()`.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.errors import BadInput
from homing.core.laws import LawBroken, by_name
from homing.core.laws import must as _must
from homing.models.base import LearningModel
from homing.models.content_based import ContentBasedModel
from homing.models.interactions import Id, Interactions
from homing.models.query import Codes, Query

__all__ = ["LAWS", "LawBroken", "Subject", "market", "world"]

Model = LearningModel[Any]
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """A model to be tried: `make` gives a fresh one. `exact_update`: `partial_fit` equals `fit` on everything.

    `homes`: whether it is told of the attributes of homes.
    """

    name: str
    make: Callable[[], Model]
    exact_update: bool = False
    homes: bool = True

    def fitted(self, data: Interactions | None = None) -> Model:
        """The model after learning from the world."""
        return self.make().fit(world() if data is None else data, homes=market() if self.homes else None)

    def learned(self) -> Model:
        """The same, of which a law may do with its copy what it likes; it is made only once for laws in a row."""
        return copy.deepcopy(_learned(self))


@lru_cache(maxsize=4)
def _learned(subject: Subject) -> Model:
    return subject.fitted()


_SAID = (
    "Sunny kitchen with a view of the lake", "Quiet street and a new roof", "Big deck, mature garden", "",
    "Vaulted ceilings near the station", "Needs work: new roof and wiring", "A view over the garden",
)  # fmt: skip


def market(homes: int = 24) -> list[dict[str, object]]:
    """Listing rows of a small market; the last is a home of which only the key is known."""
    rng = np.random.default_rng(5)
    rows: list[dict[str, object]] = [
        {
            "ListingKey": f"h{number:02}",
            "ListPrice": 200_000 + 25_000 * number,
            "BedroomsTotal": int(rng.integers(1, 6)),
            "Latitude": 47.5 + 0.02 * float(rng.random()),
            "Longitude": -122.3 + 0.05 * float(rng.random()),
            "PropertySubType": str(rng.choice(["Condominium", "Single Family Residence"])),
            "ListingContractDate": f"2026-01-{1 + number % 28:02}",
            "PublicRemarks": f"{_SAID[number % 5]}. {_SAID[number % 7]}!",
        }
        for number in range(homes - 1)
    ]
    return [*rows, {"ListingKey": f"h{homes - 1:02}"}]


def world(homes: int = 24, leads: int = 40, acts: int = 320) -> Interactions:
    """Acts of leads with a taste for some of the homes, a few of them dislikes."""
    rng = np.random.default_rng(6)
    lead = rng.integers(0, leads, acts)
    home = (lead * 5 + rng.integers(0, max(2, homes // 3), acts)) % homes
    weights = rng.choice([1.0, 1.0, 2.0, 5.0, -4.0], acts)
    at = rng.permutation(acts).astype(np.int64) * DAY // 8
    return Interactions.from_columns([f"l{x:02}" for x in lead], [f"h{x:02}" for x in home], weights, at)


def _same(first: NDArray[Any], second: NDArray[Any], text: str, tolerance: float = 0.0) -> None:
    same = first.shape == second.shape and np.allclose(first, second, tolerance, tolerance, equal_nan=True)
    _must(same, text)


def _table(model: Model, leads: tuple[Id, ...]) -> NDArray[np.float32]:
    return np.array([model.score(lead, market_ids()) for lead in leads])


def market_ids() -> list[Id]:
    """The ids of the market's homes."""
    return [str(row["ListingKey"]) for row in market()]


def same_seed_same_model(subject: Subject) -> None:
    """Fitting twice gives the same scores to the bit."""
    data = world()
    _same(_table(subject.fitted(), data.leads.ids), _table(subject.fitted(), data.leads.ids), "two fits differ")


def scores_have_their_shape(subject: Subject) -> None:
    """Scores are float32, one a home, by id as by code; `score_all` is in the order of items."""
    model = subject.learned()
    scores = model.score("l03", list(model.items.ids))
    _must(scores.dtype == np.float32 and scores.shape == (len(model.items),), "scores are not float32 (n,)")
    _same(scores, model.score("l03", Codes(np.arange(len(model.items)))), "ids and codes differ")
    _same(scores, model.score_all("l03"), "score_all differs")
    _must(not np.isinf(scores).any(), "a score is infinite")


def unknown_homes_have_no_score(subject: Subject) -> None:
    """NaN for a home that is not there, and no reasons."""
    model = subject.learned()
    scores = model.score("l03", ["nowhere", "h03"])
    _must(np.isnan(scores[0]), "an unknown home has a score")
    _must(model.explain("l03", "nowhere") == {}, "an unknown home has reasons")
    _must("nowhere" not in model.recommend("l03", candidates=["nowhere", "h05"])[0], "an unknown home is recommended")


def strangers_get_homes(subject: Subject) -> None:
    """A lead nobody has met gets a list, and an answer for each home."""
    model = subject.learned()
    ids, scores = model.recommend("stranger", k=3)
    _must(len(ids) == 3 and not np.isnan(scores).any(), "a stranger gets no list")
    _must(model.score("stranger", market_ids()).shape == (24,), "a stranger's scores are not one a home")


def strangers_leave_no_trace(subject: Subject) -> None:
    """Asking, about whomever, changes nothing in the model."""
    model = subject.learned()
    before = {name: array.tobytes() for name, array in model.packed().items()}
    for lead in ("stranger", Query("other", ["h01", "new"], np.array([3.0, 1.0]))):
        model.recommend(lead)
        model.explain(lead, "h02")
        model.score(lead, ["h03", "new"])
    _must(before == {name: array.tobytes() for name, array in model.packed().items()}, "asking changed the model")


def little_data_is_enough(subject: Subject) -> None:
    """No row, one row, one home: the model fits, answers, and comes back from disk."""
    columns: list[tuple[list[str], list[str]]] = [([], []), (["a"], ["h01"]), (["a", "b", "c"], ["h01"] * 3)]
    for leads, homes in columns:
        model = subject.make().fit(Interactions.from_columns(leads, homes))
        ids, scores = model.recommend("a", k=2, exclude_seen=False)
        _must(len(ids) == scores.size <= len(set(homes)), f"after {len(leads)} rows the list is {ids}")
        _must(not np.isnan(scores).any(), "a recommended home has no score")
        _must(_loaded(model).items.ids == model.items.ids, f"after {len(leads)} rows the loaded homes differ")


def fewer_homes_than_factors(subject: Subject) -> None:
    """Three homes are enough for a model of many factors."""
    model = subject.fitted(world(homes=3))
    _must(np.isfinite(model.popularity()).all(), "popularity is not finite")
    scores = model.score_all("l03")
    _must(not np.isinf(scores).any(), "a score is infinite")


def repeats_add_up(subject: Subject) -> None:
    """Two rows of weight w are one row of weight 2w."""
    data = world()
    every = np.repeat(np.arange(len(data)), 2)
    halves = data.select(every)
    half = Interactions(
        data.leads, data.properties, halves.lead, halves.property, halves.weight / 2, halves.at, halves.timed
    )
    leads = data.leads.ids
    _same(_table(subject.fitted(), leads), _table(subject.fitted(half), leads), "repeated rows differ", 1e-4)


def order_of_rows_is_irrelevant(subject: Subject) -> None:
    """The rows in another order give the same scores."""
    data = world()
    turn = np.random.default_rng(7).permutation(len(data))
    ids = [np.array(names.ids)[codes] for names, codes in ((data.leads, data.lead), (data.properties, data.property))]
    other = Interactions.from_columns(ids[0][turn], ids[1][turn], data.weight[turn], data.at[turn])
    _same(_table(subject.fitted(), data.leads.ids), _table(subject.fitted(other), data.leads.ids), "they differ", 1e-4)


def saved_is_loaded(subject: Subject) -> None:
    """A loaded model gives the same answers to the bit."""
    model, data = subject.learned(), world()
    same = _loaded(model)
    _must(same.items.ids == model.items.ids, "the homes differ")
    _same(_table(model, data.leads.ids), _table(same, data.leads.ids), "the scores differ")
    _must(model.explain("l03", "h05") == same.explain("l03", "h05"), "the reasons differ")
    _must(model.recommend("l03")[0] == same.recommend("l03")[0], "the lists differ")


def _loaded(model: Model) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        checksum = model.save(Path(folder) / "model")
        return type(model).load(Path(folder) / "model", checksum=checksum)


def seen_homes_are_left_out(subject: Subject) -> None:
    """With `exclude_seen`, the default, no home the lead acted on is returned, by id as by query."""
    model, data = subject.learned(), world()
    for lead in data.leads.ids:
        seen = {data.properties.ids[code] for code in data.property[data.lead == data.leads.code(lead)].tolist()}
        _must(not seen & set(model.recommend(lead, k=24)[0]), f"{lead} gets a home it has seen")
    _must("h01" not in model.recommend(Query("x", ["h01"]), k=24)[0], "a query gets a home it has seen")


def candidates_are_kept_to(subject: Subject) -> None:
    """Only candidates are returned, each once, and as well ordered as in the full list."""
    model, given = subject.learned(), ["h05", "h06", "h07", "h05"]
    ids, _ = model.recommend("l03", k=24, exclude_seen=False, candidates=given)
    _must(set(ids) <= set(given) and len(ids) == len(set(ids)), f"the list is {ids}")
    every = [name for name in model.recommend("l03", k=24, exclude_seen=False)[0] if name in given]
    _must(ids == every, "the order differs from that of the full list")


def lists_are_best_first(subject: Subject) -> None:
    """Scores of a list fall, none is NaN, and they are those of `score`."""
    model = subject.learned()
    ids, scores = model.recommend("l03", k=24)
    _must(not np.isnan(scores).any() and (np.diff(scores) <= 0).all(), "the scores do not fall")
    _same(scores, model.score("l03", ids), "the scores are not those of score", 1e-6)
    _must(model.recommend("l03", k=3)[0] == ids[:3], "a shorter list is not the beginning of the longer")


def many_is_one_by_one(subject: Subject) -> None:
    """`recommend_many` is `recommend` for each, and `explain_many` is `explain` for each."""
    model = subject.learned()
    leads = ["l03", "stranger", "l01", "l03"]
    one_by_one = [model.recommend(lead, k=_ENOUGH)[0] for lead in leads]
    _must(model.recommend_many(leads, k=_ENOUGH) == one_by_one, "the lists differ")
    homes: list[Id] = ["h07", "nowhere", "h23", "h02", "h07"]
    for lead in leads:
        told = [model.explain(lead, home) for home in homes]
        _must(model.explain_many(lead, homes) == told, "the reasons differ")
        _must(model.explain_many(lead, Codes(model.items.codes(homes))) == told, "the reasons by code differ")


def a_query_is_its_lead(subject: Subject) -> None:
    """The same history, asked as a query, gets the same scores as the lead known from training."""
    model = subject.learned()
    data = world()
    rows = np.flatnonzero(data.lead == data.leads.code("l03"))
    homes = [data.properties.ids[code] for code in data.property[rows].tolist()]
    query = Query("anyone", homes, data.weight[rows], data.at[rows], as_of=int(data.at.max()))
    _same(model.score_all("l03"), model.score_all(query), "they differ", 1e-6)


def parts_add_up(subject: Subject) -> None:
    """The named parts of every score add up to it, within 1e-6 of the sum of their sizes."""
    model = subject.learned()
    for lead in ("l01", "l03", Query("x", ["h01", "h02", "h03"], np.array([5.0, -10.0, 1.0]))):
        for home, score in zip(market_ids(), model.score(lead, market_ids()).tolist(), strict=True):
            parts = model.explain(lead, home)
            if np.isnan(score):
                _must(parts == {}, "a home without a score has reasons")
                continue
            size = sum(abs(part) for part in parts.values())
            _must(abs(sum(parts.values()) - score) <= 1e-6 * size + 1e-30, f"{lead}, {home}: {parts} is not {score}")


def bad_weights_are_refused(subject: Subject) -> None:
    """NaN, infinite and absurd weights are refused before anything is learned from them."""
    data = world()
    for weight in (np.nan, np.inf, -np.inf, 1e30):
        weights = np.where(np.arange(len(data)) == 7, weight, data.weight)
        try:
            subject.make().fit(
                Interactions(data.leads, data.properties, data.lead, data.property, weights, data.at, data.timed)
            )
        except BadInput:
            continue
        raise LawBroken(f"the weight {weight} is taken")


def extreme_weights_stay_finite(subject: Subject) -> None:
    """Weights as large as are taken, for and against, give finite scores."""
    data = world()
    weight = np.where(np.arange(len(data)) % 50 == 0, 1e9, data.weight)
    model = subject.fitted(Interactions(data.leads, data.properties, data.lead, data.property, weight, data.at))
    scores = _table(model, data.leads.ids)
    _must(not np.isinf(scores).any() and np.isfinite(scores).any(), "a score is infinite, or none is finite")


def updates_where_it_can(subject: Subject) -> None:
    """`partial_fit` works exactly where `can_update` says so: new leads are known, new homes can be scored."""
    data = world()
    early, late = data.select(np.arange(250)), data.select(np.arange(250, 320))
    model = subject.fitted(early)
    if not model.can_update:
        try:
            model.partial_fit(late)
        except BadInput:
            return
        raise LawBroken("a model that cannot update did")
    model.partial_fit(late)
    both = subject.fitted(data)
    if subject.exact_update:
        _same(_table(model, data.leads.ids), _table(both, data.leads.ids), "an update is not a fit on everything", 1e-5)
    model.partial_fit(Interactions.from_columns(["newcomer"], ["h03"], [1.0], [int(data.at.max())]))
    _must("h03" not in model.recommend("newcomer", k=24)[0], "the newcomer's act was not taken in")
    _must(np.isfinite(model.score("newcomer", ["h05"])).all(), "a newcomer gets no score")


def a_changed_market_leaves_the_old_model(subject: Subject) -> None:
    """`with_homes` returns another model; in the first nothing changes, and codes of homes stay."""
    model = subject.learned()
    before = _table(model, ("l03",))
    changed = [{**row, "ListPrice": 1_000_000} for row in market()] + [{"ListingKey": "h99", "ListPrice": 300_000}]
    other = model.with_homes(changed)
    _same(before, _table(model, ("l03",)), "the first model changed")
    _must(other.items.ids[: len(model.items)] == model.items.ids, "codes of homes changed")
    _must("h99" in other.items and "h99" not in model.items, "the new home is not where it belongs")
    _same(before, _table(model.with_homes(market()), ("l03",)), "the same market gives other scores", 1e-6)


def denied_attributes_change_nothing(subject: Subject) -> None:
    """Homes given with what may never be used, to the letter in step with what is liked, give the same model."""
    plain, other = market(), [{**row, **_LAWFUL[number % 2]} for number, row in enumerate(market())]
    sown = [{**row, **_DENIED[number % 2]} for number, row in enumerate(market())]
    learned = {name: _packed(subject, homes) for name, homes in (("plain", plain), ("sown", sown), ("other", other))}
    _must(learned["sown"] == learned["plain"], "the model learned from fields that may never be used")
    if isinstance(subject.make(), ContentBasedModel):
        _must(
            learned["other"] != learned["plain"], "an attribute that may be used changes nothing, so this says nothing"
        )


def _packed(subject: Subject, homes: list[dict[str, object]]) -> dict[str, bytes]:
    """The arrays of a model that learned from acts on every other home."""
    acts = [(f"l{lead:02}", f"h{(lead + 2 * step) % 24:02}") for lead in range(20) for step in range(8)]
    data = Interactions.from_columns(
        [lead for lead, _ in acts], [home for _, home in acts], None, list(range(len(acts)))
    )
    return {name: array.tobytes() for name, array in subject.make().fit(data, homes=homes).packed().items()}


_NEVER = (
    "gender", "median_income", "PctBlack", "crime_rate", "ElementarySchoolRating", "nearest_church", "PrivateRemarks",
    "ListAgentKey", "ListOfficeName", "BuyerAgencyCompensation", "ElementarySchool", "SeniorCommunityYN",
    "AccessibilityFeatures", "OwnerName", "look_alike_audience", "voucher",
)  # fmt: skip
_DENIED: tuple[dict[str, object], ...] = (
    {name: "likes" if place % 2 else 1 for place, name in enumerate(_NEVER)},
    {name: "passes" if place % 2 else 0 for place, name in enumerate(_NEVER)},
)
_LAWFUL: tuple[dict[str, object], ...] = ({"FireplacesTotal": 1}, {"FireplacesTotal": 0})

LAWS: dict[str, Callable[[Subject], object]] = by_name(
    same_seed_same_model,
    scores_have_their_shape,
    unknown_homes_have_no_score,
    strangers_get_homes,
    strangers_leave_no_trace,
    little_data_is_enough,
    fewer_homes_than_factors,
    repeats_add_up,
    order_of_rows_is_irrelevant,
    saved_is_loaded,
    seen_homes_are_left_out,
    candidates_are_kept_to,
    lists_are_best_first,
    many_is_one_by_one,
    a_query_is_its_lead,
    parts_add_up,
    bad_weights_are_refused,
    extreme_weights_stay_finite,
    updates_where_it_can,
    a_changed_market_leaves_the_old_model,
    denied_attributes_change_nothing,
)
"""Every law by its name; each raises `LawBroken`."""
