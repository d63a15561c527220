"""The id of an answer: a signed token that says for whom it was, by which models, with which homes in which order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from homing.core.errors import BadInput
from homing.core.ids import content_id
from homing.core.signing import Signer

__all__ = ["AnswerToken"]

_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerToken:
    """What an answer was, so that what comes of it can be told without having stored it.

    `properties` are in the order shown; `propensities` (the probability of each home to stand where it stood) is None
    where the list followed from the scores alone, which is a propensity of 1.

    >>> signer = Signer.for_this_process("answer")
    >>> token = AnswerToken(tenant="default", lead_id="ann", as_of=0, models={"hybrid": "3"}, properties=("h1", "h2"))
    >>> AnswerToken.read(signer, token.text(signer), tenant="default") == token, token.rank("h2")
    (True, 2)
    """

    tenant: str
    lead_id: str | None = None
    anonymous_id: str | None = None
    as_of: int
    models: Mapping[str, str]
    experiment: Mapping[str, Any] | None = None
    properties: tuple[str, ...] = ()
    propensities: tuple[float, ...] | None = None

    @property
    def answer_id(self) -> str:
        """A short name for the answer, for what is stored of it."""
        return content_id("rec", self._payload())

    def text(self, signer: Signer) -> str:
        """The token."""
        return signer.sign(self._payload().encode())

    @classmethod
    def read(cls, signer: Signer, text: object, *, tenant: str) -> Self:
        """What a token says; one that was changed, or is another tenant's, is refused."""
        form, *fields = json.loads(signer.read(text, "recommendation_id"))
        if form != _FORM or fields[0] != tenant:
            raise BadInput.of("recommendation_id", "be one that this service gave out, unchanged", text)
        tenant, lead_id, anonymous_id, as_of, models, experiment, properties, propensities = fields
        return cls(
            tenant=tenant,
            lead_id=lead_id,
            anonymous_id=anonymous_id,
            as_of=as_of,
            models=models,
            experiment=experiment,
            properties=tuple(properties),
            propensities=None if propensities is None else tuple(propensities),
        )

    def rank(self, property_id: str) -> int:
        """The place of a home in the answer, from 1; a home that was not in it is refused."""
        if property_id not in self.properties:
            raise BadInput.of("property_id", "be a home of that answer", property_id)
        return self.properties.index(property_id) + 1

    def propensity(self, property_id: str) -> float:
        """The probability that the home was shown at its place."""
        return 1.0 if self.propensities is None else self.propensities[self.rank(property_id) - 1]

    def _payload(self) -> str:
        fields = (
            _FORM, self.tenant, self.lead_id, self.anonymous_id, self.as_of, dict(self.models), self.experiment,
            self.properties, self.propensities,
        )  # fmt: skip
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
