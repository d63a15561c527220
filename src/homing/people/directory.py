"""The leads and agents of one tenant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from homing.core.clock import Clock, system_clock
from homing.core.errors import BadInput, Fault
from homing.people.agent import Agent, agent_from, agent_row
from homing.people.lead import Lead, Limits, lead_from, lead_row
from homing.store.aliases import Alias, Aliases
from homing.store.profiles import SINCE_EVER, ProfileStore
from homing.trust.reach import one_spelling

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

    A lead that came with an e-mail address or a telephone number can be found by it again, where there are `aliases`
    to keep its keyed hash; the text itself is kept nowhere.

    An answer about the past uses what was known then. A profile that a file brings carries no date: the first of a
    person counts as known since ever, every change from when it came.

    >>> import tempfile, pathlib
    >>> from homing.store.sqlite import SqliteDatabase
    >>> directory = Directory(ProfileStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "people.sqlite3")))
    >>> directory.put_leads([Lead(lead_id="l1", time_zone="America/Denver")])
    ProfileCounts(created=1, updated=0, unchanged=0)
    >>> directory.lead("l1").time_zone, directory.lead("stranger"), directory.time_zone_of("stranger")
    ('America/Denver', None, 'UTC')
    """

    def __init__(
        self,
        store: ProfileStore,
        tenant: str = "default",
        clock: Clock = system_clock,
        *,
        aliases: Aliases | None = None,
    ) -> None:
        self._store, self.tenant, self._clock, self._aliases = store, tenant, clock, aliases

    def put_leads(self, leads: Iterable[Lead], *, files: bool = False) -> ProfileCounts:
        """Store leads durably in one transaction; `files` if they come from a file, which says not since when."""
        known = list(leads)
        counts = self._put(_LEAD, [(lead.lead_id, _encode(lead_row(lead)).decode()) for lead in known], files)
        found_by = [
            Alias(kind, spelt, lead.lead_id)
            for lead in known
            for kind, text in lead.reach
            if (spelt := one_spelling(kind, text)) is not None
        ]
        if found_by and self._aliases is not None:
            self._aliases.put(self.tenant, found_by, self._clock())
        return counts

    def leads_reached_by(self, kind: str, text: str, as_of: int | None = None) -> tuple[str, ...]:
        """The leads that came with an e-mail address (kind `email`) or telephone number (`phone`), by their ids."""
        spelt = one_spelling(kind, text)
        if spelt is None or self._aliases is None:
            return ()
        return self._aliases.leads_of(self.tenant, kind, spelt, as_of)

    def pseudonym(self, reach: Iterable[tuple[str, str]]) -> str:
        """The id of a lead of whom we know nothing but (kind, text) ways to reach it: the same for the same first one.

        It tells nothing of the text. `BadInput` where none is an e-mail address or a telephone number.
        """
        spelt = ((kind, one_spelling(kind, text)) for kind, text in reach)
        kind, text = next(((kind, text) for kind, text in spelt if text is not None), ("", ""))
        if not text or self._aliases is None:
            raise BadInput(Fault("person", "have an e-mail address or a telephone number", "neither"))
        return self._aliases.pseudonym(self.tenant, kind, text)

    def lead(self, lead_id: str, as_of: int | None = None) -> Lead | None:
        """The lead as known by a moment in microseconds (left out: now), or None if nobody had described it."""
        body = self._store.get(self.tenant, _LEAD, lead_id, as_of)
        return None if body is None else lead_from(_decode(body))

    def lead_ids(self) -> tuple[str, ...]:
        """All described leads, in alphabetical order."""
        return self._store.ids(self.tenant, _LEAD)

    def leads(self, as_of: int | None = None) -> dict[str, Lead]:
        """All leads described by a moment (left out: now), by id."""
        return {name: lead_from(_decode(body)) for name, body in self._store.all(self.tenant, _LEAD, as_of)}

    def limits(self, as_of: int | None = None) -> dict[str, Limits]:
        """What all leads had stated that a home must satisfy by a moment (left out: now), by id."""
        return {name: lead.limits for name, lead in self.leads(as_of).items()}

    def time_zone_of(self, lead_id: str, as_of: int | None = None) -> str:
        """The lead's own time zone as known by a moment (left out: now); UTC where it was unknown."""
        lead = self.lead(lead_id, as_of)
        return "UTC" if lead is None or lead.time_zone is None else lead.time_zone

    def put_agents(self, agents: Iterable[Agent], *, files: bool = False) -> ProfileCounts:
        """Store agents durably in one transaction; `files` if they come from a file, which says not since when."""
        return self._put(_AGENT, [(agent.agent_id, _encode(agent_row(agent)).decode()) for agent in agents], files)

    def agent(self, agent_id: str, as_of: int | None = None) -> Agent | None:
        """The agent as known by a moment in microseconds (left out: now), or None if nobody had described it."""
        body = self._store.get(self.tenant, _AGENT, agent_id, as_of)
        return None if body is None else agent_from(_decode(body))

    def agent_ids(self) -> tuple[str, ...]:
        """All described agents, in alphabetical order."""
        return self._store.ids(self.tenant, _AGENT)

    def revision(self) -> int:
        """A number that changes with every change of a profile."""
        return self._store.revision(self.tenant)

    def _put(self, kind: str, bodies: list[tuple[str, str]], files: bool) -> ProfileCounts:
        if not bodies:
            return ProfileCounts()
        first = SINCE_EVER if files else None
        done = self._store.put(self.tenant, kind, bodies, self._clock(), first_known_at=first)
        return ProfileCounts(done["created"], done["updated"], done["unchanged"])
