"""Which fields may never be used, by rules that are data: what is denied is taken out at the door, before anything."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, get_args

from homing.core.errors import BadInput, Fault, reason, shown
from homing.core.nesting import DEEPEST
from homing.trust.field_names import FieldName, field_name, squashed

__all__ = ["DENIED", "Denied", "Note", "Place", "Rule", "Then"]

Place = Literal["person", "event", "home", "record"]
"""Where a field stands: in a profile, in what an event holds, in a listing, in a home's record inside an event."""
Then = Literal["dropped", "hashed", "display_only", "filter_only"]
Note = Callable[[str], object]
"""Is told the name of each field that is taken out; never its value."""

_PHRASES: Final = ("words", "starts", "ends", "whole", "spared")
_TOLD: Final = ("id", "category", "then", "why", "source")
_KEYS: Final = frozenset({*_TOLD, *_PHRASES, "of", "date"})
_SCALARS: Final = frozenset({str, bool, int, float, type(None)})
_MOST_REMEMBERED: Final = 50_000
_SHIPPED: Final = "denied_fields.toml"
_PLACES: Final = ("person", "event", "home")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: which names it denies and where, what becomes of them, why, by which source, as of when.

    `words` stand anywhere in a name, `starts` and `ends` at its ends, `whole` are all of it; `spared` take a name out.
    """

    id: str
    category: str
    then: Then
    of: frozenset[Place]
    why: str
    source: str
    date: date
    words: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()

    def denies(self, name: FieldName, place: Place) -> bool:
        """Whether the rule denies a name that stands there.

        In a home's record hold the rules of homes, and those of events but for what is a whole name: there, an age or a
        name is the home's.
        """
        if place not in self.of and not (place == "record" and self.of & {"event", "home"}):
            return False
        found = self.words & name.runs or self.starts & name.heads or self.ends & name.tails
        if place != "record" or "home" in self.of:
            found = found or self.whole & name.wholes
        return bool(found) and not self.spared & name.runs


class Denied:
    """The rules of an installation: those that ship with homing, and those of the deployer's own files.

    A rule of a file whose id is there already takes that rule's place. The rules are read when first needed.

    >>> then = lambda name, place: rule.then if (rule := DENIED.rule_of(name, place)) else "not denied"
    >>> then("lead.dateOfBirth", "person"), then("ListAgentFullName", "home"), then("StoriesTotal", "home")
    ('dropped', 'display_only', 'not denied')
    >>> DENIED.cleaned({"rooms": 3, "about": [{"key": "gender", "value": "x"}], "Religion": "y"}, "event", note=print)
    about.key
    about.value
    Religion
    {'rooms': 3, 'about': [{}]}
    """

    def __init__(self, *more: Path) -> None:
        self._more = more
        self._decided: dict[tuple[str, Place], Rule | None] = {}
        self._fine: dict[Place, set[str]] = {place: set() for place in get_args(Place)}

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule in the order in which they are asked; the deployer's new ones come first."""
        ours = {rule.id: rule for rule in _rules(self._ours, _SHIPPED)}
        theirs = {rule.id: rule for path in self._more for rule in _rules(_read(path), str(path))}
        added = {name: rule for name, rule in theirs.items() if name not in ours}
        return tuple((added | ours | theirs).values())

    def check(self) -> None:
        """Refuse rules that cannot be read, before they are needed."""
        _ = self.rules

    def rule_of(self, name: str, place: Place) -> Rule | None:
        """The rule that denies a field, if one does."""
        key = (name, place)
        if key in self._decided:
            return self._decided[key]
        written = field_name(name, self._whose)
        found = next((rule for rule in self.rules if rule.denies(written, place)), None)
        if len(self._decided) >= _MOST_REMEMBERED:  # names come from outside
            self._decided.clear()
        self._decided[key] = found
        return found

    def may_describe(self, name: str) -> bool:
        """Whether a field of a home may be an attribute that a model learns from, and be cited in a reason."""
        return self.rule_of(name, "home") is None

    def cleaned(
        self,
        row: Mapping[str, Any],
        place: Place,
        *,
        known: frozenset[str] = frozenset(),
        note: Note = str,
        where: str = "",
    ) -> Mapping[str, Any]:
        """The row without what is denied in it, at every level; the very row if that is nothing.

        What is only shown stays in a home's own row and goes everywhere else; what counts only as a filter stays.
        `known` are names of the row itself, not below, that stay whatever they are. `where` stands before each name
        that `note` is told.
        """
        fine = self._fine[place]
        for name, value in row.items():
            if name not in fine or type(value) not in _SCALARS:
                return self._object(row, _Walk(place, place == "home", note), where, known, DEEPEST)
        return row

    def _object(
        self, row: Mapping[str, Any], walk: _Walk, where: str, known: frozenset[str], levels: int
    ) -> Mapping[str, Any]:
        beside = self._named_beside(row, walk.place)
        kept: dict[str, Any] = {}
        for name, value in row.items():
            path = f"{where}.{name}" if where else str(name)
            if name in beside or (self._goes(name, walk) and name not in known):
                walk.note(path)
            elif type(value) in _SCALARS or not levels:
                kept[name] = value
            else:
                kept[name] = self._inside(value, self._below(name, walk), path, levels - 1)
        same = len(kept) == len(row) and all(kept[name] is value for name, value in row.items())
        return row if same else kept

    def _inside(self, value: Any, walk: _Walk, path: str, levels: int) -> Any:
        if isinstance(value, Mapping):
            return self._object(value, walk, path, frozenset(), levels)
        if isinstance(value, (list, tuple)) and levels:
            parts = [self._inside(part, walk, path, levels - 1) for part in value]
            return value if all(map(_is, parts, value)) else parts
        return value

    def _goes(self, name: object, walk: _Walk) -> bool:
        if not isinstance(name, str):
            return False
        rule = self.rule_of(name, walk.place)
        if rule is None and squashed(name) not in self._values and len(self._fine[walk.place]) < _MOST_REMEMBERED:
            self._fine[walk.place].add(name)
        return rule is not None and not (rule.then == "filter_only" or (walk.shown and rule.then == "display_only"))

    def _named_beside(self, row: Mapping[str, Any], place: Place) -> tuple[str, ...]:
        """The keys of a value that stands beside its name, as in {"key": "gender", "value": "x"}, if that is denied."""
        values = [name for name in row if isinstance(name, str) and squashed(name) in self._values]
        if not values:
            return ()
        walk = _Walk(place, shown=False, note=str)
        names = [
            name
            for name, value in row.items()
            if isinstance(name, str) and isinstance(value, str) and squashed(name) in self._names
            if self._goes(value, walk)
        ]
        return (*names, *values) if names else ()

    def _below(self, name: object, walk: _Walk) -> _Walk:
        """How what stands under a name is looked at: what describes a home is a home's, wherever it stands."""
        if walk.place == "event" and isinstance(name, str) and self._homely & field_name(name, frozenset()).runs:
            return _Walk("record", walk.shown, walk.note)
        return walk

    @cached_property
    def _ours(self) -> dict[str, Any]:
        return tomllib.loads((files("homing.trust") / "data" / _SHIPPED).read_text(encoding="utf-8"))

    @cached_property
    def _whose(self) -> frozenset[str]:
        return frozenset(self._ours["context"]["about_a_person"].split())

    @cached_property
    def _homely(self) -> frozenset[str]:
        return frozenset(self._ours["context"]["about_a_home"].split())

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(map(squashed, self._ours["pairs"]["names"]))

    @cached_property
    def _values(self) -> frozenset[str]:
        return frozenset(map(squashed, self._ours["pairs"]["values"]))


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk through a row: where it is, whether what is only shown may stay, and who is told what goes."""

    place: Place
    shown: bool
    note: Note


def _is(one: object, other: object) -> bool:
    return one is other


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        must = "be a TOML file of rules that can be read, as docs/explanation/law.md says"
        raise BadInput(Fault(str(path), must, reason(error))) from error


def _rules(content: Mapping[str, Any], where: str) -> Iterator[Rule]:
    told = content.get("rule", [])
    if not isinstance(told, list) or not told:
        raise BadInput.of(where, "hold rules, each under [[rule]]", told)
    faults = [fault for number, row in enumerate(told) for fault in _faults(row, f"{where}.rule[{number}]")]
    if faults:
        raise BadInput(faults)
    for row in told:
        phrases = {name: frozenset(map(squashed, row.get(name, ()))) for name in _PHRASES}
        written = tuple(phrase for name in _PHRASES[:-1] for phrase in row.get(name, ()))
        texts = {name: row[name] for name in _TOLD}
        yield Rule(**texts, of=frozenset(row["of"]), date=row["date"], **phrases, phrases=written)  # type: ignore[arg-type]


def _faults(row: object, where: str) -> Iterator[Fault]:
    """All that is wrong with a rule."""
    if not isinstance(row, Mapping):
        yield Fault(where, "be a table", shown(row))
        return
    for name in sorted(row.keys() - _KEYS):
        yield Fault(f"{where}.{name}", f"be left out; a rule has {', '.join(sorted(_KEYS))}", shown(row[name]))
    for name in _TOLD:
        if not isinstance(row.get(name), str) or not row[name].strip():
            yield Fault(f"{where}.{name}", "be a text that is not empty", shown(row.get(name)))
    if row.get("then") not in get_args(Then):
        yield Fault(f"{where}.then", f"be one of {', '.join(get_args(Then))}", shown(row.get("then")))
    if not isinstance(row.get("date"), date):
        yield Fault(f"{where}.date", "be a date such as 2026-11-22", shown(row.get("date")))
    if not _texts(row.get("of")) or not set(row["of"]) <= set(_PLACES):
        yield Fault(f"{where}.of", f"be a list of {', '.join(_PLACES)}", shown(row.get("of")))
    for name in _PHRASES:
        if not _texts(row.get(name, [])) or not all(map(squashed, row.get(name, []))):
            yield Fault(f"{where}.{name}", "be a list of phrases, each of at least one word", shown(row[name]))


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


DENIED: Final = Denied()
"""The rules that ship with homing."""
