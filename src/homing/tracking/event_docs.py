"""Writes the reference page of the events from the event table: `python -m homing.tracking.event_docs FILE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, Literal

from homing.event_types import EventType, Key

__all__ = ["event_docs"]

_SOURCES: Final[tuple[tuple[Literal["reso", "follow_up_boss", "segment", "gohighlevel"], str], ...]] = (
    ("reso", "RESO InternetTracking"),
    ("follow_up_boss", "Follow Up Boss"),
    ("segment", "Segment"),
    ("gohighlevel", "GoHighLevel"),
)
_HEAD: Final = """\
# Events

<!-- Generated from the event table by homing.tracking.event_docs; do not edit. -->

An event says what happened (`event_type`), when (`timestamp`, RFC 3339 with offset), to whom (`lead_id`, or
`anonymous_id` of a visitor nobody knows yet), and as its type needs about which home, by which agent, in which session.
What an event is worth before weights are learned: a plain view of a home is 1; *against* counts against the home.

| type | caused by | needs | worth |
|---|---|---|---|
"""


def event_docs() -> str:
    """The page in Markdown: a table of all types, then a section each."""
    return _HEAD + "".join(map(_line, EventType)) + "".join(map(_section, EventType))


def _line(kind: EventType) -> str:
    return f"| [`{kind.value}`](#{kind.value}) | {kind.spec.cause} | {_needs(kind)} | {_worth(kind)} |\n"


def _section(kind: EventType) -> str:
    spec = kind.spec
    text = f"\n## {kind.value}\n\n{spec.doc}{' Counts as engaged.' if spec.engaged else ''}\n"
    if spec.payload:
        text += "\n| key of `event_data` | kind | meaning |\n|---|---|---|\n" + "".join(map(_key, spec.payload))
    names = [f"{title}: {', '.join(f'`{name}`' for name in getattr(spec, source))}" for source, title in _SOURCES
             if getattr(spec, source)]  # fmt: skip
    return text + (f"\nCalled elsewhere: {'; '.join(names)}.\n" if names else "")


def _key(key: Key) -> str:
    kind = key.kind
    if key.choices:
        kind_text = "one of " + ", ".join(f"`{choice}`" for choice in key.choices)
    elif key.low is not None and key.high is not None:
        kind_text = f"{kind} from {key.low:g} to {key.high:g}"
    else:
        kind_text = kind if key.low is None else f"{kind} of at least {key.low:g}"
    return f"| `{key.name}` | {kind_text} | {key.doc} |\n"


def _needs(kind: EventType) -> str:
    return ", ".join(need for need in ("lead", "property", "agent", "session") if need in kind.spec.needs)


def _worth(kind: EventType) -> str:
    spec = kind.spec
    if spec.polarity == "neutral":
        return "no evidence about a home"
    return f"{spec.weight:g}" if spec.polarity == "positive" else f"{spec.weight:g} against"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(event_docs(), encoding="utf-8")
