"""Reading JSON from outside, and saying in plain words why a text is none."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["NotJson", "read_json"]

_decode = msgspec.json.Decoder().decode


class NotJson(ValueError):
    """A text is no JSON; the message says what it is instead."""


def read_json(text: bytes) -> Any:
    """The value a JSON text stands for. Of keys that are repeated in an object the last counts.

    >>> read_json(b'{"a": [1, null]}')
    {'a': [1, None]}
    >>> read_json(b'{"a": 1')
    Traceback (most recent call last):
    ...
    homing.core.json_text.NotJson: a text that ends too early
    """
    try:
        return _decode(text)
    except (ValueError, RecursionError) as error:
        raise NotJson(_instead(error, text)) from error


def _instead(error: Exception, text: bytes) -> str:
    if isinstance(error, RecursionError):
        return "values nested too deep to be read"
    try:
        text.decode()
    except UnicodeDecodeError as fault:
        return f"bytes that are not UTF-8, the first of them 0x{text[fault.start]:02x}"
    if not text.strip():
        return "nothing"
    said = str(error)
    if "truncated" in said:
        return "a text that ends too early"
    if "out of range" in said:
        return "a number of too many digits"
    return said.removeprefix("JSON is malformed: ")
