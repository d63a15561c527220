"""Of the processes that write to one SQLite file, one does; the others hand their batches over to it.

SQLite lets one process write at a time, and whoever finds it busy sleeps and tries again. So each of several workers
would wait for a turn and an fsync of its own; handed over, their batches share both.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from homing.core.errors import StorageError
from homing.store.events import Appended
from homing.store.group_commit import Batch, Outcome, Write

__all__ = ["OneWriter"]

_TRIES: Final = 100
_BETWEEN_TRIES: Final = 0.02
_LONGEST_ADDRESS: Final = 100
_LENGTH: Final = struct.Struct("!Q")
_encode = msgspec.msgpack.Encoder().encode
_batches = msgspec.msgpack.Decoder(list[Batch]).decode
_answers = msgspec.msgpack.Decoder(list[tuple[tuple[bool, ...], int] | str]).decode


class OneWriter:
    """Makes batches durable: here, if this process is the one that writes, else at the process that is.

    The writer is whoever holds a lock on the file `NAME-writer` beside the database, which the system frees when the
    process ends, however it ends; it listens on the socket `NAME-handover` there. A batch whose answer did not come is
    handed to the next writer or written here: what the last one had stored by then is found there by its event ids, and
    counts as stored before.
    Where nobody listens for two seconds this process writes by itself, for SQLite keeps the order in any case.
    """

    def __init__(self, database: Path, write: Write, take: Callable[[Batch], Future[Appended]]) -> None:
        self._write, self._take = write, take
        self._lock = database.with_name(f"{database.name}-writer")
        self._address = database.with_name(f"{database.name}-handover")
        self._held: int | None = None
        self._line: socket.socket | None = None
        self._ear: socket.socket | None = None
        self._alone = False

    def __call__(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        """What came of each batch."""
        for _ in range(_TRIES):
            if self._alone or self._is_writer():
                return self._write(batches)
            try:
                return self._handed_over(batches)
            except OSError:
                self._hang_up()
                time.sleep(_BETWEEN_TRIES)  # the writer has ended, or is about to listen
        self._alone = True
        return self._write(batches)

    def close(self) -> None:
        """Write no more: hang up, listen to nobody, leave the lock to another."""
        self._hang_up()
        if self._ear is not None:
            self._ear.shutdown(socket.SHUT_RDWR)
        if self._held is not None:
            os.close(self._held)
        self._ear = self._held = None

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def _is_writer(self) -> bool:
        """Whether this process writes, which it does from now on if no other holds the lock."""
        if self._held is not None:
            return True
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return True  # where no file can be made, writing says why
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        os.truncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._held = file
        self._listen()
        return True

    def _listen(self) -> None:
        self._ear = ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._address.unlink(missing_ok=True)
        with _short(self._address) as address:
            ear.bind(address)
        ear.listen()
        threading.Thread(target=self._answer_all, args=(ear,), name="homing-handover", daemon=True).start()

    def _answer_all(self, ear: socket.socket) -> None:
        with ear, suppress(OSError):  # raised when it is shut
            while True:
                line, _ = ear.accept()
                threading.Thread(target=self._answer, args=(line,), name="homing-handover", daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        """Store what another process hands over, one group after the other, until it hangs up."""
        with line, suppress(OSError):  # raised when the other hangs up
            while True:
                done = [self._take(batch) for batch in _batches(_received(line))]
                _send(line, _encode([_told(one) for one in done]))

    def _handed_over(self, batches: Sequence[Batch]) -> list[Outcome]:
        if self._line is None:
            self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with _short(self._address) as address:
                self._line.connect(address)
        _send(self._line, _encode(batches))
        return [_outcome(answer) for answer in _answers(_received(self._line))]


def _told(done: Future[Appended]) -> tuple[tuple[bool, ...], int] | str:
    error = done.exception()
    return (done.result().stored, done.result().sequence) if error is None else str(error)


def _outcome(answer: tuple[tuple[bool, ...], int] | str) -> Outcome:
    """The same as the process has it that asked."""
    if isinstance(answer, str):
        return StorageError(answer)
    return Appended(*answer)


def _send(line: socket.socket, message: bytes) -> None:
    line.sendall(_LENGTH.pack(len(message)) + message)


def _received(line: socket.socket) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    return _exactly(line, length)


def _exactly(line: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        some = line.recv(min(size - len(found), 1 << 20))
        if not some:
            raise ConnectionResetError
        found += some
    return bytes(found)


@contextmanager
def _short(address: Path) -> Iterator[str]:
    """The address of a socket; one that is longer than sockets allow is told by a descriptor of its folder."""
    if len(os.fsencode(address)) <= _LONGEST_ADDRESS:
        yield str(address)
        return
    folder = os.open(address.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{address.name}"
    finally:
        os.close(folder)
