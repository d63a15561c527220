"""Keys of the API: who may call, for which tenant, and what for. Of a key only a hash is kept."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from homing.store.database import Database

__all__ = ["FoundKey", "KeyStore", "StoredKey"]

_COLUMNS: Final = "tenant, id, scope, origins, created_at, revoked_at"
_INSERT: Final = f"INSERT INTO keys (hash, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # names of ours
_FIND: Final = (
    f"SELECT EXISTS (SELECT 1 FROM keys), {_COLUMNS} FROM (SELECT 1) AS one"  # noqa: S608  # names of ours
    " LEFT JOIN keys ON hash = ? AND revoked_at IS NULL"
)


class StoredKey(NamedTuple):
    """What is kept of a key: whose it is, its scope, the origins it is bound to, and its life in microseconds UTC."""

    tenant: str
    key_id: str
    scope: str
    origins: tuple[str, ...]
    created_at: int
    revoked_at: int | None = None


class FoundKey(NamedTuple):
    """The key of a hash, None if there is none or it was revoked; and whether there was ever any key at all."""

    key: StoredKey | None
    any: bool


class KeyStore:
    """The keys of all tenants. A key is found by the SHA-256 of its 256 random bits, which nobody can turn round.

    Each question is asked of the database, so that a key counts in every worker from its creation to its revocation.

    >>> import pathlib, tempfile
    >>> from homing.store.sqlite import SqliteDatabase
    >>> keys = KeyStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homing.sqlite3"))
    >>> keys.find(b"hash")
    FoundKey(key=None, any=False)
    >>> keys.add(b"hash", StoredKey("default", "key_1", "read", (), created_at=10))
    >>> keys.find(b"hash").key.scope, keys.revoke("other", "key_1", at=20), keys.revoke("default", "key_1", at=20)
    ('read', False, True)
    >>> keys.find(b"hash")
    FoundKey(key=None, any=True)
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def is_near(self) -> bool:
        """Whether a question is answered inside this process, in microseconds, rather than by a server."""
        return self._database.dialect.is_near

    def add(self, digest: bytes, key: StoredKey) -> None:
        """Store a new key under its hash, durably."""
        tenant, key_id, scope, origins, created_at, revoked_at = key
        values = (digest, tenant, key_id, scope, _text(origins), created_at, revoked_at)
        with self._database.write("keys") as transaction:
            transaction.execute(_INSERT, values)

    def find(self, digest: bytes) -> FoundKey:
        """The key of a hash as long as it counts."""
        there, *row = next(self._database.rows(_FIND, (digest,)))
        return FoundKey(None if row[1] is None else _key(row), bool(there))

    def binds(self, origin: str) -> bool:
        """Whether any key that counts, of whatever tenant, is bound to an origin."""
        rows = self._database.rows("SELECT origins FROM keys WHERE revoked_at IS NULL AND origins <> '[]'")
        return any(origin in msgspec.json.decode(origins) for (origins,) in rows)

    def all(self, tenant: str) -> list[StoredKey]:
        """The keys of a tenant, revoked ones too, in the order of their creation."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM keys WHERE tenant = ? ORDER BY created_at, id", (tenant,)  # noqa: S608
        )  # fmt: skip
        return [_key(row) for row in rows]

    def revoke(self, tenant: str, key_id: str, at: int) -> bool:
        """Let a key of the tenant count no longer; whether there was one that did."""
        with self._database.write("keys") as transaction:
            changed = transaction.execute(
                "UPDATE keys SET revoked_at = ? WHERE tenant = ? AND id = ? AND revoked_at IS NULL RETURNING 1",
                (at, tenant, key_id),
            )
            return bool(changed.fetchall())


def _text(origins: tuple[str, ...]) -> str:
    return msgspec.json.encode(origins).decode()


def _key(row: Any) -> StoredKey:
    tenant, key_id, scope, origins, created_at, revoked_at = row
    return StoredKey(tenant, key_id, scope, tuple(msgspec.json.decode(origins)), created_at, revoked_at)
