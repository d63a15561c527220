"""What is known of a simulated lead without knowing its taste: what it told, the pages it saw, what it opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from homing.core.clock import format_moment
from homing.simulation.homes import Homes
from homing.simulation.world import Look

__all__ = ["Evidence", "Known", "Opened", "Seen", "evidence_of"]

REACTIONS: Final = (
    *("photos_viewed", "property_save", "property_like", "property_share", "directions_clicked", "property_dislike"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a lead told: its budget, bedrooms and areas (None: not told), and whether it insists on them."""

    budget: float
    beds: int | None
    beds_hard: bool
    areas: tuple[int, ...] | None
    areas_hard: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as far as it was looked through: its `look`, and the places opened by now, in order.

    `upto` is one more than the last place that is decided: all of them, once the household went on.
    """

    look: Look
    opened: tuple[int, ...]
    upto: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A home that a lead opened: its row, after how many others, from which page (None: from those it saved).

    `dwell` seconds on it, what it `did` there, the reason of a pass, whether it may still save or pass it, and whether
    it is `done` with it.
    """

    row: int
    before: int
    page: int | None
    dwell: float
    did: frozenset[str]
    reason: str | None
    may_save: bool
    may_pass: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a lead by now; `changed` once it wants something else than it wanted at first."""

    known: Known
    pages: tuple[Seen, ...] = ()
    opened: tuple[Opened, ...] = ()
    changed: bool = False


def evidence_of(
    known: Known,
    events: Sequence[Mapping[str, Any]],
    looks: Sequence[Look],
    homes: Homes,
    *,
    since: tuple[int, int] = (0, 0),
) -> Evidence:
    """What the events of a lead say, which looked through these pages; its searches tell areas and bedrooms.

    `since` says how many events and pages came before it changed: only what followed counts.
    """
    opened = _opened(events, homes)
    by_page = [one for one in opened if one[1]["event_data"]["page_source"] == "search_results"]
    pages: list[Seen] = []
    pages_of: dict[int, int] = {}
    last = str(events[-1]["timestamp"]) if events else ""
    for number, look in enumerate(looks):
        places = np.flatnonzero(look.opened)
        here, by_page = by_page[: len(places)], by_page[len(places) :]
        if not events or (not here and _moment(look) > last):
            break
        pages_of |= {place: number for place, _ in here}
        cut = len(here) < len(places) or not look.whole
        upto = (int(places[len(here) - 1]) + 1 if here else 0) if cut else len(look.rows)
        pages.append(Seen(look, tuple(places[: len(here)].tolist()), upto))
    found = _reacted(opened, events, homes, pages_of, since[1])
    for look in looks[: len(pages)]:
        known = _told(known, look.filters, homes)
    first = sum(1 for place, _ in opened if place < since[0])
    return Evidence(known, tuple(pages[since[1] :]), tuple(found[first:]), changed=since != (0, 0))


def _moment(look: Look) -> str:
    return format_moment(look.at)


def _told(known: Known, filters: Mapping[str, Any], homes: Homes) -> Known:
    areas = filters.get("areas")
    return replace(
        known,
        areas=known.areas if areas is None else tuple(homes.areas.codes(areas).tolist()),
        beds=filters.get("bedrooms_min", known.beds),
    )


def _opened(events: Sequence[Mapping[str, Any]], homes: Homes) -> list[tuple[int, Mapping[str, Any]]]:
    return [(place, event) for place, event in enumerate(events) if event["event_type"] == "property_view"]


def _reacted(
    opened: Sequence[tuple[int, Mapping[str, Any]]],
    events: Sequence[Mapping[str, Any]],
    homes: Homes,
    pages_of: Mapping[int, int],
    pages_before: int,
) -> list[Opened]:
    """What followed each opening, up to the next."""
    found: list[Opened] = []
    saved: set[int] = set()
    passed: set[int] = set()
    for number, (place, view) in enumerate(opened):
        row = int(homes.ids.code(view["property_id"]))
        end = opened[number + 1][0] if number + 1 < len(opened) else len(events)
        mine = [event for event in events[place + 1 : end] if event.get("property_id") == view["property_id"]]
        mine = [event for event in mine if event["event_type"] in REACTIONS]
        did = frozenset(event["event_type"] for event in mine)
        reason = next(
            (event["event_data"]["reason"] for event in mine if "reason" in event.get("event_data", {})), None
        )
        page = pages_of.get(place)
        found.append(
            Opened(
                row=row,
                before=number,
                page=None if page is None else page - pages_before,
                dwell=float(view["event_data"]["view_duration_seconds"]),
                did=did,
                reason=reason,
                may_save=row not in saved,
                may_pass=row not in passed,
                done=number + 1 < len(opened),
            )
        )
        if "property_save" in did:
            saved.add(row)
            passed.discard(row)
        if "property_dislike" in did:
            passed.add(row)
    return found
