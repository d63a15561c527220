"""Where the clients of Segment and RudderStack send what."""

from __future__ import annotations

from typing import Final

__all__ = ["ADDRESSES"]

ADDRESSES: Final = {
    "batch": None, "b": None, "import": None,
    "track": "track", "t": "track", "identify": "identify", "i": "identify", "page": "page", "p": "page",
    "screen": "screen", "s": "screen", "group": "group", "g": "group", "alias": "alias", "a": "alias",
}  # fmt: skip
"""The addresses below /v1, long and short, and the kind of the message that is sent there; None: a batch of any."""
