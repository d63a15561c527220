"""A thread with an event loop of its own, where the connections to a PostgreSQL server live.

The stores are synchronous and are called from many threads; asyncpg is neither. So each database has one such thread.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from typing import Any, Final, TypeVar

import asyncpg

__all__ = ["FAILURES", "Link", "Undecided", "Unreachable", "is_lost", "numbered"]

T = TypeVar("T")
FAILURES: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What the driver raises."""

_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
_MOST: Final = 16
_WAIT_SECONDS: Final = 30.0
_PATIENCE_SECONDS: Final = 5.0
_BETWEEN_TRIES: Final = 0.05
_MARK: Final = re.compile(r"\?")


class Unreachable(OSError):
    """There is no server at the address, or it did not come back in time."""


class Undecided(OSError):
    """The connection was lost while the server committed, and what became of that is not known."""


class Link:
    """Connections to one server, at most 16 at a time, each opened when it is needed.

    A server that was reached before and is not there now is waited for until it has been away for five seconds, one
    that says that it is starting, for thirty.
    """

    def __init__(self, url: str) -> None:
        self.url, self.process = url, os.getpid()
        self.ready = False
        """Whether the schema was found to be up to date."""
        self._reached = False
        self._away_since: float | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_serve, args=(self._loop,), name="homing-postgres", daemon=True)
        self._thread.start()
        self._pool: asyncpg.Pool = self.run(self._pooled())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the thread, and wait for it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """End every connection and the thread."""
        if self._loop.is_closed() or self.process != os.getpid():
            return
        self._loop.call_soon_threadsafe(self._pool.terminate)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[asyncpg.Record]:
        """The rows of one statement outside any transaction."""
        connection = await self.taken()
        try:
            return await connection.fetch(numbered(sql), *values)  # type: ignore[no-any-return]
        finally:
            await self.back(connection)

    async def begin(self, scope: Sequence[str]) -> tuple[Any, str]:
        """A connection in a transaction that no other of the same scope runs beside, and the transaction's number."""
        connection = await self.taken()
        try:
            lock = f"SELECT pg_advisory_xact_lock({_number(scope)})" if scope else ""
            await connection.execute(f"BEGIN; {lock}")
            return connection, await connection.fetchval("SELECT pg_current_xact_id()::text")
        except BaseException:
            await self.drop(connection)
            raise

    async def commit(self, connection: Any, number: str) -> None:
        """Commit, and where the connection is lost meanwhile ask the server afterwards what became of it.

        That it came to nothing can be known. That it is done cannot: after a crash the server gives the number of a
        transaction of which nothing reached the disk to another one.
        """
        try:
            await connection.execute("COMMIT")
        except BaseException as error:
            await self.drop(connection)
            if is_lost(error) and await self._may_be_kept(number):
                raise Undecided from error
            raise
        else:
            await self.back(connection)

    async def drop(self, connection: Any) -> None:
        """Give back a connection whose transaction came to nothing: it is closed, by which the server rolls back."""
        with suppress(asyncpg.InterfaceError):  # the pool has taken back a connection that broke
            connection.terminate()
        await self.back(connection)

    async def taken(self) -> Any:
        """A connection, to be given back."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection = await self._pool.acquire(timeout=_WAIT_SECONDS)
            except Exception as error:
                now = loop.time()
                self._away_since = now if self._away_since is None else self._away_since
                starting = isinstance(error, asyncpg.CannotConnectNowError)
                patience = _WAIT_SECONDS if starting else _PATIENCE_SECONDS
                if now - self._away_since > patience or not (starting or (self._reached and is_lost(error))):
                    raise (Unreachable() if isinstance(error, OSError) else error) from error
                await asyncio.sleep(_BETWEEN_TRIES)
            else:
                self._reached, self._away_since = True, None
                return connection

    async def back(self, connection: Any) -> None:
        """Give a connection back, for the next to take."""
        await self._pool.release(connection)

    async def _pooled(self) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            self.url, min_size=0, max_size=_MOST, timeout=_WAIT_SECONDS, init=_settle, reset=_as_it_is,
            server_settings={"application_name": "homing", "jit": "off"},
        )  # fmt: skip

    async def _may_be_kept(self, number: str) -> bool:
        """Whether a transaction may have been committed, once that is decided or where nobody can be asked."""
        try:
            while (became := await self._became(number)) == "in progress":  # noqa: ASYNC110  # it is another process
                await asyncio.sleep(_BETWEEN_TRIES)
        except FAILURES:
            return True
        return bool(became == "committed")

    async def _became(self, number: str) -> Any:
        connection = await self.taken()
        try:
            return await connection.fetchval("SELECT pg_xact_status($1::text::xid8)", number)
        finally:
            await self.back(connection)


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the connection is gone, rather than that something was refused."""
    return isinstance(error, _LOST) and not isinstance(error, (ValueError, TimeoutError))


@lru_cache(1_000)
def numbered(sql: str) -> str:
    """The statement with its question marks numbered, as PostgreSQL wants them.

    >>> numbered("SELECT a FROM b WHERE c = ? AND d <= ?")
    'SELECT a FROM b WHERE c = $1 AND d <= $2'
    """
    numbers = count(1)
    return _MARK.sub(lambda _: f"${next(numbers)}", sql)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()


def _number(scope: Sequence[str]) -> int:
    """The number of a lock: of 64 bits, signed."""
    told = "\x1f".join(f"{len(part)}:{part}" for part in scope)
    return int.from_bytes(blake2b(told.encode(errors="surrogatepass"), digest_size=8).digest(), signed=True)


async def _settle(connection: Any) -> None:
    """What is acknowledged is on disk, whatever the server's or the role's default."""
    await connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


async def _as_it_is(_connection: Any) -> None:
    """A connection comes back outside any transaction and with nothing set; there is nothing to reset."""
