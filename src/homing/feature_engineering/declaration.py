"""A feature is one declaration on one small function over one entity's history."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from types import ModuleType
from typing import Any, Literal, NewType

from homing.core.clock import DAY, to_micros
from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import Vocabulary
from homing.core.units import UNITS, Unit
from homing.event_types import EventType
from homing.feature_engineering.reach import Reached, reach
from homing.store.columns import TYPES
from homing.tracking.history import CODES, DERIVED, MOMENTS, History, Subject, choices_of, payload_kind
from homing.trust.denied import DENIED

__all__ = [
    "ALL",
    "UNKNOWN",
    "Category",
    "Example",
    "Feature",
    "Homes",
    "choice",
    "code",
    "declared_in",
    "feature",
    "version_of",
]

ALL: frozenset[EventType] = frozenset(EventType)
"""For `reads`: every type of event."""

UNKNOWN = "unknown"
"""The text of a category for which there is no evidence."""

Category = NewType("Category", int)
"""What a categorical feature returns: the code of one of its categories, -1 for none."""

Homes = Mapping[str, Sequence[tuple[int, Mapping[str, Any]]]]
"""What homes of an example were: versions as (age in microseconds, fields of a `HomeVersion`)."""

Body = Callable[[History], Any]
_GIVEN = frozenset({"size", "as_of", "type", *MOMENTS, *CODES})


def code(kind: EventType) -> int:
    """The code of an event type in `h.type`."""
    return TYPES.index(kind)


def choice(key: str, word: str) -> int:
    """The code of a declared choice of an `event_data` key, for example of "right" in `h.swipe_direction`."""
    return choices_of(key).index(word)


@dataclass(frozen=True, slots=True)
class Example:
    """What a feature must say about a handful of events.

    Each event is (age in microseconds before `as_of`, type) or (age, type, {ids and event_data}); `value` is a number,
    or the text of a category. `zone` is the lead's time zone. `homes` says what homes were: versions as (age, fields of
    a `HomeVersion`), such as {"home-1": [(40 * DAY, {"price": 500_000})]}. `views` are those of other homes: (age,
    home, lead).
    """

    events: Sequence[tuple[Any, ...]]
    value: float | str
    as_of: datetime = datetime(2026, 5, 15, 12, tzinfo=UTC)
    zone: str = "UTC"
    homes: Homes = field(default_factory=dict)
    views: Sequence[tuple[int, str, str]] = ()

    @property
    def at(self) -> int:
        """The moment of the example in microseconds."""
        return to_micros(self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One declared feature; see `feature` for what each part means."""

    name: str
    subject: Subject
    unit: Unit
    family: str
    reads: frozenset[EventType]
    window: int
    low: float
    high: float
    missing: float
    example: Example
    version: int
    about: Literal["behavior", "person"]
    doc: str
    function: Body
    categories: tuple[str, ...] | str | None
    reached: Reached = field(repr=False)

    @property
    def is_category(self) -> bool:
        """Whether the value is a text."""
        return self.categories is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the history that the function reads, directly or through its helpers."""
        return tuple(name for name in self.reached.fields if name not in {"size", "as_of"})

    def text(self, value: float, words: Mapping[str, Vocabulary[str]]) -> str:
        """The text of a category's code; `words` decodes what a history holds."""
        names = words[self.categories].ids if isinstance(self.categories, str) else self.categories or ()
        return UNKNOWN if math.isnan(value) or value < 0 else names[int(value)]


def feature(  # noqa: PLR0913  # the parts of a declaration, each by its name
    *,
    unit: Unit,
    family: str,
    reads: Iterable[EventType],
    window: int,
    example: Example,
    range: tuple[float, float] | None = None,  # noqa: A002  # the word of the declaration
    missing: float = math.nan,
    categories: tuple[str, ...] | str | None = None,
    subject: Subject = "lead",
    version: int = 1,
    about: Literal["behavior", "person"] = "behavior",
    name: str | None = None,
    doc: str | None = None,
) -> Callable[[Body], Feature]:
    """Declare a feature on a function over `h: History`; its name, dtype and docs are those of the function.

    The function is written as plain loops over `h` and may call plain functions, `math`, and constants of its module:
    it runs as Python and, fused with all others, compiled. It sees only events of the types in `reads` that happened in
    (as_of - window, as_of] and were known by then; without any it is not called and the value is `missing`.

    unit: one of `core.units`. family: the heading of the reference page. range: lowest and highest value, inclusive.
    categories: for a text, its choices in the order of their codes, or the name of the column whose words it returns.
    about: "person" for anything about who somebody is rather than what they did; it is kept out of every vector.
    version: raised when the meaning changes. name, doc: for one function that serves several features.
    """

    def declare(function: Body) -> Feature:
        reached = reach(function)
        low, high = range if range is not None else (math.nan, math.nan)
        if isinstance(categories, tuple):
            low, high = -1.0, len(categories) - 1.0
        declared = Feature(
            name=name or function.__name__,
            subject=subject,
            unit=unit,
            family=family,
            reads=frozenset(reads),
            window=window,
            low=float(low),
            high=float(high),
            missing=-1.0 if categories is not None else float(missing),
            example=example,
            version=version,
            about=about,
            doc=inspect.cleandoc(doc or function.__doc__ or ""),
            function=function,
            categories=categories,
            reached=reached,
        )
        faults = [Fault(f"feature {declared.name}.{where}", must, shown(got)) for where, must, got in _faults(declared)]
        if faults:
            raise BadInput(faults)
        return declared

    return declare


