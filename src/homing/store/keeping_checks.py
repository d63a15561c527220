"""What holds for everything that keeps facts of tenants with the moment at which they became known.

A `Keeper` says how facts are told to a store and how they are read back; so the same laws are asked of events, homes,
profiles, merged visitors and trained models.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homing.core.laws import by_name, must, same

__all__ = ["LAWS", "Keeper", "a_new_one_is_empty", "earlier_facts_stay", "later_facts_stay_hidden"]


@dataclass(frozen=True, slots=True)
class Keeper:
    """A store to be tried: `open(folder)`, `put(store, tenant, name, value, known_at)`, `read(store, tenant, upto)`.

    `put` tells the store a fact about a named thing (`a` or `b`) and returns whether that was new; `read` is everything
    kept of a tenant, comparable by `==` and without numbers of arrival, as known by a moment (None: now).
    """

    open: Callable[[Path], Any]
    put: Callable[[Any, str, str, str, int], bool]
    read: Callable[[Any, str, int | None], Any]


def _tried(law: Callable[[Keeper, Path], None]) -> Callable[[Keeper], None]:
    """The law asked in a folder that is gone afterwards."""

    def asked(keeper: Keeper) -> None:
        with tempfile.TemporaryDirectory() as folder:
            law(keeper, Path(folder) / "stores")

    asked.__name__, asked.__doc__ = law.__name__, law.__doc__
    return asked


@_tried
def what_was_put_is_read(of: Keeper, folder: Path) -> None:
    store = of.open(folder)
    must(of.put(store, "default", "a", "one", 10), "the first fact is not new")
    must("one" in repr(of.read(store, "default", None)), "it is not read back")


@_tried
def reading_makes_no_file(of: Keeper, folder: Path) -> None:
    of.read(of.open(folder), "default", None)
    same(list(folder.parent.rglob("*")), [], "files made by reading")


@_tried
def a_tenant_sees_only_its_own(of: Keeper, folder: Path) -> None:
    store = of.open(folder)
    empty = of.read(store, "other", None)
    of.put(store, "default", "a", "one", 10)
    mine = of.read(store, "default", None)
    same(of.read(store, "other", None), empty, "what another tenant sees")
    must(of.put(store, "other", "a", "two", 10), "the other tenant's fact is not new")
    same(of.read(store, "default", None), mine, "what the first tenant sees")


@_tried
def the_same_again_changes_nothing(of: Keeper, folder: Path) -> None:
    store = of.open(folder)
    of.put(store, "default", "a", "one", 10)
    before = of.read(store, "default", None)
    must(not of.put(store, "default", "a", "one", 10), "the same is new again")
    same(of.read(store, "default", None), before, "what is kept")


@_tried
def what_was_not_known_yet_is_not_seen(of: Keeper, folder: Path) -> None:
    store = of.open(folder)
    of.put(store, "default", "a", "one", 10)
    before = of.read(store, "default", 15)
    of.put(store, "default", "b", "two", 20)
    same([of.read(store, "default", upto) for upto in (15, 19)], [before, before], "what was known before")
    must(of.read(store, "default", 20) != before, "what is known is not seen")


@_tried
def what_was_known_then_stays(of: Keeper, folder: Path) -> None:
    store = of.open(folder)
    of.put(store, "default", "a", "one", 10)
    before = of.read(store, "default", 15)
    of.put(store, "default", "a", "two", 20)
    same(of.read(store, "default", 15), before, "what was known then, after a change")
    must("two" in repr(of.read(store, "default", None)), "the change is not read")


@_tried
def order_of_arrival_is_irrelevant(of: Keeper, folder: Path) -> None:
    stores = of.open(folder / "1"), of.open(folder / "2")
    for store, names in zip(stores, ("ab", "ba"), strict=True):
        for name in names:
            of.put(store, "default", name, "one", {"a": 10, "b": 20}[name])
    same(of.read(stores[1], "default", None), of.read(stores[0], "default", None), "what is kept in the other order")


@_tried
def it_survives_a_new_start(of: Keeper, folder: Path) -> None:
    store = of.open(folder)
    of.put(store, "default", "a", "one", 10)
    of.put(store, "default", "b", "two", 20)
    before = [of.read(store, "default", upto) for upto in (None, 15)]
    again = of.open(folder)
    same([of.read(again, "default", upto) for upto in (None, 15)], before, "what is kept after a new start")


@_tried
def a_new_one_is_empty(of: Keeper, folder: Path) -> None:
    """The weaker law of what lives in memory."""
    store = of.open(folder)
    empty = of.read(store, "default", None)
    of.put(store, "default", "a", "one", 10)
    same(of.read(of.open(folder), "default", None), empty, "what a new one holds")


@_tried
def earlier_facts_stay(of: Keeper, folder: Path) -> None:
    """The weaker law of what counts every repetition: it takes nothing away."""
    store = of.open(folder)
    of.put(store, "default", "a", "one", 10)
    before = of.read(store, "default", None)
    of.put(store, "default", "a", "one", 10)
    must(repr(before)[1:-1] in repr(of.read(store, "default", None)), "what was there is gone")


@_tried
def later_facts_stay_hidden(of: Keeper, folder: Path) -> None:
    """The weaker law of what keeps only the last: before that was known, nothing is said rather than the later fact."""
    store = of.open(folder)
    of.put(store, "default", "a", "one", 10)
    of.put(store, "default", "a", "two", 20)
    must("two" not in repr(of.read(store, "default", 15)), "the later fact is seen")


LAWS: dict[str, Callable[[Keeper], object]] = by_name(
    what_was_put_is_read,
    reading_makes_no_file,
    a_tenant_sees_only_its_own,
    the_same_again_changes_nothing,
    what_was_not_known_yet_is_not_seen,
    what_was_known_then_stays,
    order_of_arrival_is_irrelevant,
    it_survives_a_new_start,
)
"""Every law by its name."""
