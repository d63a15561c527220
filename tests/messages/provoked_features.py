"""What tables, caches and scales of features refuse, by the sentence it brings."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import EntryPoint

import numpy as np

from homing import BehavioralEvent, EventType
from homing.feature_engineering.feature_table import joined
from homing.feature_engineering.installed import GROUP, installed
from homing.feature_engineering.normalisation import Normalisation
from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer
from homing.feature_engineering.vector_cache import VectorCache
from homing.store.memory_events import MemoryEventStore

__all__ = ["TABLE"]

AT = datetime(2026, 5, 1, tzinfo=UTC)
ONES = np.ones((2, 1))


def learned():
    return Normalisation.fit(ONES, ["price"])


@contextmanager
def without(module):
    """As where an optional package is not installed."""
    there = sys.modules.get(module)
    sys.modules[module] = None
    try:
        yield
    finally:
        sys.modules.pop(module) if there is None else sys.modules.update({module: there})


def arrow(_):
    with without("pyarrow"):
        return (
            StandardFeatureEngineer(None)
            .feature_table("lead", entity_ids=[], store=MemoryEventStore(), tenant="a")
            .to_arrow()
        )


def of_a_lead_on_mars(_):
    store = MemoryEventStore()
    store.append("default", [BehavioralEvent(event_type=EventType.PAGE_VIEW, timestamp=AT, lead_id="ann")])
    engineer = StandardFeatureEngineer(None, time_zone_of=lambda *_: "Mars")
    return engineer.training_table([("ann", AT)], store=store, tenant="default")


def brought_by(value):
    """A package that names this as its module of features."""
    return installed([EntryPoint("open_houses", value, GROUP)])


TABLE = {
    "the entry point open_houses of a package must name a module of features that can be imported; got": lambda _: brought_by("no.such.module"),
    "the entry point open_houses of a package must name a module that declares features; got": lambda _: brought_by("math"),
    "--distributions must be left out without --all; got": lambda ground: ground.homing("features", "a", "--distributions"),
    "--out must be left out with --distributions; got 'f.parquet'": lambda ground: ground.homing("features", "--all", "--distributions", "--out", "f.parquet"),
    "tables must hold at least one; got []": lambda _: joined([]),
    "most must be at least 0; got -1": lambda _: VectorCache(-1),
    "method must be one of ": lambda _: Normalisation.fit(ONES, ["price"], "magic"),
    "values must be a table of 2 columns, one a name; got (2, 1)": lambda _: Normalisation.fit(ONES, ["a", "b"]),
    "names must name each feature once; got ('a', 'a')": lambda _: Normalisation.fit(np.ones((2, 2)), ["a", "a"]),
    "names must hold price, which was learned; got ('beds',)": lambda _: learned()(ONES, ["beds"]),
    "The arrays of a normalisation cannot be read: ": lambda _: Normalisation.restore({}),
    "of 1 features has another shape.": lambda _: Normalisation.restore(learned().state() | {"normalisation.table": ONES[:0]}),
    "An Arrow table needs pyarrow: pip install 'homing[arrow]'.": arrow,
    "pairs[0] must be a lead whose features can be had; got ann: time_zone must be an IANA time zone": of_a_lead_on_mars,
}  # fmt: skip
