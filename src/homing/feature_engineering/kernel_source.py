"""Writes the one module that holds all features of a subject, fused into a single compiled loop over entities.

The file's name is a hash of everything it reaches, because numba's own cache does not see an edit in another file.
Only the driver is cached on disk and callable from Python; what it calls is compiled without wrappers of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from homing.feature_engineering.declaration import Feature
from homing.feature_engineering.plan import Group, groups_of, reads_table
from homing.feature_engineering.reach import Reached
from homing.tracking.history import CODES, MOMENTS, Histories, choices_of, payload_kind

__all__ = ["KernelSource", "arguments", "kernel_source"]

_HEAD = '''"""Written by homing.feature_engineering.kernel_source; safe to delete."""

import math

import numba
import numpy as np

inner = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)


@inner
def first_after(at, start, end, moment):
    while start < end:
        middle = (start + end) // 2
        if at[middle] <= moment:
            start = middle + 1
        else:
            end = middle
    return start

'''


@dataclass(frozen=True, slots=True)
class KernelSource:
    """A module to be compiled: its name, its text, the columns its driver takes after the fixed arguments."""

    name: str
    text: str
    columns: tuple[str, ...]
    numbered: tuple[str, ...]
    features: tuple[Feature, ...]
    reads: NDArray[np.bool_]


def kernel_source(features: Sequence[Feature]) -> KernelSource:
    """The module that computes these features, in this order, for many entities.

    `driver(offsets, as_of, reads, out, at, known_at, type, <columns>, <number of words of each numbered column>)`
    fills `out`, shape (entities, features).
    """
    groups = groups_of(features)
    columns = tuple(sorted({name for group in groups for name in group.columns} - {"at", "type"}))
    numbered = tuple(name for name in columns if _is_numbered(name))
    reached: dict[str, Reached] = {}
    for one in features:
        for helper in one.reached.helpers:
            reached |= helper.everything()
    reached |= {one.reached.name: one.reached for one in features if one.reached.expression is None}
    lines = [_HEAD, *_tables([*reached.values(), *(one.reached for one in features)]), *_functions(reached.values())]
    lines += _driver(groups, columns, numbered)
    text = "\n".join(lines) + "\n"
    stamp = f"{text}\n{Path(__file__).read_text()}\n{_machine()}"
    name = f"features_{sha256(stamp.encode()).hexdigest()[:20]}"
    return KernelSource(name, text, columns, numbered, tuple(features), reads_table(groups))


def arguments(source: KernelSource, histories: Histories, as_of: NDArray[np.int64]) -> tuple[object, ...]:
    """The driver's arguments for these histories, and the array it fills as the fourth of them."""
    out = np.empty((len(histories), len(source.features)), dtype=np.float64)
    held = histories.columns
    return (
        histories.offsets,
        as_of,
        source.reads,
        out,
        held["at"],
        held["known_at"],
        held["type"],
        *(held[name] for name in source.columns),
        *(len(histories.words[name]) for name in source.numbered),
    )


def _machine() -> str:
    """What machine code depends on beside its source: the compiler and the processor."""
    import numba  # half a second, and only those who compile need it
    from llvmlite import binding

    processor = f"{binding.get_process_triple()} {binding.get_host_cpu_name()}"
    return f"{numba.__version__} {np.__version__} {processor} {binding.get_host_cpu_features().flatten()}"


def _is_numbered(column: str) -> bool:
    return column in CODES or (payload_kind(column) == "label" and not choices_of(column))


def _dtype(column: str) -> str:
    if column in MOMENTS:
        return "np.int64"
    if column == "type":
        return "np.int16"
    return "np.float64" if payload_kind(column) == "number" else "np.int32"


def _tables(reached: Iterable[Reached]) -> Iterator[str]:
    tables = {name: table for one in reached for name, table in one.tables.items()}
    for name, table in sorted(tables.items()):
        whole = all(isinstance(one, int) for one in table)
        yield f"{name} = np.array({table!r}, dtype=np.{'int64' if whole else 'float64'})"
    yield ""


