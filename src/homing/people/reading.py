"""Reading a profile row: every fault is noted, what is denied is dropped and counted, a null is a key left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import id_fault
from homing.trust.denied import DENIED, Denied

__all__ = ["Reading"]

T = TypeVar("T")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


class Reading:
    """One row being read. The verbs return None for what is left out or wrong; `faults` says what is wrong.

    What is `denied` is named in `dropped`; of it `reach` holds, as (rule, text), what a person can be found by again.

    >>> reading = Reading({"lead_id": "l1", "email": "a@b.example", "colour": 1}, known=("lead_id",))
    >>> reading.dropped, [str(fault) for fault in reading.faults]
    (['email'], ['colour must be left out; known are lead_id; got 1'])
    """

    def __init__(
        self,
        row: Mapping[str, Any],
        known: Collection[str],
        where: str = "",
        denied: Denied = DENIED,
    ) -> None:
        self.faults: list[Fault] = []
        self.dropped: list[str] = []
        self._where, self._denied = where, denied
        self._row = {name: value for name, value in row.items() if value is not None}
        rules = {
            name: rule
            for name in row
            if name not in known and isinstance(name, str) and (rule := denied.rule_of(name, "person"))
        }
        self._gone = frozenset(rules)
        self.dropped += rules
        self.reach = tuple(
            (rule.id, text)
            for name, rule in rules.items()
            if rule.then == "hashed" and isinstance(text := row[name], str | int)
        )
        for name in self._row:
            if name not in known and name not in rules:
                value = self._cleaned(name, self._row[name])
                self._fault(name, f"be left out; known are {', '.join(known)}", value)

    def id(self, name: str, *, required: bool = False) -> str | None:
        """An id."""
        value = self._row.get(name)
        if value is None and not required:
            return None
        if fault := id_fault(value, self._path(name)):
            self.faults.append(fault)
            return None
        return str(value)

    def text(self, name: str) -> str | None:
        """A text that is not empty."""
        return self._read(name, "be a text that is not empty", lambda value: value.strip(), str)

    def digits(self, name: str) -> str | None:
        """A text of digits; a whole number is taken as its digits."""
        value = self._row.get(name)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if text is None:
            return None
        if not isinstance(text, str) or not text.isdecimal():
            self._fault(name, "be a text of digits", value)
            return None
        return text

    def number(self, name: str, *, above: float = -math.inf, low: float = -math.inf) -> float | None:
        """A finite number above or from a bound."""
        value = self._row.get(name)
        if value is None:
            return None
        must = f"be a finite number above {above:g}" if above > -math.inf else f"be a finite number from {low:g}"
        fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
        if not fits or not (value > above and value >= low):
            self._fault(name, must, value)
            return None
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one, a number among them is taken as its text."""
        value = self._row.get(name)
        given = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(given, list | tuple) or not all(_is_word(item) for item in given):
            self._fault(name, "be a list of texts", value)
            return ()
        return tuple(str(item).strip() for item in given)

    def zone(self, name: str) -> str | None:
        """The name of a time zone that exists."""
        value = self._row.get(name)
        if value is not None and (not isinstance(value, str) or value not in _zones()):
            self._fault(name, "be an IANA time zone such as America/Los_Angeles", value)
            return None
        return value

    def choices(self, name: str, keys: Collection[str], values: Collection[str]) -> dict[str, str]:
        """An object whose keys and values come from closed sets."""
        given = self._object(name)
        for key, value in given.items():
            if key not in keys:
                self._fault(f"{name}.{key}", f"be left out; known are {', '.join(keys)}", value)
            elif not isinstance(value, str) or value not in values:
                self._fault(f"{name}.{key}", f"be one of {', '.join(values)}", value)
        return {key: str(value) for key, value in given.items()}

    def under(self, name: str, known: Collection[str]) -> Reading:
        """The object under a key, read in the same way; its faults and what it drops are this row's too."""
        inner = Reading(self._object(name), known, self._path(name), self._denied)
        self.faults += inner.faults
        self.dropped += inner.dropped
        inner.faults, inner.dropped = self.faults, self.dropped
        return inner

    def items(self) -> dict[str, Any]:
        """The known keys that are given, as they came but for what is denied in them."""
        kept = {name: value for name, value in self._row.items() if name not in self._gone}
        return {name: self._cleaned(name, value) for name, value in kept.items()}

    def json(self, name: str) -> Any:
        """A text, list or object as it came but for what is denied in it."""
        value = self._row.get(name)
        if value is not None and not isinstance(value, str | list | dict):
            self._fault(name, "be a text, a list or an object", value)
            return None
        return self._cleaned(name, value)

    def check(self, where: str = "") -> None:
        """Raise what was found wrong, if anything was."""
        if self.faults:
            raise BadInput([fault.under(where) for fault in self.faults] if where else self.faults)

    def _cleaned(self, name: str, value: Any) -> Any:
        """A value without what is denied in it, however deep."""
        if not isinstance(value, Mapping | list | tuple):
            return value
        return self._denied.cleaned({name: value}, "person", known=frozenset({name}), note=self.dropped.append)[name]

    def _object(self, name: str) -> Mapping[str, Any]:
        value = self._row.get(name, {})
        if isinstance(value, Mapping):
            return value
        self._fault(name, "be an object", value)
        return {}

    def _read(self, name: str, must: str, form: Callable[[Any], T], kind: type[Any]) -> T | None:
        value = self._row.get(name)
        if value is None:
            return None
        formed = form(value) if isinstance(value, kind) else None
        if not formed:
            self._fault(name, must, value)
            return None
        return formed

    def _path(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def _fault(self, name: str, must: str, got: object) -> None:
        self.faults.append(Fault(self._path(name), must, shown(got)))


def _is_word(item: object) -> bool:
    return (isinstance(item, str) and bool(item.strip())) or (isinstance(item, int) and not isinstance(item, bool))
