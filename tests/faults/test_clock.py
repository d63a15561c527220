"""A clock that jumps: nothing is lost or doubled, answers go on, and when it is right again, so is all else."""

import asyncio

import pytest

from homing.core.clock import DAY, HOUR, format_moment, from_micros
from homing.core.errors import BadInput
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.property import property_from
from homing.people.lead import lead_from
from homing.store.events import EventQuery
from homing.tracking.validation import event_from
from homing.wiring import build

NOW = 1_780_000_000_000_000


class Watch:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def here(tmp_path, watch):
    homing = build(Settings(tmp_path), watch)
    rows = [{"ListingKey": f"h{n}", "ListPrice": 300_000 + n} for n in range(20)]
    homing.catalogue.put([property_from(row, now=NOW - DAY) for row in rows])
    return homing


def view(homing, home, at):
    event = BehavioralEvent(
        event_type=EventType.PROPERTY_VIEW, lead_id="ann", property_id=home, timestamp=from_micros(at)
    )
    return asyncio.run(homing.tracker.track_event(event))


def homes(homing):
    return {item.property_id for item in homing.engine.recommend("ann", 20)}


def test_events_of_a_clock_that_was_ahead_are_kept_and_count_from_their_receipt(here, watch):
    watch.now = NOW + HOUR
    view(here, "h1", watch.now)
    watch.now = NOW
    assert "h1" in homes(here), "what is still to come is not seen yet"
    view(here, "h2", watch.now)
    assert "h2" not in homes(here)
    watch.now = NOW + 2 * HOUR
    assert homes(here).isdisjoint({"h1", "h2"})
    assert here.tracker.store.count("default", EventQuery()) == 2


def test_the_same_event_sent_again_after_a_jump_is_stored_once(here, watch):
    event = BehavioralEvent(
        event_id="e1", event_type=EventType.PAGE_VIEW, lead_id="ann", timestamp=from_micros(NOW - DAY)
    )
    for jump in (0, 365 * DAY, -DAY // 2, 0):
        watch.now = NOW + jump
        asyncio.run(here.tracker.track_event(event))
    assert here.tracker.store.count("default", EventQuery()) == 1


def test_a_clock_far_behind_refuses_what_seems_to_come_from_the_future_and_says_so(here, watch):
    watch.now = NOW - 30 * DAY
    row = {"event_type": "property_view", "lead_id": "ann", "property_id": "h1", "timestamp": format_moment(NOW)}
    with pytest.raises(BadInput, match=r"timestamp must be at most 5 minutes after now"):
        event_from(row, tenant="default", now=watch(), received_at=watch())
    watch.now = NOW
    assert event_from(row, tenant="default", now=watch(), received_at=watch()).property_id == "h1"


def test_answers_go_on_while_the_clock_jumps(here, watch):
    for jump in (0, 400 * DAY, -DAY // 2, HOUR, 0):
        watch.now = NOW + jump
        answer = here.engine.recommend("ann", 5)
        assert len(answer) == 5, format_moment(watch.now)


def test_the_stand_in_for_a_model_made_in_a_jump_is_made_anew_after_it(here, watch):
    watch.now = NOW + 400 * DAY
    here.engine.recommend("ann", 5)
    watch.now = NOW
    before = here.engine._serving.at()
    view(here, "h3", watch.now)
    watch.now = NOW + 2 * HOUR
    assert here.engine._serving.at().model is not before.model


def test_profiles_and_merges_made_after_a_jump_back_are_the_newest(here, watch):
    watch.now = NOW + DAY
    here.directory.put_leads([lead_from({"lead_id": "ann", "limits": {"price_max": 1}})])
    here.tracker.store.identities.merge("default", "visitor", "ann", watch.now)
    watch.now = NOW
    here.directory.put_leads([lead_from({"lead_id": "ann", "limits": {"price_max": 2}})])
    here.tracker.store.identities.unmerge("default", "visitor", watch.now)
    here.tracker.store.identities.merge("default", "visitor", "bob", watch.now)
    watch.now = NOW + 2 * DAY
    assert here.directory.lead("ann").limits.price_max == 2
    assert here.tracker.store.identities.lead_of("default", "visitor") == "bob"
