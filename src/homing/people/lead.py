"""A lead as the brokerage describes it: zone, limits, answers and consent; who the person is, homing does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homing.core.errors import BadInput
from homing.people.reading import Reading
from homing.trust.denied import DENIED, Denied

__all__ = ["ANSWERS", "CHANNELS", "CONSENTS", "Lead", "Limits", "lead_from", "lead_row"]

ANSWERS: Final = ("budget", "location", "timeline", "needs", "financing", "motivation", "home_condition")
"""The seven questions a lead may have answered."""
CHANNELS: Final = ("sms", "email", "call", "chat", "whatsapp", "other")
CONSENTS: Final = ("granted", "revoked", "unknown")
_KEYS: Final = (
    "lead_id", "time_zone", "state", "area_code", "stage", "agent_id", "household_id", "limits", "answers", "consent",
)  # fmt: skip
_LIMITS: Final = ("price_max", "price_min", "bedrooms_min", "areas", "types")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a lead will not go beyond: USD, bedrooms, and the names of areas and of property types (none: any)."""

    price_max: float | None = None
    price_min: float | None = None
    bedrooms_min: float | None = None
    areas: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One lead. What is None or empty is unknown; a channel without consent named is `unknown`.

    >>> lead = lead_from({"lead_id": "l1", "time_zone": "America/Los_Angeles", "limits": {"price_max": 600000}})
    >>> lead.limits.price_max, lead.allows("sms")
    (600000.0, 'unknown')
    """

    lead_id: str
    time_zone: str | None = None
    state: str | None = None
    area_code: str | None = None
    stage: str | None = None
    agent_id: str | None = None
    household_id: str | None = None
    limits: Limits = Limits()
    answers: Mapping[str, Any] = field(default_factory=dict)
    consent: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = field(default=(), compare=False, repr=False)
    reach: tuple[tuple[str, str | int], ...] = field(default=(), compare=False, repr=False)
    """What the lead can be found by again, such as ("email", text): only a keyed hash of it is ever stored."""

    def allows(self, channel: str) -> str:
        """What the lead said of a channel: granted, revoked or unknown."""
        return self.consent.get(channel, "unknown")


def lead_from(row: Mapping[str, Any], where: str = "", denied: Denied = DENIED) -> Lead:
    """The lead a row describes; `BadInput` with every fault. What is denied is left out and named in `dropped`."""
    if not isinstance(row, Mapping):
        raise BadInput.of(where or "lead", "be an object with lead_id", row)
    reading = Reading(row, _KEYS, denied=denied)
    limits = reading.under("limits", _LIMITS)
    lead = Lead(
        lead_id=reading.id("lead_id", required=True) or "",
        time_zone=reading.zone("time_zone"),
        state=reading.text("state"),
        area_code=reading.digits("area_code"),
        stage=reading.text("stage"),
        agent_id=reading.id("agent_id"),
        household_id=reading.id("household_id"),
        limits=Limits(
            price_max=limits.number("price_max", above=0),
            price_min=limits.number("price_min", low=0),
            bedrooms_min=limits.number("bedrooms_min", low=0),
            areas=limits.texts("areas"),
            types=limits.texts("types"),
        ),
        answers=reading.under("answers", ANSWERS).items(),
        consent=reading.choices("consent", CHANNELS, CONSENTS),
        dropped=tuple(reading.dropped),
        reach=reading.reach,
    )
    reading.check(where)
    return lead


def lead_row(lead: Lead) -> dict[str, Any]:
    """The lead as a row of a file, without what is unknown.

    >>> lead_row(Lead(lead_id="l1", limits=Limits(areas=("98112",))))
    {'lead_id': 'l1', 'limits': {'areas': ['98112']}}
    """
    limits = {
        name: _plain(getattr(lead.limits, name)) for name in _LIMITS if getattr(lead.limits, name) not in {None, ()}
    }
    row = {name: getattr(lead, name) for name in _KEYS if name not in {"limits", "answers", "consent"}}
    row |= {"limits": limits, "answers": dict(lead.answers), "consent": dict(lead.consent)}
    return {name: value for name, value in row.items() if value not in (None, {})}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
