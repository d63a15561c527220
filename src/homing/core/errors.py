"""Every error homing raises on purpose, sorted by who can act.

HomingError
├── BadInput            the caller: change what was passed; carries every fault found, not only the first
│   └── UnknownId       the caller asked about a thing that is not there
├── NotReady            the operator: something must be done first (train a model, import homes)
├── Overloaded          the caller: the same again, a little later
└── StorageError        the operator: disk, permissions, a damaged file
    └── DamagedArtifact a saved model whose bytes are not those that were written
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

__all__ = [
    "BadInput", "DamagedArtifact", "Fault", "HomingError", "NotReady", "Overloaded", "StorageError", "UnknownId",
    "one_line", "reason", "shown",
]  # fmt: skip

_LONGEST_SHOWN = 80
_LONGEST_PART = 400
_MOST_FAULTS = 100
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where it stands, what it must be, what came instead.

    Where and what came are from outside: each is kept on one line and cut to a length that is safe to print.

    >>> str(Fault("rows[3].price", "be a positive number of USD", "'12k'"))
    "rows[3].price must be a positive number of USD; got '12k'"
    """

    where: str
    must: str
    got: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", one_line(self.where))
        object.__setattr__(self, "got", one_line(self.got))

    def __str__(self) -> str:
        return f"{self.where} must {self.must}; got {self.got}"

    def under(self, place: str) -> Fault:
        """The same fault seen from one level further out."""
        return Fault(f"{place}.{self.where}" if self.where else place, self.must, self.got)


def one_line(text: str) -> str:
    r"""The text on one line that cannot steer a terminal, cut where it is longer than anybody reads.

    >>> one_line("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    plain = (
        text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:_LONGEST_PART])
    )
    return plain if len(text) <= _LONGEST_PART else f"{plain[:_LONGEST_PART]}… ({len(text):,} long)"


def shown(value: object) -> str:
    """`repr` cut to a length that is safe to print and to log; of what has no `repr`, its type; of None, nothing.

    >>> shown("a" * 200)[-15:], shown(None)
    ('aaa… (202 long)', 'nothing')
    """
    if value is None:
        return "nothing"
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested without end; an integer of thousands of digits
        return f"a {type(value).__name__}"
    text = _ADDRESS.sub("", text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}… ({len(text)} long)"


def reason(error: Exception) -> str:
    """Why something failed, without the number and the path that Python puts around it.

    >>> reason(FileNotFoundError(2, "No such file or directory", "/tmp/x")), reason(ValueError("no number"))
    ('No such file or directory', 'no number')
    """
    return str(getattr(error, "strerror", None) or error).rstrip(".")


class HomingError(Exception):
    """Anything homing refuses or cannot do."""


class BadInput(HomingError, ValueError):
    """The caller's input is wrong; `faults` lists what was found wrong with it, of many the first 100.

    >>> str(BadInput(Fault(f"rows[{n}]", "be an object", "1") for n in range(1_000)))[-38:]
    'an object; got 1; and 900 more faults.'
    """

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        found = iter((faults,) if isinstance(faults, Fault) else faults)
        self.faults: Sequence[Fault] = tuple(islice(found, _MOST_FAULTS))
        more = sum(1 for _ in found)
        super().__init__("; ".join(map(str, self.faults)) + (f"; and {more:,} more faults." if more else ""))

    @classmethod
    def of(cls, where: str, must: str, got: object) -> BadInput:
        """One fault, with `got` printed safely."""
        return cls(Fault(where, must, shown(got)))


class UnknownId(BadInput, LookupError):
    """The caller named a home, agent, model or experiment that is not there."""


class NotReady(HomingError, RuntimeError):
    """Something has to be done first; the message says what."""


class Overloaded(HomingError):
    """More was brought at once than can be taken in; nothing of it was kept, and the same may be sent again."""


class StorageError(HomingError, OSError):
    """The disk, the database or a file failed; nothing was half-written."""


class DamagedArtifact(StorageError):
    """A saved model does not hold the bytes its manifest promises."""
