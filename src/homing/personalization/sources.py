"""Where the homes come from that are ranked for a lead: each source names its best, and the union of them is scored."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.jit import fast_kernel, kernel
from homing.models.online_learning import OnlineLearningModel
from homing.models.parts import part_scores
from homing.models.pasts import Past
from homing.models.query import Codes, Query
from homing.models.top import Scores, top
from homing.personalization.areas import places_for_other_areas
from homing.personalization.cohort import cohort_likes
from homing.personalization.serving import Serving
from homing.personalization.shopper import Shopper

__all__ = ["BEST", "Nominated", "fewest", "most", "nominated"]

BEST: Final[Mapping[str, int]] = MappingProxyType(
    {
        "blend": 250,
        "collaborative": 50,
        "item_item": 40,
        "ease": 40,
        "slim": 40,
        "item_knn": 40,
        "sequence": 40,
        "content": 60,
        "online": 60,
        "popularity": 40,
        "recency": 40,
        "price_cut": 40,
        "new_in_area": 40,
        "got_away": 40,
        "cohort": 40,
        "exploration": 20,
    }
)
"""How many homes each source names at most. All news is named besides, and what the floor for other areas may need."""

CUT_WITHIN: Final = 14 * DAY
NEW_WITHIN: Final = 7 * DAY

_FEWEST, _MOST = 200, 400
_A_PLACE: Final = (8, 16)
_AROUND: Final = 0.1
_DRAWS: Final = 2
_DEEP: Final = (4_000,)
_TRIED: Final = 2_000
_AN_AREA: Final = 6
_NO_SPREAD: Final = 1e-12
_OF_LIKES: Final = frozenset({"item_item", "ease", "slim", "item_knn", "sequence", "popularity", "cohort"})
"""Sources that name no home of which they say 0 or less."""
_MUST: Final = ("news", "other_areas", "exploration")

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
_NONE: Final = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Nominated:
    """Rows of the market that are to be ranked, in order, and by source those that it named, best first."""

    rows: Rows
    by_source: Mapping[str, Rows]


def fewest(k: int) -> int:
    """At least so many homes are ranked for a list of k, if so many may be shown."""
    return max(_FEWEST, _A_PLACE[0] * k)


def most(k: int) -> int:
    """At most so many homes are ranked for a list of k, apart from news, exploration and the floor for other areas."""
    return max(_MOST, _A_PLACE[1] * k)


def nominated(
    serving: Serving, who: Shopper, rows: Rows, k: int, news: Collection[int] = (), *, brief: bool = False
) -> Nominated:
    """The homes worth ranking for a lead, out of `rows`, those that may be shown to it; the same whenever asked.

    Every model that speaks to the lead names what it scores highest, and `blend` what all of them do, each score
    divided by its spread. `price_cut`: the price was cut in the last 14 days and lies among those of homes liked, or
    within a stated limit. `new_in_area`: listed in the last 7 days in an area of homes liked or stated. `got_away`:
    like the homes liked that are gone, by content. `cohort`: liked by leads who liked the same homes, or else popular
    in the lead's own areas and price band. `exploration`: what may be best, by tastes drawn from what is known of the
    lead's. If no more than `most` may be shown, all are ranked. In `brief` only the blend names homes, besides news and
    the floor for other areas, which takes two thirds of the time.
    """
    if len(rows) <= most(k):
        return Nominated(rows, {})
    codes = Codes(serving.codes[rows])
    said, scores = _said(serving, Past.of(who.query, serving.model.items), codes.array)
    weights = serving.model.weights
    blend = _blend(scores, np.array([weights[name] for name in said]))
    order = top(blend, most(k))
    places = {} if brief else {name: _best(name, row) for name, row in zip(said, scores, strict=True) if name in BEST}
    places["blend"] = order[: BEST["blend"]]
    if not brief:
        popular = scores[said.index("popularity")] if "popularity" in said else None
        moment = who.query.as_of or 0
        places |= {
            "price_cut": _price_cut(serving, who, rows, moment),
            "new_in_area": _new_in_area(serving, who, rows, moment),
            "got_away": _got_away(serving, who, codes),
            "cohort": _cohort(serving, who, rows, popular),
            "exploration": _exploration(serving, who, codes, moment),
        }
    places |= {
        "other_areas": _of_other_areas(serving.area[rows], blend, order, k),
        "news": np.flatnonzero(np.isin(rows, list(news))) if news else _NONE,
    }
    union = _union(places, order, len(rows), k)
    return Nominated(rows[union], {name: rows[some] for name, some in places.items() if some.size})


def _said(serving: Serving, past: Past, codes: Rows) -> tuple[tuple[str, ...], Scores]:
    """The parts that say anything, and their scores, float32 (parts, n), NaN where one has nothing to say."""
    parts = dict(serving.model.parts)
    scores = np.empty((len(parts), codes.size), dtype=np.float32)
    for row, name in zip(scores, parts, strict=True):
        row[:] = part_scores(parts, name, past, codes)
    speaks = _speaks(scores)
    if speaks.all():
        return tuple(parts), scores
    return tuple(name for name, says in zip(parts, speaks.tolist(), strict=True) if says), scores[speaks]


@kernel
def _speaks(scores: Scores) -> NDArray[np.bool_]:
    """In which rows there is a number at all."""
    speaks = np.zeros(len(scores), dtype=np.bool_)
    for row in range(len(scores)):
        for score in scores[row]:
            if not np.isnan(score):
                speaks[row] = True
                break
    return speaks


@fast_kernel
def _blend(scores: Scores, weights: Floats) -> Scores:
    """What all parts say together, each in spreads from its mean, times its weight, float32 (n,) of (parts, n).

    Silence counts as the mean.
    """
    total = np.zeros(scores.shape[1], dtype=np.float32)
    for part in range(scores.shape[0]):
        said = scores[part]
        known, mean, square = 0.0, 0.0, 0.0
        for j in range(said.size):  # without a branch, so that it is done several at a time
            score = np.float64(said[j]) if abs(said[j]) < np.inf else 0.0
            known += 1.0 if abs(said[j]) < np.inf else 0.0
            mean += score
            square += score * score
        mean /= max(known, 1.0)
        variance = square / max(known, 1.0) - mean * mean
        if variance > _NO_SPREAD * mean * mean:
            scale, middle = np.float32(weights[part] / np.sqrt(variance)), np.float32(mean)
            for j in range(said.size):
                away = scale * (said[j] - middle)
                total[j] += away if abs(away) < np.inf else np.float32(0.0)
    return total


def _best(source: str, scores: Scores) -> Rows:
    """The places of the homes that a source names by their scores, NaN for none."""
    best = top(scores, BEST[source])
    return best[scores[best] > 0] if source in _OF_LIKES else best


def _band(who: Shopper) -> tuple[float, float]:
    """The prices that a lead has liked, 10 % to either side; NaN if none is known."""
    prices = who.liked.prices[who.liked.prices > 0]
    return ((1 - _AROUND) * float(prices.min()), (1 + _AROUND) * float(prices.max())) if prices.size else (np.nan,) * 2


def _price_cut(serving: Serving, who: Shopper, rows: Rows, moment: int) -> Rows:
    """Homes whose price was cut of late into what the lead likes or has stated, the newest cut first."""
    market, (low, high) = serving.market, _band(who)
    stated = who.limits is not None and (who.limits.price_max is not None or who.limits.price_min is not None)
    if not (low > 0 or stated):
        return _NONE
    cuts = serving.cuts
    late = np.flatnonzero((cuts.at > moment - CUT_WITHIN) & (cuts.at <= moment))
    late = late[np.append(np.diff(cuts.home[late]) != 0, True)[: late.size]]  # of each home the last
    price = market.numbers.get("ListPrice", np.full(len(market), np.nan))[cuts.home[late]]
    late = late[(price >= low) & (price <= high) if low > 0 else price > 0]
    late = late[np.argsort(-cuts.at[late], kind="stable")]
    return _places_in(rows, cuts.home[late])[: BEST["price_cut"]]


def _places_in(rows: Rows, some: Rows) -> Rows:
    """The places in `rows`, which ascend, of those of some homes that are there, in the order given."""
    places = np.minimum(np.searchsorted(rows, some), len(rows) - 1)
    found: Rows = places[rows[places] == some]
    return found


def _new_in_area(serving: Serving, who: Shopper, rows: Rows, moment: int) -> Rows:
    """Homes listed of late where the lead looks, newest first; anywhere, if it is not known where it looks."""
    homes, listed = serving.newest
    last, first = homes.size - np.searchsorted(listed[::-1], (moment - NEW_WITHIN, moment), side="right")
    late = homes[first:last]
    liked = _areas_liked(serving, who)
    if liked.any() and not (who.limits is not None and who.limits.areas):
        late = late[liked[serving.area[late]]]
    most, looked_at = BEST["new_in_area"], 0
    found = _NONE
    while found.size < most and looked_at < late.size:  # after an import all homes are new
        some = late[looked_at : looked_at + max(looked_at, 4 * most)]
        found = np.append(found, _places_in(rows, some))
        looked_at += some.size
    return found[:most]


def _areas_liked(serving: Serving, who: Shopper) -> NDArray[np.bool_]:
    """Of each area whether a home liked is there; the last place is that of areas not known."""
    liked = np.zeros(serving.area.size + 1, dtype=np.bool_)
    liked[serving.area[who.liked.rows[who.liked.rows >= 0]]] = True
    liked[-1] = False
    return liked


def _got_away(serving: Serving, who: Shopper, codes: Codes) -> Rows:
    """Homes like those that the lead liked and that are no longer offered, by what content makes of these alone."""
    content, market = serving.model.parts.get("content"), serving.market
    known = np.flatnonzero(who.liked.rows >= 0)
    gone = known[~market.active[market.relisted.now[who.liked.rows[known]]]]
    if content is None or not gone.size:
        return _NONE
    names = {who.liked.property_ids[place] for place in gone.tolist()}
    return _best("got_away", content.score(_only(who.query, names), codes))


def _only(query: Query, names: Collection[str]) -> Query:
    """The part of a query that is about some homes, and in their favour."""
    kept = np.flatnonzero([name in names for name in query.properties] & (query.weights > 0))
    return replace(
        query,
        properties=[query.properties[place] for place in kept.tolist()],
        weights=query.weights[kept],
        at=None if query.at is None else query.at[kept],
        prices=None if query.prices is None else query.prices[kept],
        within=None,
    )


def _cohort(serving: Serving, who: Shopper, rows: Rows, popular: Scores | None) -> Rows:
    """Homes that leads with the same likes liked; without such leads what is popular where and as the lead looks."""
    model, codes = serving.model, serving.codes[rows]
    liked = model.items.codes(who.liked.property_ids)
    counts = cohort_likes(model.pasts, liked, who.lead_id, len(model.items))
    if counts is not None:
        return _best("cohort", counts[codes].astype(np.float32))
    if popular is None:
        return _NONE
    fits, (low, high), liked_in = popular > 0, _band(who), _areas_liked(serving, who)
    if low > 0:
        price = serving.market.numbers["ListPrice"][rows]
        fits &= (price >= low) & (price <= high)
    if liked_in.any():
        fits &= liked_in[serving.area[rows]]
    return _best("cohort", np.where(fits, popular, np.nan))


def _exploration(serving: Serving, who: Shopper, codes: Codes, moment: int) -> Rows:
    """Homes that would be best if the lead's taste were one that is still possible; another draw every day.

    Of more than 2,000 homes every second, third, … is looked at, others every day. Where no model knows what is
    possible, homes nobody acted on, drawn by chance.
    """
    seed = int.from_bytes(hashlib.blake2b(f"{who.lead_id}:{moment // DAY}".encode(), digest_size=8).digest(), "big")
    online = serving.model.parts.get("online")
    if isinstance(online, OnlineLearningModel):
        each, step = BEST["exploration"] // _DRAWS, -(-codes.array.size // _TRIED)
        first = seed % step
        drawn = online.score_by(online.draws(who.query, _DRAWS, seed), Codes(codes.array[first::step]))
        return first + step * np.unique(np.concatenate([top(scores, each) for scores in drawn]))
    unknown = np.flatnonzero(~serving.model.acted_[codes.array])
    return np.sort(np.random.default_rng(seed).permutation(unknown)[: BEST["exploration"]])


def _of_other_areas(area: Rows, blend: Scores, order: Rows, k: int) -> Rows:
    """Homes that keep the floor for other areas, whichever areas the better half of a list of k will be of.

    That half is of at most so many areas as it has places. So the floor holds with the best home of as many areas more
    as homes are wanted, or else with so many homes of every area. It looks among the best homes first, which are
    `order`.
    """
    wanted = places_for_other_areas(k)
    areas = -(-k // 2) + wanted
    for depth in (order.size, *(depth for depth in _DEEP if depth < blend.size), blend.size) if wanted else ():
        best = order if depth == order.size else top(blend, depth)
        best = best[area[best] >= 0]
        of = area[best]
        in_turn = np.argsort(of, kind="stable")
        sizes = np.bincount(of)
        place = np.empty(best.size, dtype=np.int64)
        place[in_turn] = np.arange(best.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        if np.count_nonzero(sizes) >= areas or depth == blend.size:
            first = np.zeros(sizes.size, dtype=np.bool_)
            first[of[place == 0][:areas]] = True
            return best[first[of] & (place < max(wanted, _AN_AREA))]
    return _NONE


def _union(places: Mapping[str, Rows], order: Rows, homes: int, k: int) -> Rows:
    """The places of all named homes in order: what must be there, then the best of each source in turn up to `most`.

    Fewer than `fewest` are filled up with the next of the blend, which are in `order`.
    """
    others = [some for name, some in places.items() if name not in _MUST]
    sizes = np.array([some.size for some in others])
    taken = _in_turn(np.concatenate(others), np.cumsum(sizes) - sizes, sizes, most(k), homes)
    for name in _MUST:
        taken[places.get(name, _NONE)] = True
    missing = fewest(k) - int(np.count_nonzero(taken))
    if missing > 0:
        taken[order[~taken[order]][:missing]] = True
    return np.flatnonzero(taken)


@kernel
def _in_turn(places: Rows, starts: Rows, sizes: Rows, most: int, homes: int) -> NDArray[np.bool_]:
    """Which of so many homes are taken, when sources name one after the other in turn until `most` are.

    Source s has `places[starts[s]:starts[s] + sizes[s]]`.
    """
    taken, count = np.zeros(homes, dtype=np.bool_), 0
    for turn in range(sizes.max()):
        for source in range(sizes.size):
            if turn < sizes[source] and count < most:
                place = places[starts[source] + turn]
                count += not taken[place]
                taken[place] = True
    return taken
