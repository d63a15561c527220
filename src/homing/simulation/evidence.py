"""What is known of a lead of the simulation without knowing its taste: what it told, and the homes it opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from homing.simulation.homes import Homes

__all__ = ["Evidence", "Known", "Opened", "evidence_of"]

_REACTIONS: Final = ("property_save", "property_like", "property_share", "property_dislike")


@dataclass(frozen=True, slots=True)
class Known:
    """What a lead told: its budget, the bedrooms it insists on (None: not told), the areas (None: not told)."""

    budget: float
    beds: int | None
    areas: tuple[int, ...] | None
    areas_hard: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A home that a lead opened: its row, how many it had opened before, whether it looked in the areas it told alone,
    what it did there, the reason of a pass, and whether it is `done` with it.
    """

    row: int
    price: float
    before: int
    in_areas: bool
    did: frozenset[str]
    reason: str | None
    done: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a lead: what it told, and the homes it opened, in order."""

    known: Known
    opened: tuple[Opened, ...] = ()


def evidence_of(
    known: Known, events: Sequence[Mapping[str, Any]], homes: Homes, prices: Mapping[int, float]
) -> Evidence:
    """What the events of a lead say, homes being at these prices; its searches tell areas and bedrooms."""
    found: list[Opened] = []
    seen: set[int] = set()
    opened, areas = 0, None
    for event in events:
        if event["event_type"] == "search_query":
            filters = event["event_data"]["search_filters"]
            areas = filters.get("areas")
            known = replace(
                known,
                areas=known.areas if areas is None else tuple(homes.areas.codes(areas).tolist()),
                beds=filters.get("bedrooms_min", known.beds),
            )
        if "property_id" not in event:
            continue
        row, kind = homes.ids.code(event["property_id"]), event["event_type"]
        if kind == "property_view":
            if found:
                found[-1] = replace(found[-1], done=True)
            if row not in seen:
                found.append(Opened(row, prices[row], opened, areas is not None, frozenset(), None, done=False))
            seen.add(row)
            opened += 1
        elif kind in _REACTIONS and found and found[-1].row == row:
            reason = event.get("event_data", {}).get("reason", found[-1].reason)
            found[-1] = replace(found[-1], did=found[-1].did | {kind}, reason=reason)
    return Evidence(known, tuple(found))