def _faults(declared: Feature) -> Iterable[tuple[str, str, object]]:
    if declared.unit not in UNITS:
        yield "unit", f"be one of {sorted(UNITS)}", declared.unit
    if not declared.doc.split("\n", 1)[0].endswith("."):
        yield "docstring", "begin with a sentence that ends with a full stop", declared.doc
    if not declared.reads:
        yield "reads", "name at least one event type, or be ALL", declared.reads
    if declared.window <= 0:
        yield "window", "be a positive duration in microseconds, such as 30 * DAY", declared.window
    if declared.categories is None and not declared.low <= declared.high:
        yield "range", "be (lowest, highest)", (declared.low, declared.high)
    if declared.categories is None and not (
        math.isnan(declared.missing) or declared.low <= declared.missing <= declared.high
    ):
        yield "missing", "lie in the range, or be NaN", declared.missing
    if declared.version < 1:
        yield "version", "be at least 1", declared.version
    yield from _dtype_faults(declared)
    yield from _denied_faults(declared)
    for column in declared.columns:
        if column not in _GIVEN and payload_kind(column) is None:
            yield f"h.{column}", f"be one of {sorted(_GIVEN)} or a number or text key of event_data", column


def _denied_faults(declared: Feature) -> Iterable[tuple[str, str, object]]:
    """A feature that reads, or by its name tells, what may never be used."""
    if rule := DENIED.rule_of(declared.name, "event"):
        yield "name", f"tell nothing that may not be used ({rule.category})", declared.name
    for column in set(declared.columns).difference(DERIVED):
        key = column.rpartition(".")[2]
        if rule := DENIED.rule_of(key, "event"):
            yield f"h.{column}", f"be a field that may be used ({rule.category})", column


def _dtype_faults(declared: Feature) -> Iterable[tuple[str, str, object]]:
    returned = inspect.get_annotations(declared.function).get("return")
    allowed = ("Category",) if declared.is_category else ("float", "int")
    given = returned if isinstance(returned, str) else getattr(returned, "__name__", None)
    if given not in allowed:
        yield "return annotation", f"be {' or '.join(allowed)}", returned
    if isinstance(declared.categories, str) and declared.categories not in declared.columns:
        yield "categories", "be a tuple of texts or the name of a column that the function reads", declared.categories


def declared_in(*families: ModuleType) -> dict[Subject, tuple[Feature, ...]]:
    """The features of each subject, in the order of these modules and of the lines in them; names must be unique.

    They are what vectors, tables and models are made of, so one that says something about a person is refused.
    """
    found = [
        value
        for family in families
        for entry in vars(family).values()
        for value in (entry if isinstance(entry, tuple) else (entry,))
        if isinstance(value, Feature)
    ]
    table: dict[Subject, dict[str, Feature]] = {subject: {} for subject in typing.get_args(Subject)}
    if persons := [one.name for one in found if one.about == "person"]:
        must = 'say what somebody did; one with about="person" stays out of vectors, and can be called by itself'
        raise BadInput.of("features", must, persons)
    for one in found:
        if table[one.subject].setdefault(one.name, one) is not one:
            raise BadInput.of(f"feature {one.name}", f"have a name of its own among {one.subject} features", one.name)
    return {subject: tuple(sorted(named.values(), key=lambda one: one.is_category)) for subject, named in table.items()}


def version_of(features: Iterable[Feature]) -> str:
    """A short text that changes when a feature is added, removed, renamed, reordered or given a new version."""
    listed = "\n".join(f"{one.name} {one.version}" for one in features)
    return sha256(listed.encode()).hexdigest()[:12]


THIRTY_DAYS = 30 * DAY
"""The window of the first version's features."""
