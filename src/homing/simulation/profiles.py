"""The rows of a simulated market's people: what leads told us (always true), agents, and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from homing.simulation import constants as c
from homing.simulation.agents import TIME_ZONE, Agent
from homing.simulation.homes import ATTRIBUTES, Homes
from homing.simulation.taste import MUST_HAVES, NAMES
from homing.simulation.world import Search

__all__ = ["agent_row", "lead_rows", "truth_rows"]

Row = dict[str, object]

_AREA_CODES = ("206", "425", "253", "360")
_MOTIVES = {
    "first_time": "tired of renting",
    "move_up": "outgrew the present home",
    "relocating_family": "new job in town",
    "downsizer": "the house has become too large",
    "investor": "a place to let",
    "luxury": "a place by the water",
}
_TIMELINES = ("no hurry", "within a year", "within six months", "as soon as possible")


def lead_rows(homes: Homes, search: Search, seed: int) -> Iterator[Row]:
    """The profile of each lead of a household; limits are stated by some leads only, and are the household's own."""
    household = search.household
    for lead in household.leads:
        draw = np.random.default_rng([seed, 5, int(lead.rpartition("-")[2])])
        yield {
            "lead_id": lead,
            "time_zone": TIME_ZONE,
            "state": "WA",
            "area_code": str(draw.choice(_AREA_CODES)),
            "stage": search.stage,
            "agent_id": search.agent.agent_id,
            "household_id": household.household_id,
            "limits": _limits(homes, search, draw),
            "answers": _answers(search, draw),
            "consent": {
                channel: str(draw.choice(("granted", "unknown", "revoked"), p=(0.75, 0.2, 0.05)))
                for channel in ("sms", "email", "call")
            },
        }


def agent_row(agent: Agent) -> Row:
    """The profile of an agent."""
    return {
        "agent_id": agent.agent_id,
        "time_zone": TIME_ZONE,
        "hours": {"start": "08:00", "end": "20:00"},
        "capacity": agent.capacity,
    }


def truth_rows(homes: Homes, searches: list[Search], world: Row) -> Iterator[Row]:
    """The world, then every household, then what no field of a home holds; enough to compute every utility again."""
    yield {
        "kind": "world",
        "simulated": True,
        "constants": c.fingerprint(),
        **world,
        "attributes": list(NAMES),
        "standardised": {name: _scale(homes, name) for name in ATTRIBUTES},
        "must_haves": {name: list(rule) for name, rule in MUST_HAVES.items()},
        "disagreement": c.DISAGREEMENT,
    }
    for search in searches:
        yield _household_row(homes, search)
    for home_id, hidden in zip(homes.ids.ids, homes.hidden.tolist(), strict=True):
        yield {"kind": "home", "simulated": True, "property_id": home_id, "hidden": hidden}


def _household_row(homes: Homes, search: Search) -> Row:
    household, taste = search.household, search.household.taste
    return {
        "kind": "household",
        "simulated": True,
        "household_id": household.household_id,
        "leads": list(household.leads),
        "partners": household.partners,
        "segment": household.segment,
        "budget": taste.budget,
        "comfortable": taste.comfortable,
        "beds": taste.beds,
        "beds_hard": taste.beds_hard,
        "areas": [homes.areas.ids[area] for area in taste.areas],
        "areas_hard": taste.areas_hard,
        "must_haves": list(taste.must_haves),
        "wanted_size": taste.wanted_size,
        "anchors": taste.anchors.tolist(),
        "weights": taste.weights.tolist(),
        "say": taste.say,
        "bars": household.bars,
        "eligible": household.eligible,
        "intent_start": c.INTENTS[household.intent],
        "intent_end": c.INTENTS[search.intent],
        "pre_approved": search.pre_approved,
        "bought": search.bought,
        "views": search.views,
    }


def _scale(homes: Homes, name: str) -> Row:
    """How an attribute was standardised: z = (value or its logarithm - mean) / spread, within 4, 0 where absent."""
    column = np.log(homes.raw[name]) if name == "lot" else homes.raw[name]
    finite = column[np.isfinite(column)]
    if not len(finite):
        return {"fields": list(ATTRIBUTES[name]), "mean": None, "spread": None, "log": name == "lot"}
    return {
        "fields": list(ATTRIBUTES[name]),
        "mean": float(finite.mean()),
        "spread": float(finite.std()),
        "log": name == "lot",
    }


def _limits(homes: Homes, search: Search, draw: np.random.Generator) -> Row:
    taste = search.household.taste
    told = {name: draw.random() < chance for name, chance in c.STATED.items()}
    limits: Row = {}
    if told["price_max"]:
        limits["price_max"] = taste.budget
    if told["bedrooms_min"] and taste.beds_hard:
        limits["bedrooms_min"] = taste.beds
    if told["areas"] and taste.areas_hard and homes.areas_have_names:
        limits["areas"] = [homes.areas.ids[area] for area in taste.areas]
    if told["types"] and homes.types[0] and len(set(homes.types)) == 1:
        limits["types"] = [homes.types[0]]
    return limits


def _answers(search: Search, draw: np.random.Generator) -> Row:
    household, taste = search.household, search.household.taste
    answers = {
        "budget": f"up to ${taste.budget:,.0f}",
        "location": "a few neighbourhoods only" if taste.areas_hard else "open, near work",
        "timeline": _TIMELINES[household.intent],
        "needs": f"{taste.beds} bedrooms",
        "financing": "pre-approved" if household.preapproved else "not yet",
        "motivation": _MOTIVES[household.segment],
        "home_condition": "ready to move in" if "good_condition" in taste.must_haves else "some work is fine",
    }
    return {name: answer for name, answer in answers.items() if draw.random() < c.ANSWERED}
