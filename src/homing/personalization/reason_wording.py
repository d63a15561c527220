"""True sentences for the parts of a score: each says what the part stands on, and carries what proves it.

The events of a reason are ordered by how much they hold up the score of the home, the one it would miss most first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.interfaces import Reason
from homing.market.snapshot import MarketSnapshot
from homing.models.part_names import BY_HOME, FIT, STATED, family_of, home_of
from homing.personalization.attention import Drawn
from homing.personalization.candidates import within
from homing.personalization.returned import BACK, CUT, Change
from homing.personalization.shopper import Acts, Shopper

__all__ = ["Facts", "nothing_speaks_for_it", "worded"]

_MOST_CITED: Final = 3
_MOST_EVENTS: Final = 50
_MOST_WORDS: Final = 3
_NEAR_KM: Final = 2.0


def _in_order(homes: tuple[str, ...]) -> NDArray[np.int64]:
    return np.arange(len(homes))


def _no_pull(_home: str) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reason may cite about one home: its row, the moment, how many leads it drew (counted when asked).

    `change` is what is news about it to a lead that likes it. `words` are those of its description that speak for it to
    the lead (worked out when asked). `pull` says how much a home acted on, by its id, holds up its score, and `by_pull`
    puts some of these in order: the one that does so most is the first.
    """

    market: MarketSnapshot
    row: int
    as_of: int
    drawn: Callable[[], Drawn]
    change: Change | None = None
    words: Callable[[], Iterable[str]] = tuple
    pull: Callable[[str], float] = _no_pull
    by_pull: Callable[[tuple[str, ...]], NDArray[np.int64]] = _in_order

    def number(self, name: str) -> float:
        """A numeric attribute of the home, NaN if it is unknown."""
        column = self.market.numbers.get(name)
        return float("nan") if column is None else float(column[self.row])


def worded(kind: str, share: float, parts: Mapping[str, float], facts: Facts, shopper: Shopper) -> Reason:
    """The reason of one kind for a home, with its share of the positive part of the score."""
    if facts.change is not None and kind in (CUT, BACK):
        return _cut(share, facts.change) if kind == CUT else _back(share, facts.change)
    if kind in BY_HOME:
        return _by_homes(kind, share, parts, facts, shopper)
    if kind in _TOLD:
        return _TOLD[kind](share, facts, shopper)
    if (number := _spoken_of(kind, facts)) is not None:
        return _number(kind, number, share, facts, shopper)
    return _category(kind, share, facts, shopper)


def nothing_speaks_for_it(facts: Facts) -> Reason:
    """The one reason for a home that has nothing in its favour."""
    text = "nothing known speaks for it yet: shown to find out what fits"
    return Reason(
        "exploration", 1.0, text, "it may be worth a look", (), {"ListPrice": _plain(facts.number("ListPrice"))}
    )


def _by_homes(kind: str, share: float, parts: Mapping[str, float], facts: Facts, shopper: Shopper) -> Reason:
    """The acts whose homes contribute most to what other shoppers' behaviour says."""
    event_of = shopper.event_of
    named: dict[str, float] = {}
    for name, value in parts.items():
        home = home_of(name)
        if home is not None and home in event_of and family_of(name) == kind:
            named[home] = named.get(home, 0.0) + value
    cited = sorted((home for home in named if named[home] > 0), key=lambda home: -named[home])[:_MOST_CITED]
    events = tuple([event_of[home] for home in sorted(cited, key=lambda home: -facts.pull(home))])
    if not cited:
        return Reason(kind, share, "other shoppers' behaviour favours it in general", "shoppers like this one")
    if kind == "sequence":
        text = f"shoppers who looked at {_listed(cited)}, as this lead did, went on to homes like it"
        return Reason(kind, share, text, "people with a search like yours often go on to this one", events)
    text = f"shoppers' behaviour puts it close to {_listed(cited)}, which this lead looked at"
    return Reason(kind, share, text, "it has a lot in common with homes like the ones you like", events)


def _cut(share: float, change: Change) -> Reason:
    percent = round(100.0 * change.cut / change.before, 1)
    text = (
        f"price cut from {change.before:,.0f} to {change.price:,.0f} USD ({change.cut:,.0f} USD or {percent:g} %)"
        f" since this lead, who {change.kept.word} it, last looked"
    )
    attributes = {
        "ListPrice": _plain(change.price),
        "PreviousListPrice": _plain(change.before),
        "cut_usd": _plain(change.cut),
        "cut_percent": percent,
    }
    return Reason(CUT, share, text, "the price has come down", change.kept.events, attributes)


