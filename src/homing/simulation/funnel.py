"""From inquiry to keys: an agent answers, a tour is made, an offer is accepted or not, a deal closes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from homing.core.clock import DAY, HOUR, MINUTE, SECOND, format_moment
from homing.event_types import EventType
from homing.simulation import constants as c
from homing.simulation.agents import local_offset, reply_moment
from homing.simulation.browsing import Visit, finish, short_visit, visit
from homing.simulation.judgement import judged
from homing.simulation.money import price_step, rounded
from homing.simulation.results import filters_of, results_page
from homing.simulation.world import Search, Task, World

__all__ = ["HAPPENINGS"]


def come(world: World, task: Task) -> None:
    """A visit, unless the household is still busy with the last one; at its end it may ask about a home."""
    if task.at > task.search.busy_until:
        partner = task.search.household.leads.index(task.lead)
        now = visit(world, task.search, task.lead, partner, task.at)
        ask(world, now)
        finish(world, now)


def ask(world: World, now: Visit) -> None:
    """At the end of a visit the lead may ask about the saved home it likes best, if it is near the best ever seen."""
    search, draw = now.search, now.search.draw
    if search.bought or search.bidding or draw.random() > c.INQUIRY[search.intent] * (1 + len(search.saved)) ** 0.5:
        return
    open_homes = [
        row for row in search.saved if row not in search.asked and world.life.is_active(row, now.clock + MINUTE)
    ]
    if not open_homes:
        return
    row = max(open_homes, key=lambda row: (search.saved[row], -row))
    found = judged(world, search, row, now.clock)
    if not found.fits or found.worth < search.best - c.INQUIRY_GAP:
        return
    search.asked.add(row)
    urgency = ("low", "low", "medium", "high")[search.intent]
    ids = {"property_id": world.home_id(row), **now.ids}
    world.log.add(now.clock, EventType.INQUIRY_SENT, now.lead, data={"urgency": urgency}, ids=ids)
    if draw.random() < 0.6:
        data = {
            "booking_type": "tour",
            "urgency": urgency,
            "requested_time": format_moment(_tour_time(draw, now.clock)),
        }
        at = now.wait(20)
        world.log.add(
            at, EventType.BOOKING_REQUEST, now.lead, data=data, ids={**ids, "agent_id": search.agent.agent_id}
        )
    reply = reply_moment(search.agent, draw, now.clock)
    if reply is not None:
        world.later(reply, "answer", search, now.lead, row=row)


def answer(world: World, task: Task) -> None:
    """The agent answers an inquiry: a message or a call, and if the home is still there and the lead keen, a tour."""
    search, draw, agent = task.search, task.search.draw, task.search.agent.agent_id
    called = draw.random() < 0.4
    reached = draw.random() < (0.9 if search.tours else 0.45 if called else 0.6)
    if called:
        data: dict[str, object] = {
            "answered": bool(reached),
            "duration_seconds": int(draw.integers(60, 900)) if reached else 0,
        }
        world.log.add(task.at, EventType.CALL_MADE, task.lead, data=data, ids={"agent_id": agent})
    else:
        data = {"channel": "sms", "automated": False}
        world.log.add(task.at, EventType.MESSAGE_SENT, task.lead, data=data, ids={"agent_id": agent})
        if reached:
            back = task.at + int(draw.integers(60, 7_200)) * SECOND
            world.log.add(back, EventType.MESSAGE_RECEIVED, task.lead, data={"channel": "sms"}, ids={"agent_id": agent})
    if draw.random() < 0.3:
        action = str(draw.choice(("note", "task_completed", "price_opinion")))
        at = task.at + 10 * MINUTE
        world.log.add(at, EventType.AGENT_ACTION, task.lead, data={"action_type": action}, ids={"agent_id": agent})
    world.stage(task.at, search, task.lead, "contacted" if search.stage == "new" else search.stage)
    if reached and task.row >= 0 and world.life.is_active(task.row, task.at) and not search.bought:
        _schedule(world, task)


def suggest(world: World, task: Task) -> None:
    """The agent proposes the next home: one the household has saved, or one of the agent's own finding."""
    search = task.search
    if search.bought or search.bidding:
        return
    left = [row for row in search.saved if row not in search.asked and world.life.is_active(row, task.at)]
    if search.draw.random() < c.AGENT_FINDS:
        left = _found(world, search, task.at) or left
    if left:
        row = max(left, key=lambda row: (search.saved.get(row, 0.0), -row))
        search.asked.add(row)
        answer(world, replace(task, row=row))


