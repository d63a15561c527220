"""Reading from a replica, which follows the database a little later, and from the database where that is too late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

from homing.core.errors import StorageError
from homing.core.telemetry import logger
from homing.store.database import Database, Dialect, Transaction

__all__ = ["Replicated", "from_primary"]

_FROM_PRIMARY: ContextVar[bool] = ContextVar("homing_from_primary", default=False)


@contextmanager
def from_primary() -> Iterator[None]:
    """Within it, in this thread, nothing is read from a replica."""
    before = _FROM_PRIMARY.set(True)
    try:
        yield
    finally:
        _FROM_PRIMARY.reset(before)


class Replicated:
    """A database whose rows are read from a replica.

    Where that cannot be read they are from the database itself, and a line of the log says so.
    """

    def __init__(self, primary: Database, replica: Database) -> None:
        self.primary, self.replica = primary, replica

    @property
    def dialect(self) -> Dialect:
        """What both understand."""
        return self.primary.dialect

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """The rows of a query."""
        if not _FROM_PRIMARY.get():
            try:
                return self.replica.rows(sql, values)
            except StorageError as error:
                logger(__name__).warning("the replica cannot be read; the database itself is", why=str(error))
        return self.primary.rows(sql, values)

    def write(self, *scope: str) -> AbstractContextManager[Transaction]:
        """One transaction of the database itself."""
        return self.primary.write(*scope)

    def signing_key(self) -> bytes:
        """That of the database."""
        return self.primary.signing_key()