def _back(share: float, change: Change) -> Reason:
    attributes: dict[str, object] = {"was": change.was} if change.was else {}
    after = f" after {change.was}" if change.was else ""
    if change.listing is None:
        text = f"back on the market{after}; this lead {change.kept.word} it"
        return Reason(BACK, share, text, "it is available again", change.kept.events, attributes)
    attributes |= {"listing_before": change.listing, "same_home_by": change.by}
    text = f"back on the market{after} under a new listing; this lead {change.kept.word} it as {change.listing}"
    say = "it is back on the market under a new listing"
    return Reason(BACK, share, text, say, change.kept.events, attributes)


def _popularity(share: float, facts: Facts, _shopper: Shopper) -> Reason:
    drawn = facts.drawn()
    days, leads = (30, drawn.in_30_days) if drawn.in_30_days else (180, drawn.in_180_days)
    text = f"drew {_count(leads, 'shopper')} in the last {days} days"
    return Reason("popularity", share, text, "it is getting attention", (), {"shoppers": leads, "days": days})


def _recency(share: float, facts: Facts, _shopper: Shopper) -> Reason:
    days = max(0, int((facts.as_of - int(facts.market.listed_at[facts.row])) // DAY))
    text = "listed today" if days == 0 else f"listed {_count(days, 'day')} ago"
    return Reason("recency", share, text, "it came on the market recently", (), {"days_listed": days})


def _location(share: float, facts: Facts, shopper: Shopper) -> Reason:
    place = {"Latitude": _plain(facts.number("Latitude")), "Longitude": _plain(facts.number("Longitude"))}
    if not math.isfinite(facts.number("Latitude")):
        return _category("location", share, facts, shopper)
    away = _kilometres(facts, shopper.liked)
    near = away <= _NEAR_KM
    if np.count_nonzero(near):
        text = f"within {_NEAR_KM:.0f} km of {_share_of(near)} looked at"
        say = "it is in the part of town that fits"
        return Reason("location", share, text, say, _events(facts, shopper.liked, near), place)
    if np.isfinite(away).any():
        nearest = np.arange(len(away)) == np.nanargmin(away)
        text = f"{float(np.nanmin(away)):.1f} km from the nearest of the {len(away)} homes looked at"
        say = "it is not far from the part of town that fits"
        return Reason("location", share, text, say, _events(facts, shopper.liked, nearest), place)
    return _unlike("location", share, shopper.passed, "its place", place)


def _remarks(share: float, facts: Facts, shopper: Shopper) -> Reason:
    """The words of its description that those of homes liked have too, at most three."""
    texts = facts.market.remarks
    liked = [texts[row].lower() if row >= 0 else "" for row in shopper.liked.rows.tolist()]
    has = {word: np.array([*map(_finds(word), liked)], dtype=np.bool_) for word in facts.words()}
    words = [word for word, found in has.items() if found.any()][:_MOST_WORDS]
    if not words:
        return _unlike("remarks", share, shopper.passed, "its description", {})
    alike = np.any([has[word] for word in words], axis=0)
    quoted = ", ".join(f"“{word}”" for word in words)
    text = f"words of its description ({quoted}) stand in those of {_share_of(alike)} looked at"
    say = "its description reads like those of homes you like"
    return Reason("remarks", share, text, say, _events(facts, shopper.liked, alike), {"PublicRemarks": words})


def _finds(words: str) -> Callable[[str], bool]:
    """Whether a text in lower case has these words side by side."""
    search = re.compile(r"\b" + r"\W+".join(map(re.escape, words.split())) + r"\b").search
    return lambda text: search(text) is not None


def _fit(share: float, facts: Facts, shopper: Shopper) -> Reason:
    """What the attributes of the home say, to those whose behaviour is like this lead's."""
    text = "it has what homes liked by shoppers like this lead have"
    acts = shopper.liked if len(shopper.liked) else shopper.passed
    cited = _events(facts, acts, np.ones(len(acts), dtype=np.bool_))[:_MOST_CITED]
    return Reason(FIT, share, text, "it has what people who like homes like yours go for", cited)


def _stated(share: float, facts: Facts, shopper: Shopper) -> Reason:
    """What shoppers' behaviour makes of the limits that the lead stated; the home itself may lie beyond them."""
    limits, market = shopper.limits, facts.market
    if limits is None or not within(market, limits, np.array([facts.row])).all():
        return Reason(STATED, share, "it is close to what this lead asked for", "it is close to what you asked for")
    attributes: dict[str, object] = {}
    if limits.price_max is not None or limits.price_min is not None:
        attributes["ListPrice"] = _plain(facts.number("ListPrice"))
    if limits.bedrooms_min is not None:
        attributes["BedroomsTotal"] = _plain(facts.number("BedroomsTotal"))
    text, say = "it is within what this lead asked for", "it is within what you asked for"
    return Reason(STATED, share, text, say, (), attributes)


_TOLD: Final = {
    "popularity": _popularity, "recency": _recency, "location": _location, "remarks": _remarks,
    FIT: _fit, STATED: _stated,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Number:
    """How a numeric attribute is spoken of: its RESO name, what counts as alike, and the two texts."""

    attribute: str
    alike: Callable[[float, NDArray[np.float64]], NDArray[np.bool_]]
    text: Callable[[float], str]
    say: str


def _within(fraction: float) -> Callable[[float, NDArray[np.float64]], NDArray[np.bool_]]:
    return lambda home, others: np.abs(others / home - 1.0) <= fraction if home else others == home


def _by(distance: float) -> Callable[[float, NDArray[np.float64]], NDArray[np.bool_]]:
    return lambda home, others: np.abs(others - home) <= distance


def _band(price: float) -> tuple[float, float]:
    """The round price band around a home: 100,000 wide below a million, then 200,000, below 300,000 it is 50,000.

    >>> _band(599_000)
    (550000.0, 650000.0)
    """
    half = 25_000 if price < 300_000 else 50_000 if price < 1_000_000 else 100_000
    low = float(math.floor((price - half / 2) / half) * half)
    return low, low + 2 * half


def _in_band(home: float, others: NDArray[np.float64]) -> NDArray[np.bool_]:
    low, high = _band(home)
    return (others >= low) & (others <= high)


def _price_text(price: float) -> str:
    low, high = _band(price)
    return f"in the {low:,.0f} to {high:,.0f} band of"


def _flag(attribute: str, word: str, say: str) -> _Number:
    return _Number(attribute, _by(0.0), lambda v: f"{word if v else f'no {word}'}, as in", say)


_NUMBERS: Final[dict[str, tuple[_Number, ...]]] = {
    "price": (_Number("ListPrice", _in_band, _price_text, "it sits right in your price range"),),
    "size": (
        _Number("LivingArea", _within(0.15), lambda v: f"{v:,.0f} sq ft, within 15 % of", "it is the right size"),
    ),
    "beds": (_Number("BedroomsTotal", _by(0.0), lambda v: f"{v:.0f} bedrooms, as in", "it has the right bedrooms"),),
    "baths": (
        _Number("BathroomsTotalDecimal", _by(0.25), lambda v: f"{v:g} baths, about as in", "it has enough bathrooms"),
        _Number("BathroomsTotalInteger", _by(0.0), lambda v: f"{v:.0f} baths, as in", "it has enough bathrooms"),
    ),
    "age": (
        _Number("YearBuilt", _by(10.0), lambda v: f"built in {v:.0f}, within 10 years of", "it is of the right age"),
    ),
    "lot": (
        _Number(
            "LotSizeSquareFeet", _within(0.25), lambda v: f"lot of {v:,.0f} sq ft, within 25 % of", "the lot is right"
        ),
    ),
    "stories": tuple(
        _Number(name, _by(0.0), lambda v: f"{v:g} storeys, as in", "it has the right layout")
        for name in ("StoriesTotal", "Stories")
    ),
    "condition": (
        _Number("KC_Condition", _by(0.0), lambda v: f"condition {v:.0f} of 5, as in", "it is in good shape"),
    ),
    "quality": (
        _Number("KC_Grade", _by(0.0), lambda v: f"construction grade {v:.0f} of 13, as in", "it is well built"),
    ),
    "view": (
        _Number("KC_View", _by(0.0), lambda v: f"view rated {v:.0f} of 4, as in", "it has the right outlook"),
        _flag("ViewYN", "a view", "it has the right outlook"),
    ),
    "waterfront": (_flag("WaterfrontYN", "on the water", "it is in the right setting"),),
    "parking": (_Number("GarageSpaces", _by(0.0), lambda v: f"{v:.0f} garage spaces, as in", "the parking fits"),),
    "pool": (_flag("PoolPrivateYN", "a pool", "it has the right outdoors"),),
    "new": (_flag("NewConstructionYN", "newly built", "it is of the right age"),),
}


def _spoken_of(kind: str, facts: Facts) -> _Number | None:
    """How a numeric attribute of this home is spoken of, None if it has none of that kind."""
    numbers = _NUMBERS.get(kind)
    for number in (_plain_number(kind),) if numbers is None else numbers:
        if math.isfinite(facts.number(number.attribute)):
            return number
    return None


@cache
def _plain_number(kind: str) -> _Number:
    return _Number(kind, _by(0.0), lambda v: f"{_name(kind)} {v:g}, as in", "it fits in other ways too")


def _number(kind: str, number: _Number, share: float, facts: Facts, shopper: Shopper) -> Reason:
    value = facts.number(number.attribute)
    attributes = {number.attribute: _plain(value)}
    others = shopper.liked.prices if kind == "price" else shopper.liked.values(facts.market, number.attribute)
    alike = number.alike(value, others)
    if np.count_nonzero(alike):
        text = f"{number.text(value)} {_share_of(alike)} looked at"
        return Reason(kind, share, text, number.say, _events(facts, shopper.liked, alike), attributes)
    if np.isfinite(others).any():
        nearest = np.arange(len(others)) == np.nanargmin(np.abs(others - value))
        text = f"{_name(kind)} {value:,.0f}; the nearest looked at had {float(others[nearest][0]):,.0f}"
        return Reason(kind, share, text, number.say, _events(facts, shopper.liked, nearest), attributes)
    return _unlike(kind, share, shopper.passed, f"its {_name(kind)} ({value:,.0f})", attributes)


def _category(kind: str, share: float, facts: Facts, shopper: Shopper) -> Reason:
    """Any other attribute: the homes looked at that have the same value of it."""
    for name in _CATEGORIES.get(kind, (kind,)):
        category = facts.market.categories.get(name)
        code = -1 if category is None else int(category.codes[facts.row])
        if category is None or code < 0:
            continue
        liked = shopper.liked.rows
        same = (liked >= 0) & (category.codes[liked] == code)
        label = category.labels.ids[code]
        if np.count_nonzero(same):
            text = f"{label}, as {_share_of(same)} looked at"
            return Reason(
                kind,
                share,
                text,
                "it is the kind of home that fits",
                _events(facts, shopper.liked, same),
                {name: label},
            )
        return _unlike(kind, share, shopper.passed, f"its {_name(kind)} ({label})", {name: label})
    return _unlike(kind, share, shopper.passed, f"its {_name(kind)}", {})


_CATEGORIES: Final[dict[str, tuple[str, ...]]] = {
    "type": ("PropertySubType", "PropertyType"),
    "location": ("City", "MLSAreaMajor", "PostalCode"),
}


def _unlike(kind: str, share: float, passed: Acts, what: str, attributes: Mapping[str, object]) -> Reason:
    if len(passed):
        text = f"{what} sets it apart from {_count(len(passed), 'home')} passed on"
        return Reason(kind, share, text, "it is different from what did not fit", passed.event_ids, attributes)
    return Reason(kind, share, f"{what}, as the model weighs it for everybody", "it is a sound choice", (), attributes)


def _kilometres(facts: Facts, acts: Acts) -> NDArray[np.float64]:
    """Distance of the home from each act's home on a local flat map, NaN where a place is unknown."""
    north = (acts.values(facts.market, "Latitude") - facts.number("Latitude")) * 111.2
    east = (acts.values(facts.market, "Longitude") - facts.number("Longitude")) * 111.2
    away: NDArray[np.float64] = np.hypot(north, east * np.cos(np.radians(facts.number("Latitude"))))
    return away


def _events(facts: Facts, acts: Acts, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    """The acts on the chosen homes, that which holds up the score most first, at most 50 of them."""
    order = facts.by_pull(acts.property_ids)
    ids = acts.event_ids
    return tuple([ids[place] for place in order[chosen[order]][:_MOST_EVENTS].tolist()])


def _share_of(hits: NDArray[np.bool_]) -> str:
    found, size = int(np.count_nonzero(hits)), len(hits)
    return "the one home" if size == 1 else f"{found} of the {size} homes"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _name(kind: str) -> str:
    return kind.replace("_", " ")


def _plain(value: float) -> float | int | None:
    """A number as JSON should show it: whole ones without a decimal, none for NaN."""
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) else float(value)
