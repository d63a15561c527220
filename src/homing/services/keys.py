"""Making, listing and revoking keys of the API."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final, Literal, get_args

from homing.core.clock import Clock
from homing.core.ids import new_id
from homing.store.keys import KeyStore, StoredKey

__all__ = ["SCOPES", "CreateKey", "NewKey", "Scope", "key_hash"]

Scope = Literal["site", "read", "write", "admin"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""What keys may do, each all that the one before may; `site` is the public one, for a listing site's pages."""

_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: its text, which is shown once and kept nowhere, and what is kept of it."""

    text: str
    kept: StoredKey


@dataclass(frozen=True, slots=True)
class CreateKey:
    """Make a key of 256 random bits for a tenant; it counts at once."""

    store: KeyStore
    tenant: str
    clock: Clock

    def __call__(self, scope: Scope, origins: tuple[str, ...] = ()) -> NewKey:
        """The new key; `origins` are those that a site key is bound to."""
        text = f"homing_{scope}_{secrets.token_urlsafe(_RANDOM_BYTES)}"
        kept = StoredKey(self.tenant, new_id("key"), scope, origins, self.clock())
        self.store.put(key_hash(text), kept)
        return NewKey(text, kept)


def key_hash(text: str) -> bytes:
    """By what a key is found: SHA-256, which needs no salt and no slowness where 256 bits are random.

    >>> len(key_hash("homing_read_…"))
    32
    """
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
