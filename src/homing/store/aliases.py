"""By what a lead can be found again: keyed hashes of an e-mail address or telephone number, never the thing itself."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final, NamedTuple

from homing.store.database import Database

__all__ = ["Alias", "Aliases"]

_ALL: Final = 2**63 - 1
_KEY: Final = "SELECT value FROM secrets WHERE name = 'signing'"
_INSERT: Final = """
    INSERT INTO aliases (tenant, kind, hash, lead_id, known_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (tenant, kind, hash, lead_id) DO NOTHING RETURNING 1
"""


class Alias(NamedTuple):
    """What a lead can be found by: its kind (email, phone), its one spelling, and the lead."""

    kind: str
    text: str
    lead_id: str


class Aliases:
    """Which leads go by which alias. An alias may be of several leads, as of a couple that shares a phone.

    What is written is HMAC-SHA256 of tenant, kind and text under the key of this database, so that nothing of the text
    can be read from a copy of the table, nor compared between tenants or installations.

    >>> import pathlib, tempfile
    >>> from homing.store.sqlite import SqliteDatabase
    >>> aliases = Aliases(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homing.sqlite3"))
    >>> aliases.put("default", [Alias("email", "ann@example.com", "lead-1")], known_at=10)
    1
    >>> aliases.leads_of("default", "email", "ann@example.com"), aliases.leads_of("other", "email", "ann@example.com")
    (('lead-1',), ())
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, tenant: str, aliases: Iterable[Alias], known_at: int) -> int:
        """Store them durably in one transaction; returns how many were new."""
        with self._database.write(tenant, "aliases") as transaction:
            key = bytes(transaction.execute(_KEY).fetchone()[0])
            rows = [(tenant, one.kind, _hash(key, tenant, one), one.lead_id, known_at) for one in aliases]
            return sum(len(transaction.execute(_INSERT, row).fetchall()) for row in rows)

    def pseudonym(self, tenant: str, kind: str, text: str) -> str:
        """The id of a lead of whom nothing but an alias is known: always the same, and it tells nothing of the text."""
        with self._database.write(tenant, "aliases") as transaction:  # which makes the key where there is none yet
            key = bytes(transaction.execute(_KEY).fetchone()[0])
        return f"lead_{_hash(key, tenant, Alias(f'lead by {kind}', text, '')).hex()[:24]}"

    def leads_of(self, tenant: str, kind: str, text: str, known_upto: int | None = None) -> tuple[str, ...]:
        """The leads that go by an alias, as known by a moment (left out: now), in alphabetical order."""
        found = self._database.rows(
            "SELECT DISTINCT lead_id FROM aliases WHERE tenant = ? AND kind = ? AND hash = ? AND known_at <= ?"
            " ORDER BY lead_id",
            (
                tenant,
                kind,
                _hash(self._database.signing_key(), tenant, Alias(kind, text, "")),
                _ALL if known_upto is None else known_upto,
            ),
        )
        return tuple(name for (name,) in found)


def _hash(key: bytes, tenant: str, alias: Alias) -> bytes:
    own = hmac.digest(key, b"alias", hashlib.sha256)
    told = "\x1f".join(f"{len(part)}:{part}" for part in (tenant, alias.kind, alias.text))
    return hmac.digest(own, told.encode(errors="surrogatepass"), hashlib.sha256)