def tour(world: World, task: Task) -> None:
    """A tour takes place, is called off or missed; afterwards the household may bid."""
    search, draw = task.search, task.search.draw
    ids = {"property_id": world.home_id(task.row), "agent_id": search.agent.agent_id}
    luck = draw.random()
    if search.bought or not world.life.is_active(task.row, task.at):
        data = {"reason": "bought another" if search.bought else "no longer for sale"}
        world.log.add(task.at, EventType.TOUR_CANCELLED, task.lead, data=data, ids=ids)
        _tours_go_on(world, task)
        return
    if luck < c.TOUR_CANCELLED:
        world.log.add(
            task.at - 2 * HOUR, EventType.TOUR_CANCELLED, task.lead, data={"reason": "not convenient"}, ids=ids
        )
        return
    if luck < c.TOUR_CANCELLED + c.TOUR_MISSED:
        world.log.add(task.at, EventType.TOUR_MISSED, task.lead, ids=ids)
        return
    search.tours += 1
    search.views += 3
    found = judged(world, search, task.row, task.at)
    liking = int(np.clip(round(6.0 + 2.0 * found.liking), 1, 10))
    known = task.at + (int(draw.integers(1, 10)) * HOUR if draw.random() < c.DELAYED_NOTE else 0)
    data_after = {"completed": True, "duration_minutes": int(draw.integers(15, 60)), "lead_interest_level": liking}
    world.log.add(task.at, EventType.TOUR_COMPLETED, task.lead, data=data_after, known_at=known, ids=ids)
    search.saved[task.row] = found.thought
    if _would_bid(search, found.thought, found.fits):
        search.bidding = True
        world.later(task.at + int(draw.integers(3, 30)) * HOUR, "offer", search, task.lead, row=task.row)
    elif draw.random() < c.NEXT_TOUR:
        _tours_go_on(world, task)


def offer(world: World, task: Task) -> None:
    """The household bids, never above its budget; the seller answers a day later."""
    search, draw = task.search, task.search.draw
    found = judged(world, search, task.row, task.at)
    if search.bought or not found.fits or not world.life.is_active(task.row, task.at):
        search.bidding = False
        _tours_go_on(world, task)
        return
    worth = min(search.household.taste.budget, found.price * draw.uniform(*c.OFFER_RATIO))
    amount = float(rounded(np.array(worth), float(price_step(np.array(found.price))) / 10.0))
    ids = {"property_id": world.home_id(task.row), "agent_id": search.agent.agent_id}
    world.log.add(task.at, EventType.OFFER_MADE, task.lead, data={"amount": amount}, ids=ids)
    world.stage(task.at, search, task.lead, "offer")
    world.later(task.at + int(draw.integers(24, 48)) * HOUR, "verdict", search, task.lead, row=task.row, amount=amount)


def verdict(world: World, task: Task) -> None:
    """The seller takes the offer or not; a home sold to another in between is lost."""
    search, draw = task.search, task.search.draw
    search.bidding = False
    ids = {"property_id": world.home_id(task.row), "agent_id": search.agent.agent_id}
    chance = c.OFFER_ACCEPTED + 0.1 * search.agent.skill
    taken = task.row in world.promised or not world.life.is_active(task.row, task.at)
    if taken or draw.random() > chance:
        world.log.add(task.at, EventType.OFFER_DECLINED, task.lead, data={"amount": task.amount}, ids=ids)
        search.lost += 1
        _tours_go_on(world, task)
        return
    world.log.add(task.at, EventType.OFFER_ACCEPTED, task.lead, data={"amount": task.amount}, ids=ids)
    world.sell(task.row, task.at + c.HOURS_TO_PENDING * HOUR)
    search.bought = True
    world.later(int(world.life.closed[task.row]), "closing", search, task.lead, row=task.row, amount=task.amount)


def closing(world: World, task: Task) -> None:
    """The keys change hands."""
    ids = {"property_id": world.home_id(task.row), "agent_id": task.search.agent.agent_id}
    world.log.add(task.at, EventType.DEAL_CLOSED, task.lead, data={"amount": task.amount}, ids=ids)
    world.stage(task.at, task.search, task.lead, "closed")


