"""One visit to the site: search, pages of results, homes opened by random utility, saved, shared or passed on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import MINUTE, SECOND
from homing.event_types import EventType
from homing.simulation import constants as c
from homing.simulation.judgement import Judgement, judged, pass_reason
from homing.simulation.results import Filters, Page, filters_of, results_page
from homing.simulation.world import Look, Search, World, Worth

__all__ = ["Plan", "Visit", "finish", "go_on", "hours_of_day", "noise_scale", "pulls", "short_visit", "visit"]

_DEVICES, _DEVICE_SHARES = tuple(c.DEVICES), np.array(tuple(c.DEVICES.values()))


@dataclass(slots=True)
class Visit:
    """One visit of one lead while it lasts; `clock` moves forward."""

    search: Search
    lead: str
    partner: int
    session_id: str
    device: str
    began: int
    clock: int
    pages: int = 0
    homes: int = 0

    @property
    def ids(self) -> dict[str, str]:
        """What every event of the visit carries."""
        return {"session_id": self.session_id, "device_type": self.device}

    def wait(self, seconds: float) -> int:
        """Let time pass; returns the present moment."""
        self.clock += round(seconds) * SECOND
        return self.clock


@dataclass(frozen=True, slots=True)
class Plan:
    """What a visit was begun with: its filters, how many pages, whether the first is logged; and the homes shown."""

    filters: Filters
    pages: int
    logged: bool
    shown: set[int] = field(default_factory=set)


def visit(world: World, search: Search, lead: str, partner: int, at: int, referrer: str = "direct") -> Visit:
    """A visit from its start to the last home looked at; whoever calls it must `finish` it."""
    draw = search.draw
    search.visits += 1
    device = str(draw.choice(_DEVICES, p=_DEVICE_SHARES))
    now = Visit(search, lead, partner, f"{lead}-visit-{search.visits:04d}", device, at, at)
    world.log.add(at, EventType.SESSION_START, lead, data={"referrer": referrer}, ids=now.ids)
    filters = filters_of(search.household.taste, draw)
    logged = draw.random() < c.LOGGED_SLATES
    pages = c.PAGES[search.intent] + int(draw.poisson(0.5))
    _look_around(world, now, Plan(filters, pages, logged=logged), 0)
    return now


def go_on(world: World, now: Visit, plan: Plan, look: Look) -> None:
    """The rest of a visit from a page on that has come up and was not looked through yet."""
    _look_through(world, now, look)
    _look_around(world, now, plan, look.number + 1)


def _look_around(world: World, now: Visit, plan: Plan, first: int) -> None:
    """The pages of a visit from number `first` on, and saved homes afterwards."""
    search = now.search
    for number in range(first, plan.pages):
        look = _next_page(world, now, plan, number)
        if look.logged and world.witness is not None:
            world.witness(world, now, plan, look)
        opened, whole = _look_through(world, now, look)
        if search.looks is not None:
            search.looks.append(replace(look, opened=opened, whole=whole))
    _return_to_saved(world, now)


def _next_page(world: World, now: Visit, plan: Plan, number: int) -> Look:
    """A page comes up, and is logged if it is to be."""
    search, filters = now.search, plan.filters
    page = results_page(world, filters, search.draw, now.clock, plan.shown)
    _announce(world, now, filters, page, number)
    logged = plan.logged and number == 0
    if logged:
        _log_page(world, now, page)
    plan.shown.update(int(row) for row in page.rows)
    return Look(
        at=now.clock,
        number=number,
        views=search.views,
        rows=page.rows,
        opened=np.zeros(len(page.rows), dtype=np.bool_),
        again=np.array([int(row) in search.opened for row in page.rows], dtype=np.bool_),
        passed=np.array([int(row) in search.passed for row in page.rows], dtype=np.bool_),
        filters=filters.payload(world),
        logged=logged,
        whole=True,
    )


def short_visit(world: World, search: Search, lead: str, row: int, at: int) -> None:
    """A visit that comes from a link in an e-mail and ends with the one home."""
    search.visits += 1
    now = Visit(search, lead, 0, f"{lead}-visit-{search.visits:04d}", "mobile", at, at)
    world.log.add(at, EventType.SESSION_START, lead, data={"referrer": "email"}, ids=now.ids)
    now.wait(2)
    opens(world, now, row, "email")
    finish(world, now)


def opens(world: World, now: Visit, row: int, source: str, known: Worth | None = None) -> Judgement | None:
    """The lead opens a home's page and does there what it does; None if the home has just gone."""
    search, draw = now.search, now.search.draw
    dwell = max(3.0, float(np.exp(np.log(c.DWELL_SECONDS) + c.DWELL_SPREAD * draw.standard_normal())))
    found = judged(world, search, row, now.clock, known)
    dwell = round(min(1_800.0, dwell * float(np.exp(0.25 * np.clip(found.liking, -2.0, 2.0)))), 1)
    over = now.clock - now.began > c.LONGEST_VISIT_MINUTES * MINUTE
    if over or not world.life.is_active(row, now.clock + int(dwell + 40) * SECOND):
        return None
    ids = {"property_id": world.home_id(row), **now.ids}
    data = {"view_duration_seconds": dwell, "page_source": source}
    world.log.add(now.clock, EventType.PROPERTY_VIEW, now.lead, data=data, ids=ids)
    now.homes += 1
    search.views += 1
    search.opened[row] = search.opened.get(row, 0) + 1
    search.best = max(search.best, found.worth) if found.fits else search.best
    now.wait(dwell)
    _react(world, now, row, found, ids)
    now.wait(2 + int(draw.integers(0, 15)))
    return found


