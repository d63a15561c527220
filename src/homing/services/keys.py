"""Making and revoking keys of the API."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from homing.core.clock import Clock
from homing.core.errors import BadInput, Fault, UnknownId, shown
from homing.core.ids import new_id
from homing.store.keys import KeyStore, StoredKey

__all__ = ["SCOPES", "CreateKey", "NewKey", "RevokeKey", "Scope", "key_hash"]

Scope = Literal["site", "read", "write", "admin"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""What keys may do, each all that the one before may; `site` is the public one, for a listing site's pages."""

_RANDOM_BYTES: Final = 32
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_LONGEST_ORIGIN: Final = 255


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

    def __call__(self, scope: object, origins: Sequence[object] = ()) -> NewKey:
        """The new key; `origins` are the web sites, such as `https://homes.example`, that a site key is bound to."""
        faults = [Fault("scope", f"be one of {', '.join(SCOPES)}", shown(scope))] if scope not in SCOPES else []
        faults += [
            Fault(f"origins[{place}]", "be an origin such as https://homes.example, in small letters", shown(one))
            for place, one in enumerate(origins)
            if not (isinstance(one, str) and len(one) <= _LONGEST_ORIGIN and _ORIGIN.fullmatch(one))
        ]
        if origins and scope != "site" and not faults:
            faults.append(Fault("origins", "be left out unless the scope is site", shown(list(origins))))
        if faults:
            raise BadInput(faults)
        text = f"homing_{scope}_{secrets.token_urlsafe(_RANDOM_BYTES)}"
        kept = StoredKey(self.tenant, new_id("key"), str(scope), tuple(map(str, origins)), self.clock())
        self.store.add(key_hash(text), kept)
        return NewKey(text, kept)


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Let a key of a tenant count no longer, from the next request on, in every process."""

    store: KeyStore
    tenant: str
    clock: Clock

    def __call__(self, key_id: str) -> None:
        """Revoke it; one that does not count is refused."""
        if not self.store.revoke(self.tenant, key_id, self.clock()):
            raise UnknownId.of("key_id", "be the id of a key that counts (see homing keys list)", key_id)


def key_hash(text: str) -> bytes:
    """By what a key is found: SHA-256, which needs no salt and no slowness where 256 bits are random.

    >>> len(key_hash("homing_read_…"))
    32
    """
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
