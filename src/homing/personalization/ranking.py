"""From the homes that may be shown to the list: what may be shown, what is worth ranking, and the choice among it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import UnknownId
from homing.interfaces import Stage
from homing.market.snapshot import MarketSnapshot
from homing.models.query import Codes
from homing.personalization.areas import opened_up
from homing.personalization.ask import Ask
from homing.personalization.candidates import Candidates, candidates
from homing.personalization.diversity import diverse
from homing.personalization.passes import taken
from homing.personalization.returned import Change
from homing.personalization.serving import Serving
from homing.personalization.shopper import Shopper
from homing.personalization.sources import nominated

__all__ = ["Ranked", "open_to", "ranked_homes", "stage"]

_RANKED_DEEP: Final = 20


@dataclass(frozen=True, slots=True)
class Ranked:
    """Chosen homes: snapshot rows and their scores, best first, what is news about some of them, and the steps there.

    A score is the model's, what news adds to it, less what passes on homes like it take.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    news: Mapping[int, Change]
    trace: tuple[Stage, ...]

    @property
    def of_the_model(self) -> NDArray[np.float64]:
        """The scores without what news adds."""
        return self.scores - _added(self.rows, self.news)


def open_to(serving: Serving, who: Shopper, ask: Ask, news: Mapping[int, Change]) -> Candidates:
    """The homes that may be shown, of those asked for; what is news of a home seen before lets it be shown again."""
    market, unknown = serving.market, 0
    among: NDArray[np.int64] | None = None
    if ask.candidates is not None:
        among = market.ids.codes(list(dict.fromkeys(ask.candidates)))
        unknown = int(np.count_nonzero(among < 0))
        if unknown and not ask.rank_all:
            strangers = [name for name in ask.candidates if name not in market.ids]
            raise UnknownId.of("property_id", "be in the catalogue", strangers[0] if unknown == 1 else strangers)
        among = among[among >= 0]
    if ask.whatever_its_state and among is not None:
        return Candidates(among, {})
    seen = np.empty(0, np.int64) if ask.rank_all else who.seen[~np.isin(who.seen, list(news))] if news else who.seen
    asked = None if ask.where is None else ask.where.rows(market)
    if ask.exclude:
        others = ~np.isin(np.arange(len(market)), market.ids.codes(sorted(ask.exclude)))
        asked = others if asked is None else asked & others
    found = candidates(market, who.limits, dismissed=who.dismissed, seen=seen, among=among, asked=asked)
    return Candidates(found.rows, {"unknown": unknown, **found.removed}) if unknown else found


def ranked_homes(serving: Serving, who: Shopper, allowed: Candidates, ask: Ask, news: Mapping[int, Change]) -> Ranked:
    """Score the homes worth it, keep the best, and see to it that they are not all alike, unless all were asked for.

    Of all that may be shown, `sources` say which are worth it; of homes that the caller named, all are. Nor are they
    all of the areas that stand first: one place in five is open to other areas within the limits.
    """
    first = Stage("candidates", len(allowed.rows), allowed.removed, _counted(allowed.rows, news))
    if ask.rank_all:
        rows, scores = allowed.rows, _scores(serving, who, allowed.rows, news)
        order = np.lexsort((rows, -scores))
        return Ranked(rows[order], scores[order], news, (first,))
    rows = allowed.rows
    if ask.candidates is None:
        rows = nominated(serving, who, rows, ask.k, news, brief=ask.brief).rows
    scores = _scores(serving, who, rows, news)
    named = stage("sources", len(rows), not_nominated=len(allowed.rows) - len(rows))
    if not ask.diverse:
        best = np.lexsort((rows, -scores))[: ask.k]
        chosen = stage("chosen", len(best), beyond_k=len(rows) - len(best))
        return Ranked(rows[best], scores[best], news, (first, named, chosen))
    return _chosen(serving, rows, scores, ask.k, news, (first, named))


def _scores(serving: Serving, who: Shopper, rows: NDArray[np.int64], news: Mapping[int, Change]) -> NDArray[np.float64]:
    """The model's score of each home, what news adds to it, less what passes on homes like it take."""
    scores = serving.model.score(who.query, Codes(serving.codes[rows])).astype(np.float64) + _added(rows, news)
    return scores - taken(serving.market, who.passes, rows, who.query.as_of or 0)


def _chosen(
    serving: Serving,
    rows: NDArray[np.int64],
    scores: NDArray[np.float64],
    k: int,
    news: Mapping[int, Change],
    before: tuple[Stage, ...],
) -> Ranked:
    """The list of k out of homes with their scores."""
    deep = min(len(rows), _RANKED_DEEP * k)
    order = np.lexsort((rows, -scores))[:deep]
    reserved = _reserved(rows, scores, news, k)
    listed = np.zeros(len(rows), dtype=np.bool_)
    if reserved.size:
        listed[order] = True
        order = np.append(order, reserved[~listed[reserved]])
        order = order[np.lexsort((rows[order], -scores[order]))]
        listed[:] = False
        listed[reserved] = True
    others = order[~listed[order]]
    price, latitude, longitude = (
        _column(serving.market, name, rows) for name in ("ListPrice", "Latitude", "Longitude")
    )
    chosen, alike = diverse(others, k - len(reserved), price=price, latitude=latitude, longitude=longitude)
    listed[chosen] = True
    by_score = order[listed[order]]
    chosen = opened_up(serving.area[rows], rows, scores, by_score, reserved)
    made_way = len(by_score) - int(np.count_nonzero(listed[chosen]))
    listed[order] = True
    ranked = len(order) + int(np.count_nonzero(~listed[chosen]))
    alike = min(alike, ranked - len(chosen) - made_way)
    trace = (
        *before,
        stage("ranked", ranked, lower_score=len(rows) - ranked),
        stage(
            "chosen", len(chosen), too_alike=alike, made_way_for_other_areas=made_way,
            beyond_k=ranked - len(chosen) - alike - made_way,
        ),
    )  # fmt: skip
    return Ranked(rows[chosen], scores[chosen], news, trace)


def _reserved(
    rows: NDArray[np.int64], scores: NDArray[np.float64], news: Mapping[int, Change], k: int
) -> NDArray[np.int64]:
    """Places in `rows` of the best homes with news: a third of a list is reserved to them, one of a list of two."""
    seats = max(k // 3, min(1, k - 1))
    if not news:
        return np.empty(0, np.int64)
    places = np.flatnonzero(np.isin(rows, list(news)))
    return places[np.lexsort((rows[places], -scores[places]))][:seats]


def _counted(rows: NDArray[np.int64], news: Mapping[int, Change]) -> dict[str, int]:
    """How many homes there is news of, by what is news."""
    told = rows[np.isin(rows, list(news))].tolist() if news else ()
    return dict(sorted(Counter(kind for row in told for kind in news[row].parts()).items()))


def _added(rows: NDArray[np.int64], news: Mapping[int, Change]) -> NDArray[np.float64]:
    """What news adds to the score of each home."""
    added = np.zeros(len(rows))
    for row, change in news.items():
        added[rows == row] = sum(change.parts().values())
    return added


def stage(name: str, kept: int, **removed: int) -> Stage:
    """A step of the trace; reasons that removed no home are left out."""
    return Stage(name, kept, {reason: count for reason, count in removed.items() if count})


def _column(market: MarketSnapshot, name: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    column = market.numbers.get(name)
    return np.full(len(rows), np.nan) if column is None else column[rows]
