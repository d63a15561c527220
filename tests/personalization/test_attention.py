"""What homes drew is counted as of the full minute, once within it."""

from homing.core.clock import DAY, MINUTE, from_micros
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.personalization.attention import Attention, Drawn
from homing.store.memory_events import MemoryEventStore

NOW = 1_780_000_000_000_000 // MINUTE * MINUTE


def likes(store, home, *moments):
    """Each by a lead of its own, as durable as the store is."""
    count = store.append("default", ()).sequence
    store.append("default", [
        BehavioralEvent(event_type=EventType.PROPERTY_LIKE, timestamp=from_micros(at), lead_id=f"l{count + place}",
                        property_id=home)
        for place, at in enumerate(moments)
    ])  # fmt: skip


def test_leads_are_counted_as_of_the_full_minute_and_only_once_within_it(monkeypatch):
    store = MemoryEventStore()
    likes(store, "a", NOW - DAY, NOW - 40 * DAY, NOW - 200 * DAY, NOW + 1)
    attention, read = Attention(store, "default"), []
    columns = store.columns
    monkeypatch.setattr(store, "columns", lambda *given: read.append(given[1].property_ids) or columns(*given))
    assert attention.drawn(["a", "b"], NOW + MINUTE - 1, present=True) == {"a": Drawn(1, 2), "b": Drawn()}
    assert attention.drawn(["a", "c"], NOW + 5, present=True) == {"a": Drawn(1, 2), "c": Drawn()}
    assert read == [{"a", "b"}, {"c"}]
    assert attention.drawn(["a"], NOW + MINUTE, present=True) == {"a": Drawn(2, 3)}
    assert attention.drawn(["a"], NOW - DAY, present=False) == {"a": Drawn(1, 2)}
    assert attention.drawn(["a"], NOW - DAY - 1, present=False) == {"a": Drawn(0, 1)}