def _react(world: World, now: Visit, row: int, found: Judgement, ids: dict[str, str]) -> None:
    search, draw, bars = now.search, now.search.draw, now.search.household.bars
    chance = draw.random(6)
    if chance[0] < 0.15 + 0.45 * (found.liking > 0):
        seen = int(draw.integers(3, 25))
        world.log.add(
            now.clock, EventType.PHOTOS_VIEWED, now.lead, ids=ids, data={"photos_seen": seen, "photos_total": 25}
        )
    if (
        found.fits
        and found.thought > bars["save"]
        and chance[1] < c.SAVE_CHANCE
        and (now.lead, row) not in search.saved_by
    ):
        search.saved_by.add((now.lead, row))
        search.saved[row] = found.thought
        search.passed.discard(row)
        world.log.add(now.wait(2), EventType.PROPERTY_SAVE, now.lead, data={"save_type": "favorite"}, ids=ids)
    elif found.fits and found.thought > bars["like"] and chance[2] < c.LIKE_CHANCE:
        world.log.add(now.wait(2), EventType.PROPERTY_LIKE, now.lead, ids=ids)
    if found.fits and found.thought > bars["share"] and chance[3] < c.SHARE_CHANCE and search.household.partners == 2:
        method = str(draw.choice(("sms", "email", "link")))
        world.log.add(now.wait(6), EventType.PROPERTY_SHARE, now.lead, data={"share_method": method}, ids=ids)
    if found.fits and found.thought > bars["share"] and chance[5] < 0.06:
        world.log.add(now.wait(3), EventType.DIRECTIONS_CLICKED, now.lead, ids=ids)
    unwanted = not found.fits or found.thought < bars["pass"]
    if unwanted and chance[4] < c.PASS_CHANCE and row not in search.passed:
        search.passed.add(row)
        search.saved.pop(row, None)
        reason = pass_reason(world.homes, search.household, row, found)
        world.log.add(now.wait(2), EventType.PROPERTY_DISLIKE, now.lead, data={"reason": reason}, ids=ids)


def _look_through(world: World, now: Visit, page: Look) -> tuple[NDArray[np.bool_], bool]:
    """Open the homes of a page whose utility, noise and place beat that of opening nothing (Plackett-Luce).

    Returns which were opened, and whether all that it wanted to open could be.
    """
    if not len(page.rows):
        return page.opened, True
    search, opened = now.search, page.opened.copy()
    worth = world.worth(search, page.rows, now.clock, now.partner)
    pull, nothing = pulls(search, worth.own, page.again)
    chosen = np.flatnonzero((pull > nothing) & ~page.passed)
    chosen = np.sort(chosen[np.argsort(-pull[chosen], kind="stable")][: c.MOST_OPENED])
    for place in chosen:
        now.wait(3 + int(search.draw.integers(0, 20)))
        found = opens(world, now, int(page.rows[place]), "search_results", worth.only(int(place)))
        opened[place] = found is not None
    return opened, bool(opened[chosen].all())


