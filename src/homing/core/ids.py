"""Identity: names for the kinds of id, ids made for events, and dense integer codes for arrays."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from typing import Any, Generic, NewType, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault, shown

__all__ = [
    "LONGEST_ID",
    "AgentId",
    "LeadId",
    "PropertyId",
    "Tenant",
    "Vocabulary",
    "are_ids",
    "checked_id",
    "content_id",
    "id_fault",
    "new_id",
]

LeadId = NewType("LeadId", str)
PropertyId = NewType("PropertyId", str)
AgentId = NewType("AgentId", str)
Tenant = NewType("Tenant", str)

LONGEST_ID = 255

Id = TypeVar("Id", bound=str | int)


def id_fault(value: object, where: str) -> Fault | None:
    """What is wrong with an id from outside, or None: a text of 1 to 255 printable characters without blank ends."""
    if type(value) is str and 0 < len(value) <= LONGEST_ID and value.isprintable() and " " not in (value[0], value[-1]):
        return None
    must = f"be a text of 1 to {LONGEST_ID} printable characters"
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
        return Fault(where, must, shown(value))
    if not value.isprintable() or value != value.strip():
        return Fault(where, must + " without blanks at its ends", shown(value))
    return None


def are_ids(values: Collection[Any]) -> bool:
    """Whether these are all ids for sure, at one look at all of them; if not, `id_fault` says of each whether it is.

    >>> are_ids(["lead-1", "home 7"]), are_ids(["lead-1", "home-7 "]), are_ids(["a|", " b"]), are_ids([7])
    (True, False, False, False)
    """
    if not values:
        return True
    try:
        joined, lengths = f"|{'|'.join(values)}|", set(map(len, values))
    except TypeError:
        return False
    blank_end = "| " in joined or " |" in joined
    return joined.isprintable() and not blank_end and min(lengths) > 0 and max(lengths) <= LONGEST_ID


def new_id(prefix: str) -> str:
    """A fresh random id such as `evt_5f0c…` (96 random bits)."""
    return f"{prefix}_{secrets.token_hex(12)}"


def content_id(prefix: str, *parts: str) -> str:
    """An id that depends only on the parts, so that the same content read twice gets the same id.

    >>> content_id("evt", "a", "b") == content_id("evt", "a", "b") != content_id("evt", "ab", "")
    True
    """
    digest = hashlib.sha256("\x1f".join(f"{len(part)}:{part}" for part in parts).encode())
    return f"{prefix}_{digest.hexdigest()[:24]}"


class Vocabulary(Generic[Id]):
    """A one-to-one map between ids and the codes 0, 1, 2, … in order of first appearance. It never changes.

    >>> homes = Vocabulary(["b", "a", "b"])
    >>> homes.ids, homes.codes(["a", "zebra"]).tolist(), homes.code("b")
    (('b', 'a'), [1, -1], 0)
    """

    __slots__ = ("__weakref__", "_codes", "_lined_up", "ids")

    def __init__(self, ids: Iterable[Id]) -> None:
        self.ids: tuple[Id, ...] = tuple(dict.fromkeys(ids))
        self._codes: dict[Id, int] = {name: code for code, name in enumerate(self.ids)}
        self._lined_up: WeakKeyDictionary[Vocabulary[Any], NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, name: object) -> bool:
        return name in self._codes

    def code(self, name: Id) -> int:
        """The code of an id, -1 if it is unknown."""
        return self._codes.get(name, -1)

    def codes(self, names: Sequence[Id]) -> NDArray[np.int64]:
        """The codes of many ids, shape (len(names),), -1 where unknown."""
        return np.fromiter(map(self._codes.get, names, repeat(-1)), dtype=np.int64, count=len(names))

    def codes_of(self, other: Vocabulary[Any]) -> NDArray[np.int64]:
        """The codes of all ids of another vocabulary, read-only; looked up once, as neither ever changes.

        >>> homes, fewer = Vocabulary(["a", "b", "c"]), Vocabulary(["c", "zebra"])
        >>> homes.codes_of(fewer).tolist(), homes.codes_of(fewer) is homes.codes_of(fewer)
        ([2, -1], True)
        """
        if self._lined_up is None:
            self._lined_up = WeakKeyDictionary()
        codes = self._lined_up.get(other)
        if codes is None:
            codes = self.codes(other.ids)
            codes.setflags(write=False)
            self._lined_up[other] = codes
        return codes

    def extended(self, names: Iterable[Id]) -> Vocabulary[Id]:
        """A vocabulary that also knows these; the codes that exist stay."""
        return Vocabulary((*self.ids, *names))


def checked_id(value: object, where: str) -> str:
    """The id itself if it is one; otherwise a clear refusal."""
    fault = id_fault(value, where)
    if fault is not None or not isinstance(value, str):
        raise BadInput(fault or Fault(where, "be a text", shown(value)))
    return value
