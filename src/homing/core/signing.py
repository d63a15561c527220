"""Texts that only we can have written: a payload under a keyed checksum, for what leaves us and comes back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from collections.abc import Callable
from functools import cached_property
from secrets import token_bytes
from typing import Final

from homing.core.errors import BadInput

__all__ = ["Signer"]

_MAC_BYTES: Final = 16
_MEMORY: Final = 4  # of 9: what zlib sets up for a text of some hundred bytes takes longer than packing it
_LONGEST_TOKEN: Final = 262_144
_LONGEST_PAYLOAD: Final = 1_048_576


class Signer:
    """Makes tokens of payloads and reads them back: HMAC-SHA256 (RFC 2104), cut to 128 bits, over the packed payload.

    A payload is not hidden, only sealed. The same payload gives the same token. `purpose` keeps tokens of one kind from
    passing as those of another. `key` is asked for once, when first needed.

    >>> signer = Signer(lambda: b"k" * 32, "answer")
    >>> token = signer.sign(b"three homes")
    >>> token == signer.sign(b"three homes"), signer.read(token, "recommendation_id")
    (True, b'three homes')
    >>> Signer(lambda: b"k" * 32, "visitor").read(token, "visitor")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    homing.core.errors.BadInput: visitor must be one that this service gave out, unchanged; got '...'
    """

    def __init__(self, key: Callable[[], bytes], purpose: str) -> None:
        self._ask, self._purpose = key, purpose.encode()

    @classmethod
    def for_this_process(cls, purpose: str) -> Signer:
        """With a key of its own that no other process knows and that ends with it."""
        key = token_bytes(32)
        return cls(lambda: key, purpose)

    @cached_property
    def _key(self) -> bytes:
        return hmac.digest(self._ask(), self._purpose, hashlib.sha256)

    def sign(self, payload: bytes) -> str:
        """The token of a payload: letters, digits, `-` and `_`."""
        packing = zlib.compressobj(memLevel=_MEMORY)
        packed = packing.compress(payload) + packing.flush()
        return base64.urlsafe_b64encode(self._mac(packed) + packed).rstrip(b"=").decode()

    def read(self, token: object, where: str) -> bytes:
        """The payload of a token; anything else, or one that was changed, is refused under the name `where`."""
        if isinstance(token, str) and token.isascii() and len(token) <= _LONGEST_TOKEN:
            try:
                raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            except binascii.Error:
                raw = b""
            mac, packed = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            # What we sealed ourselves is sound; nothing is unpacked before the seal is checked.
            if packed and hmac.compare_digest(mac, self._mac(packed)):
                return zlib.decompressobj().decompress(packed, _LONGEST_PAYLOAD)
        raise BadInput.of(where, "be one that this service gave out, unchanged", token)

    def _mac(self, packed: bytes) -> bytes:
        return hmac.digest(self._key, packed, hashlib.sha256)[:_MAC_BYTES]
