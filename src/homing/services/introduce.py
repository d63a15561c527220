"""What a message from outside says of who somebody is: a visitor who is a lead, parts of a lead's profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homing.core.clock import Clock, system_clock
from homing.core.errors import BadInput
from homing.people.directory import Directory
from homing.people.lead import Lead, lead_from, lead_row
from homing.store.identities import Identities
from homing.trust.denied import DENIED, Denied

__all__ = ["Introduce"]


@dataclass(frozen=True, slots=True)
class Introduce:
    """Takes it in, durably when it returns; a second time it changes nothing.

    A visitor that is another lead's already stays that one's: two people who share a browser are not one. Of a profile
    only what is told anew changes, and a part that cannot be read is left out.
    """

    directory: Directory
    identities: Identities
    clock: Clock = system_clock
    denied: Denied = DENIED

    def __call__(self, lead_id: str, visitor: str | None, profile: Mapping[str, Any]) -> bool:
        """True if the lead had no profile before."""
        tenant = self.directory.tenant
        if visitor is not None and self.identities.lead_of(tenant, visitor) is None:
            self.identities.merge(tenant, visitor, lead_id, self.clock())
        known = self.directory.lead(lead_id)
        lead = self._lead({"lead_id": lead_id, **({} if known is None else lead_row(known))}, profile)
        return bool(self.directory.put_leads([lead]).created)

    def _lead(self, known: Mapping[str, Any], profile: Mapping[str, Any]) -> Lead:
        told = dict(profile)
        while True:
            try:
                return lead_from({**known, **told}, denied=self.denied)
            except BadInput as error:
                wrong = {fault.where.partition(".")[0].partition("[")[0] for fault in error.faults} & told.keys()
                if not wrong:
                    raise
                told = {name: value for name, value in told.items() if name not in wrong}
