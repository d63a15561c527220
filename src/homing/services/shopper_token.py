"""What proves to a page of a listing site who its shopper is: a token that only this service can have signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Self

from homing.core.clock import DAY
from homing.core.errors import BadInput
from homing.core.signing import Signer

__all__ = ["LEAD_TOKEN_LASTS", "VISITOR_TOKEN_LASTS", "ShopperToken"]

LEAD_TOKEN_LASTS: Final = DAY
VISITOR_TOKEN_LASTS: Final = 90 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopperToken:
    """That who holds it is this lead or this visitor of a tenant, until a moment in microseconds UTC.

    >>> signer = Signer.for_this_process("shopper")
    >>> token = ShopperToken(tenant="default", lead_id="ann", expires_at=10)
    >>> ShopperToken.read(signer, token.text(signer), tenant="default", now=9) == token
    True
    >>> ShopperToken.read(signer, token.text(signer), tenant="default", now=10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    homing.core.errors.BadInput: Homing-Token must be one that has not expired; got '...'
    """

    tenant: str
    lead_id: str | None = None
    anonymous_id: str | None = None
    expires_at: int

    def text(self, signer: Signer) -> str:
        """The token."""
        fields = (self.tenant, self.lead_id, self.anonymous_id, self.expires_at)
        return signer.sign(json.dumps(fields, separators=(",", ":")).encode())

    @classmethod
    def read(cls, signer: Signer, text: object, *, tenant: str, now: int) -> Self:
        """What a token says; one that was changed, has expired, or is another tenant's is refused."""
        own, lead_id, anonymous_id, expires_at = json.loads(signer.read(text, "Homing-Token"))
        if own != tenant:
            raise BadInput.of("Homing-Token", "be one that this service gave out, unchanged", text)
        if expires_at <= now:
            raise BadInput.of("Homing-Token", "be one that has not expired", text)
        return cls(tenant=own, lead_id=lead_id, anonymous_id=anonymous_id, expires_at=expires_at)