def alert(world: World, task: Task) -> None:
    """An e-mail with new homes for a saved search; it may be opened, and a home in it looked at."""
    search, draw = task.search, task.search.draw
    if search.bought:
        return
    world.later(task.at + int(c.ALERT_EVERY_DAYS * 86_400) * SECOND, "alert", search, task.lead)
    page = results_page(world, filters_of(search.household.taste, draw), draw, task.at, set(search.opened))
    if not len(page.rows):
        return
    named = tuple(int(row) for row in page.rows[:5])
    data = {"property_ids": [world.home_id(row) for row in named], "channel": "email"}
    world.log.add(task.at, EventType.LISTING_ALERT_SENT, task.lead, data=data)
    if draw.random() < c.EMAIL_OPENED:
        world.later(task.at + int(draw.integers(300, 20_000)) * SECOND, "mail", search, task.lead, rows=named)


def mail(world: World, task: Task) -> None:
    """The lead opens the e-mail, and may follow its link to the home it thinks best, with noise."""
    search, draw = task.search, task.search.draw
    if task.at <= search.busy_until:
        return
    world.log.add(task.at, EventType.EMAIL_OPENED, task.lead, data={"email_subject": "New homes for your search"})
    at = task.at + 20 * SECOND
    here = np.array([row for row in task.rows if world.life.is_active(row, at)])
    if draw.random() > c.EMAIL_CLICKED or not len(here):
        return
    world.log.add(at, EventType.EMAIL_CLICKED, task.lead, data={"link_type": "listing"})
    chosen = int(here[(world.worth(search, here, at).joint + draw.gumbel(size=len(here))).argmax()])
    short_visit(world, search, task.lead, chosen, at)


HAPPENINGS: Mapping[str, Callable[[World, Task], None]] = {
    "answer": answer,
    "suggest": suggest,
    "tour": tour,
    "offer": offer,
    "verdict": verdict,
    "closing": closing,
    "alert": alert,
    "mail": mail,
    "visit": come,
}
"""What each kind of task does."""


def _tours_go_on(world: World, task: Task) -> None:
    """Some days later the agent will propose another home."""
    wait = float(task.search.draw.exponential(c.DAYS_BETWEEN_TOURS))
    world.later(task.at + 3 * HOUR + int(wait * 86_400) * SECOND, "suggest", task.search, task.lead)


def _found(world: World, search: Search, at: int) -> list[int]:
    """The home that an agent who knows the client takes for the best of a handful the household has never opened."""
    page = results_page(world, filters_of(search.household.taste, search.draw), search.draw, at, set(search.opened))
    new = page.rows[: c.AGENT_LOOKS_AT]
    if not len(new):
        return []
    worth = world.worth(search, new, at)
    liking = worth.joint + c.JUDGEMENT_NOISE * search.draw.standard_normal(len(new))
    best = int(liking.argmax())
    return [int(new[best])] if worth.fits[best] and int(new[best]) not in search.asked else []


def _schedule(world: World, task: Task) -> None:
    search = task.search
    when = _tour_time(search.draw, task.at)
    ids = {"property_id": world.home_id(task.row), "agent_id": search.agent.agent_id}
    data = {"tour_time": format_moment(when), "tour_type": "in_person"}
    world.log.add(task.at + 5 * MINUTE, EventType.TOUR_SCHEDULED, task.lead, data=data, ids=ids)
    world.stage(task.at + 5 * MINUTE, search, task.lead, "touring")
    world.later(when, "tour", search, task.lead, row=task.row)


def _tour_time(draw: np.random.Generator, at: int) -> int:
    """Half past some hour of daylight, one to four days on."""
    local = at + local_offset(at)
    day = local - local % DAY + int(draw.integers(1, 5)) * DAY
    return day - local_offset(at) + int(draw.integers(10, 18)) * HOUR + 30 * MINUTE


def _would_bid(search: Search, thought: float, fits: bool) -> bool:
    if not fits or search.bidding or search.tours < c.OFFER_AFTER_TOURS or not search.pre_approved:
        return False
    keen = thought >= min(search.household.bars["reservation"], search.best)
    return bool(keen and search.draw.random() < (c.OFFER_AGAIN if search.lost else c.OFFER_CHANCE))
