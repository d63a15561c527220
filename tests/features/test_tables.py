"""Many entities at once: in parts, as files, as known at each row's own moment, and in the formats of others."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars
import pytest
from test_standard_feature_engineer import EVENTS, NOW, clock, event

from homing.core.clock import to_micros
from homing.core.errors import BadInput, NotReady, StorageError
from homing.feature_engineering import StandardFeatureEngineer
from homing.feature_engineering.behind import Behind
from homing.feature_engineering.distributions import distributions_of
from homing.feature_engineering.parquet import write_parquet
from homing.store.memory_events import MemoryEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker

LEADS = [f"lead-{number:03d}" for number in range(300)]
DAY_BEFORE, WEEK_BEFORE = NOW - timedelta(days=1), NOW - timedelta(days=7)


def engineer(tracker, **more):
    """One that stays interpreted, so that nothing compiles beside the tests."""
    return StandardFeatureEngineer(tracker, clock=clock, warm_after=10**9, **more)


def crowd():
    kinds = ("property_view", "property_save", "search_query")
    return [
        event(kinds[(n + place) % 3], 1 + (n * 37 + place * 11) % 900, number=n, lead_id=lead, property_id=f"home-{n}")
        for place, lead in enumerate(LEADS)
        for n in range(place % 5 + 1)
    ]


def tracker_of(store, events):
    tracker = BehaviorTracker(store, clock=lambda: to_micros(NOW))
    asyncio.run(tracker.track_events_batch(events))
    return tracker


@pytest.fixture(scope="module")
def tracker(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "homing.sqlite3"
    return tracker_of(SqliteEventStore(SqliteDatabase(path)), [*crowd(), *EVENTS])


def bytes_of(vectors):
    return [
        (name, vector.event_count, vector.to_numpy().tobytes(), tuple(vector.categorical_features.items()))
        for name, vector in vectors.items()
    ]


def test_many_at_once_are_the_same_bytes_as_one_after_another(tracker):
    together = asyncio.run(engineer(tracker).batch_extract_features([(lead, "lead") for lead in LEADS]))
    tool = engineer(tracker)
    alone = {lead: asyncio.run(tool.extract_features(lead)) for lead in LEADS}
    assert bytes_of(together) == bytes_of(alone)


def test_a_table_comes_in_parts_of_a_bounded_number_of_rows(tracker):
    tool = engineer(tracker)
    count, parts = tool.feature_tables("lead")
    sizes = [len(part) for part in parts]
    assert count == sum(sizes) == 302
    assert max(sizes) == 256
    assert len(tool.feature_table("lead")) == 302


def test_a_parquet_file_of_parts_holds_what_the_table_does(tracker, tmp_path):
    done = []
    rows, columns = write_parquet(engineer(tracker).feature_tables()[1], tmp_path / "all.parquet", done.append)
    table = engineer(tracker).feature_table()
    assert polars.read_parquet(tmp_path / "all.parquet").equals(table.to_polars())
    assert (rows, columns, done[-1]) == (302, 1 + len(table.schema.names), 302)


def test_a_file_that_cannot_be_finished_leaves_nothing(tracker, tmp_path):
    def failing():
        yield engineer(tracker).feature_table(entity_ids=["lead-1"])
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match=r"No space left on device[.] Name another file with --out"):
        write_parquet(failing(), tmp_path / "all.parquet", lambda _rows: None)
    assert list(tmp_path.iterdir()) == []


def test_training_rows_are_what_would_have_been_said_then(tracker):
    pairs = [("lead-1", NOW), ("lead-007", WEEK_BEFORE), ("lead-1", DAY_BEFORE), ("nobody", NOW), ("lead-1", NOW)]
    table = engineer(tracker).training_table(pairs)
    assert table.entity_ids == tuple(lead for lead, _ in pairs)
    assert table.as_of.tolist() == [to_micros(moment) for _, moment in pairs]
    for row, (lead, moment) in enumerate(pairs):
        one = asyncio.run(engineer(tracker).extract_features(lead, as_of=moment))
        np.testing.assert_array_equal(table.numbers[row], one.to_numpy())
        assert {name: texts[row] for name, texts in table.categories.items()} == one.categorical_features
        assert table.event_counts[row] == one.event_count


def test_training_rows_know_who_a_visitor_is_only_from_then_on():
    visit = replace(event("property_view", 200), lead_id=None, anonymous_id="v")
    tracker = tracker_of(MemoryEventStore(), [visit, *EVENTS])
    tracker.store.identities.merge("default", "v", "lead-1", to_micros(NOW - timedelta(days=3)))
    for kind, entity in (("lead", "lead-1"), ("property", "home-1")):
        pairs = [(entity, WEEK_BEFORE), (entity, NOW), (entity, DAY_BEFORE)]
        table = engineer(tracker).training_table(pairs, kind)
        for row, (_, moment) in enumerate(pairs):
            one = asyncio.run(engineer(tracker).extract_features(entity, kind, as_of=moment))
            np.testing.assert_array_equal(table.numbers[row], one.to_numpy())


def test_training_without_pairs_is_a_table_without_rows(tracker):
    table = engineer(tracker).training_table([])
    assert table.numbers.shape == (0, len(table.names))


def test_training_rows_that_cannot_be_had_are_refused_together(tracker):
    tool = engineer(tracker, time_zone_of=lambda lead, _: "Nowhere" if lead != "lead-1" else "UTC")
    with pytest.raises(BadInput) as refused:
        tool.training_table([("lead-1", NOW), ("lead-2", NOW), ("lead-007", NOW)])
    assert [fault.where for fault in refused.value.faults] == ["pairs[1]", "pairs[2]"]


@pytest.mark.parametrize("kind", ["lead", "property", "agent"])
def test_every_vector_and_table_has_the_one_schema(tracker, kind):
    tool = engineer(tracker)
    vector, table = asyncio.run(tool.extract_features("x", kind)), tool.feature_table(kind)
    assert vector.schema == table.schema == tool.schema(kind)
    assert tuple(table.to_polars().columns[1:]) == tool.schema(kind).names
    assert [str(one) for one in table.to_polars().dtypes[1:]] == [
        {"float64": "Float64", "string": "String"}[one] for one in tool.schema(kind).dtypes.values()
    ]


def test_missing_is_a_mask_in_numpy_and_null_in_polars_and_arrow(tracker):
    table = engineer(tracker).feature_table(entity_ids=["lead-1", "nobody"])
    mask, frame, arrow = table.missing_mask(), table.to_polars(), table.to_arrow()
    assert mask.shape == (2, len(table.schema.names))
    for place, name in enumerate(table.names):
        assert frame[name].is_null().to_list() == mask[:, place].tolist()
        assert arrow.column(name).is_null().to_pylist() == mask[:, place].tolist()
    vector = asyncio.run(engineer(tracker).extract_features("nobody"))
    np.testing.assert_array_equal(vector.missing_mask(), mask[1])
    assert vector.to_polars().equals(frame[1:])
    assert vector.to_arrow().num_rows == 1


def test_without_pyarrow_the_way_out_is_told(tracker, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NotReady, match=r"needs pyarrow: pip install 'homing\[arrow\]'"):
        engineer(tracker).feature_table(entity_ids=["lead-1"]).to_arrow()


def test_the_events_behind_a_value_are_those_inside_its_walls(tracker):
    made_of = engineer(tracker).behind("lead-1", as_of=NOW, most=2)
    assert set(made_of) == set(engineer(tracker).get_feature_names())
    saves = made_of["view_to_save_rate"]
    assert saves.count == 3
    assert saves.latest == (
        ("property_save-48-0-lead-1", to_micros(NOW - timedelta(hours=48))),
        ("property_view-49-0-lead-1", to_micros(NOW - timedelta(hours=49))),
    )
    assert engineer(tracker).behind("nobody")["total_events"] == Behind(0, ())


def test_distributions_count_what_is_missing_apart(tracker):
    table = engineer(tracker).feature_table(entity_ids=["lead-1", "lead-2", "nobody"])
    found = {one.name: one for one in distributions_of([table])}
    assert found["total_events"].quantiles == pytest.approx((0.0, 0.2, 1.0, 3.4, 4.0))
    assert found["days_since_last_activity"].missing == pytest.approx(1 / 3)
    assert found["primary_event_type"].commonest == (("property_view", 1.0),)
