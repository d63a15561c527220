"""Writes the reference page: `python -m homing.feature_engineering.reference > docs/reference/features.md`."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence

from homing.core.clock import DAY, HOUR, MINUTE, SECOND
from homing.event_types import EventType
from homing.feature_engineering import FEATURES
from homing.feature_engineering.declaration import ALL, Example, Feature
from homing.feature_engineering.feature_extractors.first_version import EXTRACTED
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, WISHES

__all__ = ["page"]

_HEAD = """# Features

This page is written by `python -m homing.feature_engineering.reference` from the declarations; a test compares them.

Every feature is always present in an answer: a number is NaN (null in JSON) and a category `unknown` where there is no
evidence. A feature sees events of the types it reads that happened in its window, (as_of - window, as_of], and that
were known by then. Hours, weekdays and dates are those of the wall clock in the lead's time zone. "Behavior" stands for
the types of the first version and all else that a lead does; not for {passive}. "Wishes" stands for what speaks for a
home or against it, and searches: {wishes}.

What a home was (price, rooms, area, kind, place) is what the event itself says of it, else what the catalogue said of
it at the event, as known at `as_of`. A place is a postal code, else a city. Of swipes those to the right speak for a
home. Names that the first version had look back 30 days; so do others without a suffix. `_7d`, `_24h` and `_90d` say
another span. How the values are spread stands on [a page of its own](feature-distributions.md). The four extractors of
the first version: {extractors}.
"""

_SUBJECTS = {"lead": "Leads", "property": "Homes", "agent": "Agents"}
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


def page() -> str:
    """The whole page as Markdown."""
    passive = ", ".join(f"`{kind}`" for kind in EventType if kind not in BEHAVIOR)
    wishes = ", ".join(f"`{kind}`" for kind in EventType if kind in WISHES)
    extractors = "; ".join(f"{name}: {', '.join(f'`{one}`' for one in names)}" for name, names in EXTRACTED.items())
    return "\n".join([_HEAD.format(passive=passive, wishes=wishes, extractors=extractors), *_sections()])


def _sections() -> Iterator[str]:
    for subject, features in FEATURES.items():
        numeric = sum(not one.is_category for one in features)
        rest = f" and {len(features) - numeric} categorical" if numeric < len(features) else ""
        yield f"## {_SUBJECTS[subject]}: {numeric} numeric{rest}\n"
        for family in dict.fromkeys(one.family for one in features):
            yield f"### {_SUBJECTS[subject]}, {family}\n"
            yield "| feature | unit | reads | window | range | without history | example | meaning |"
            yield "|---|---|---|---|---|---|---|---|"
            yield from (_row(one) for one in features if one.family == family)
            yield ""


def _row(one: Feature) -> str:
    cells = (
        f"`{one.name}`",
        one.unit,
        _reads(one.reads),
        _span(one.window),
        _range(one),
        "unknown" if one.is_category else _number(one.missing),
        _example(one.example),
        " ".join(one.doc.split()),
    )
    return f"| {' | '.join(cells)} |"


def _reads(reads: frozenset[EventType]) -> str:
    if reads == ALL:
        return "every type"
    if reads == BEHAVIOR:
        return "behavior"
    if reads == WISHES:
        return "wishes"
    if len(reads) > 8:
        return f"{len(reads)} types"
    return ", ".join(f"`{kind}`" for kind in EventType if kind in reads)


def _range(one: Feature) -> str:
    if isinstance(one.categories, str):
        return "any text"
    if one.categories:
        return ", ".join(one.categories) if len(one.categories) < 8 else "an event type"
    return f"{_number(one.low)} to {_number(one.high)}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e6 else f"{value:.4g}"


def _span(duration: int) -> str:
    """A duration in the largest units that write it exactly.

    >>> _span(2 * DAY + 5 * HOUR)
    '2 d 5 h'
    """
    parts = []
    for size, name in _UNITS:
        count, duration = divmod(duration, size)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts)


def _example(example: Example) -> str:
    events = "; ".join(_told(row) for row in example.events)
    value = f"`{example.value}`" if isinstance(example.value, str) else f"**{_number(example.value)}**"
    named = {"it", *(home for _, home, _ in example.views)}
    homes = "; ".join(
        [_home(home, versions) for home, versions in example.homes.items() if home in named or home in events]
        + [f"{_span(age)} ago view of {home} by {lead}" for age, home, lead in example.views]
    )
    return f"{events}{f' ({homes})' if homes else ''} → {value}"


def _home(name: str, versions: Sequence[tuple[int, Mapping[str, object]]]) -> str:
    """What a home of an example was."""
    said = (f"{_span(age)} ago {', '.join(f'{key} {_plain(value)}' for key, value in one.items())}"
            for age, one in versions)  # fmt: skip
    return f"{name}: {'; '.join(said)}"


def _plain(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _told(row: Sequence[object]) -> str:
    age, kind = row[0], row[1]
    more = row[2] if len(row) > 2 else {}
    data = ", ".join(f"{key} {value}" for key, value in more.items()) if isinstance(more, dict) else ""
    return f"{_span(int(str(age)))} ago {kind}" + (f" ({data})" if data else "")


if __name__ == "__main__":
    sys.stdout.write(page())
