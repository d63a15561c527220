"""How much of a file is ever in memory: a row has an upper size, and what is longer is passed over, not read in."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from homing.core.errors import Fault

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["BLOCK", "LONGEST_ROW", "Bomb", "Unzipped", "lines", "too_long"]

BLOCK: Final = 1 << 20
LONGEST_ROW: Final = 4_000_000
"""The bytes that a row of a file may have."""

_HARMLESS: Final = 100_000_000
_STEEPEST: Final = 200


def too_long() -> Fault:
    """What is wrong with a row that is not read for its size."""
    return Fault("row", f"be at most {LONGEST_ROW:,} bytes long", "more")


class Bomb(Exception):
    """A gzip file grows as only one does that was made to fill memory or disk."""


class Unzipped(io.RawIOBase):
    """The content of a gzip file; `Bomb` once it is past 100 MB and more than 200 times what was read of the file.

    Rows of text shrink to a tenth or a twentieth.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._content, self._given = raw, gzip.GzipFile(fileobj=raw), 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """To the start, no further."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Begin anew."""
        self._given = 0
        return self._content.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The next bytes."""
        count = self._content.readinto(buffer)
        self._given += count
        if self._given > _HARMLESS and self._given > _STEEPEST * self._raw.tell():
            raise Bomb(f"gzip that unpacks to more than {_STEEPEST} times its size")
        return count


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | Fault]]:
    r"""Each line under its number from 1, with its end; of one that is too long its fault.

    >>> list(lines(io.BytesIO(b"a\n\nb")))
    [(1, b'a\n'), (2, b'\n'), (3, b'b')]
    """
    number = 0
    while line := stream.readline(LONGEST_ROW + 1):
        number += 1
        if len(line) <= LONGEST_ROW or line.endswith(b"\n"):
            yield number, line
        else:
            while (rest := stream.readline(BLOCK)) and not rest.endswith(b"\n"):
                pass
            yield number, too_long()