def _functions(reached: Iterable[Reached]) -> Iterator[str]:
    for one in reached:
        yield f"\n@inner\n{one.source}\n"


def _driver(groups: Sequence[Group], columns: tuple[str, ...], numbered: tuple[str, ...]) -> Iterator[str]:
    taken = [*(f"c_{name}" for name in ("at", "known_at", "type", *columns)), *(f"words_{name}" for name in numbered)]
    yield "\n@numba.njit(cache=True, nogil=True)"
    yield f"def driver(offsets, as_of, reads, out, {', '.join(taken)}):"
    yield "    longest = 0"
    yield "    for e in range(len(as_of)):"
    yield "        longest = max(longest, offsets[e + 1] - offsets[e])"
    for name in ("at", "type", *columns):
        yield f"    b_{name} = np.empty(longest, {_dtype(name)})"
    for name in numbered:
        yield f"    number_{name} = np.full(words_{name}, -1, np.int32)"
        yield f"    word_{name} = np.empty(longest, np.int32)"
    yield "    for e in range(len(as_of)):"
    yield "        now = as_of[e]"
    yield "        end = first_after(c_at, offsets[e], offsets[e + 1], now)"
    windows = sorted({group.window for group in groups})
    for place, window in enumerate(windows):
        yield f"        start_{place} = first_after(c_at, offsets[e], end, now - {window})"
    for number, group in enumerate(groups):
        for line in _group(number, group, windows.index(group.window)):
            yield "        " + line


def _group(number: int, group: Group, window: int) -> Iterator[str]:
    numbered = [name for name in group.columns if _is_numbered(name)]
    yield "n = np.int64(0)"
    for name in numbered:
        yield f"n_{name} = 0"
    yield f"for i in range(start_{window}, end):"
    yield f"    if c_known_at[i] <= now and reads[{number}, c_type[i]]:"
    for name in group.columns:
        yield from (
            f"        {line}" for line in (_number(name) if name in numbered else [f"b_{name}[n] = c_{name}[i]"])
        )
    yield "        n += 1"
    yield "if n == 0:"
    for place, one in zip(group.places, group.features, strict=True):
        yield f"    out[e, {place}] = {'math.nan' if math.isnan(one.missing) else repr(one.missing)}"
    yield "else:"
    for name in group.columns:
        yield f"    h_{name} = b_{name}[:n]"
    yield "    h_size, h_as_of = n, now"
    shared = {name: text for one in group.features for name, text in one.reached.shared.items()}
    yield from (f"    {name} = {text}" for name, text in shared.items())
    done: dict[str, int] = {}
    for place, one in zip(group.places, group.features, strict=True):
        first = done.setdefault(one.reached.name, place)
        yield from (
            f"    {line}" for line in (_call(place, one) if first == place else [f"out[e, {place}] = out[e, {first}]"])
        )
    for name in numbered:
        yield f"for i in range(n_{name}):"
        yield f"    number_{name}[word_{name}[i]] = -1"


def _number(name: str) -> Iterator[str]:
    """Number a column's codes 0, 1, 2, … in the order in which they first appear in the cut."""
    yield f"word = c_{name}[i]"
    yield "if word < 0:"
    yield f"    b_{name}[n] = -1"
    yield "else:"
    yield f"    if number_{name}[word] < 0:"
    yield f"        number_{name}[word] = n_{name}"
    yield f"        word_{name}[n_{name}] = word"
    yield f"        n_{name} += 1"
    yield f"    b_{name}[n] = number_{name}[word]"


def _call(place: int, one: Feature) -> Iterator[str]:
    call = one.reached.expression or f"{one.reached.name}({', '.join(one.reached.arguments)})"
    if isinstance(one.categories, str):
        yield f"chosen = {call}"
        yield f"out[e, {place}] = word_{one.categories}[chosen] if chosen >= 0 else -1"
    else:
        yield f"out[e, {place}] = {call}"
