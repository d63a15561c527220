"""The leads and agents of one tenant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from homing.core.clock import Clock, system_clock
from homing.people.agent import Agent, agent_from, agent_row
from homing.people.lead import Lead, lead_from, lead_row
from homing.store.profiles import ProfileStore

__all__ = ["Directory", "ProfileCounts"]

_LEAD: Final = "lead"
_AGENT: Final = "agent"
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class ProfileCounts:
    """How many rows made a person known, how many changed one, how many said nothing new."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: ProfileCounts) -> ProfileCounts:
        return ProfileCounts(
            self.created + other.created, self.updated + other.updated, self.unchanged + other.unchanged
        )


class Directory:
    """Profiles of leads and agents; a later row of the same person replaces the earlier one as a whole.

    >>> import tempfile, pathlib
    >>> from homing.store.sqlite import SqliteDatabase
    >>> directory = Directory(ProfileStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "people.sqlite3")))
    >>> directory.put_leads([Lead(lead_id="l1", time_zone="America/Denver")])
    ProfileCounts(created=1, updated=0, unchanged=0)
    >>> directory.lead("l1").time_zone, directory.lead("stranger"), directory.time_zone_of("stranger")
    ('America/Denver', None, 'UTC')
    """

    def __init__(self, store: ProfileStore, tenant: str = "default", clock: Clock = system_clock) -> None:
        self._store, self.tenant, self._clock = store, tenant, clock

    def put_leads(self, leads: Iterable[Lead]) -> ProfileCounts:
        """Store leads durably in one transaction."""
        return self._put(_LEAD, [(lead.lead_id, _encode(lead_row(lead)).decode()) for lead in leads])

    def lead(self, lead_id: str) -> Lead | None:
        """The lead, or None if nobody described it."""
        body = self._store.get(self.tenant, _LEAD, lead_id)
        return None if body is None else lead_from(_decode(body))

    def lead_ids(self) -> tuple[str, ...]:
        """All described leads, in alphabetical order."""
        return self._store.ids(self.tenant, _LEAD)

    def leads(self) -> dict[str, Lead]:
        """All described leads by id."""
        return {name: lead_from(_decode(body)) for name, body in self._store.all(self.tenant, _LEAD)}

    def time_zone_of(self, lead_id: str) -> str:
        """The lead's own time zone; UTC where it is unknown."""
        lead = self.lead(lead_id)
        return "UTC" if lead is None or lead.time_zone is None else lead.time_zone

    def put_agents(self, agents: Iterable[Agent]) -> ProfileCounts:
        """Store agents durably in one transaction."""
        return self._put(_AGENT, [(agent.agent_id, _encode(agent_row(agent)).decode()) for agent in agents])

    def agent(self, agent_id: str) -> Agent | None:
        """The agent, or None if nobody described it."""
        body = self._store.get(self.tenant, _AGENT, agent_id)
        return None if body is None else agent_from(_decode(body))

    def agent_ids(self) -> tuple[str, ...]:
        """All described agents, in alphabetical order."""
        return self._store.ids(self.tenant, _AGENT)

    def _put(self, kind: str, bodies: list[tuple[str, str]]) -> ProfileCounts:
        if not bodies:
            return ProfileCounts()
        done = self._store.put(self.tenant, kind, bodies, self._clock())
        return ProfileCounts(done["created"], done["updated"], done["unchanged"])