def pulls(search: Search, own: NDArray[np.float64], again: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """How much each home of a page pulls, (n,), and opening nothing: utility, place and chance (Gumbel).

    `own` is what the homes are worth to the partner who looks, `again` which of them it has opened before.
    """
    scale = noise_scale(search)
    place = np.log(np.arange(1, len(own) + 1))
    pull = own - search.household.bars["reference"] - c.POSITION_BIAS * place - c.SEEN_AGAIN * again
    chance = scale * search.draw.gumbel(size=len(own) + 1)
    return pull + chance[:-1], c.OUTSIDE + float(chance[-1])


def noise_scale(search: Search) -> float:
    """How loud chance is beside taste: falls with every home the household has opened."""
    return 1.0 + c.NOISE_START * float(np.exp(-search.views / c.NOISE_VIEWS))


def _return_to_saved(world: World, now: Visit) -> None:
    """Look once more at up to two saved homes that are still for sale, those liked best."""
    search = now.search
    if not search.saved or search.draw.random() > c.REVISIT:
        return
    for row in sorted(search.saved, key=lambda row: (-search.saved[row], row))[:2]:
        if world.life.is_active(row, now.clock):
            now.wait(4 + int(search.draw.integers(0, 20)))
            opens(world, now, row, "saved_homes")


def _announce(world: World, now: Visit, filters: Filters, page: Page, number: int) -> None:
    """The search as the site logs it."""
    draw = now.search.draw
    at = now.wait(c.PAGE_SECONDS * float(np.exp(0.5 * draw.standard_normal())))
    now.pages += 1
    if number == 0:
        data = {"search_filters": filters.payload(world), "results_count": page.found}
        world.log.add(at, EventType.SEARCH_QUERY, now.lead, data=data, ids=now.ids)
    elif draw.random() < 0.35:
        data = {
            "filter_type": "price_max",
            "filter_value": {"price_max": filters.price_max},
            "new_results_count": page.found,
        }
        world.log.add(at, EventType.FILTER_APPLIED, now.lead, data=data, ids=now.ids)
    elif draw.random() < 0.3:
        world.log.add(at, EventType.PAGE_VIEW, now.lead, data={"page_title": "search results"}, ids=now.ids)
    search = now.search
    if search.household.saves_search and not search.search_saved and search.visits >= 2:
        search.search_saved = True
        data = {"search_filters": filters.payload(world), "alert_frequency": "twice a week"}
        world.log.add(now.wait(5), EventType.SEARCH_SAVED, now.lead, data=data, ids=now.ids)
        world.later(now.clock + int(c.ALERT_EVERY_DAYS * 86_400) * SECOND, "alert", search, now.lead)


def _log_page(world: World, now: Visit, page: Page) -> None:
    """Each home of the page as shown, with its place and its chance of being drawn."""
    for rank, (row, chance) in enumerate(zip(page.rows, page.propensity, strict=True), 1):
        data = {"rank": rank, "propensity": round(float(chance), 6)}
        ids = {"property_id": world.home_id(int(row)), **now.ids}
        world.log.add(now.clock, EventType.RECOMMENDATION_SHOWN, now.lead, data=data, ids=ids)


def finish(world: World, now: Visit) -> None:
    """The lead leaves the site."""
    at = now.wait(5 + int(now.search.draw.integers(0, 60)))
    data = {
        "session_duration_seconds": (at - now.began) // SECOND,
        "total_page_views": now.pages,
        "total_property_views": now.homes,
    }
    world.log.add(at, EventType.SESSION_END, now.lead, data=data, ids=now.ids)
    now.search.busy_until = at


def hours_of_day(shift: float) -> NDArray[np.float64]:
    """The chance of each local hour for a visit, moved by a household's habit."""
    hours = np.roll(np.array(c.LOCAL_HOURS), round(shift))
    chance: NDArray[np.float64] = hours / hours.sum()
    return chance
