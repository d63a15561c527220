"""Files that cannot be read to their end, and what every importer says of them. One row a case.

`what` is bytes, or a function that makes the file at a path. `says` is what follows the file's own name in the one
sentence on stderr; where importers differ, a sentence for each.
"""

from __future__ import annotations

import gzip
import io
import os
import socket
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars

__all__ = ["BAD_FILES", "IMPORTERS", "BadFile", "bomb"]

IMPORTERS = ("listings", "events", "leads", "agents")
PEOPLE = ("leads", "agents")
LINE = b'{"lead_id": "l1", "agent_id": "a1", "ListingKey": "h1"}\n'
_TO_ITS_END = "must be a file that can be read to its end; got"
_ON_DISK = "must be a file that exists on disk; got"
_FORM = "must be JSON lines, JSON, CSV or Parquet, plain or in gzip; got"
_UTF_8 = "must be text in UTF-8; got UTF-16 or other bytes; save it as UTF-8"
_ONE_JSON = ".content must be one JSON array or object; got"
_JSON_ONLY = dict.fromkeys(PEOPLE, "must be JSON lines or a JSON array; got csv")
_PARQUET = ".content must be Parquet that can be read to its end; got"


@dataclass(frozen=True)
class BadFile:
    """A file under a name, and what is said of it."""

    name: str
    what: bytes | Callable[[Path], object]
    says: str | Mapping[str, str]

    def at(self, folder: Path) -> Path:
        """The file itself."""
        path = folder / self.name
        if isinstance(self.what, bytes):
            path.write_bytes(self.what)
        else:
            self.what(path)
        return path

    def said_by(self, importer: str) -> str:
        """What follows the file's name in the sentence."""
        return self.says if isinstance(self.says, str) else self.says[importer]


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.csv", "ListingKey\nh1\n")


def bomb(path: Path, megabytes: int = 120, start: bytes = b"") -> None:
    """A gzip file of a thousandth of its content, which is blanks."""
    path.write_bytes(gzip.compress(start, mtime=0) + gzip.compress(b" " * 1_000_000, mtime=0) * megabytes)


def parquet(cut: int = 0, flip: int = 0) -> bytes:
    buffer = io.BytesIO()
    polars.DataFrame({"a": list(range(1000))}).write_parquet(buffer)
    content = bytearray(buffer.getvalue())
    if flip:
        content[flip] ^= 0xFF
    return bytes(content[: len(content) - cut])


def unnamed_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def flipped(content: bytes) -> bytes:
    damaged = bytearray(gzip.compress(content, mtime=0))
    damaged[-6] ^= 0xFF  # in its checksum
    return bytes(damaged)


def header_of(*missing: str, has: str) -> str:
    return f".header must have the columns {', '.join(missing)}; got '{has}'"


def columns(listing: str, event: str) -> Mapping[str, str]:
    return {"listings": listing, "events": event} | _JSON_ONLY


BAD_FILES: Mapping[str, BadFile] = {
    "nothing there": BadFile("none.jsonl", lambda path: None, f"{_ON_DISK} nothing"),
    "below a file": BadFile("rows/none.jsonl", lambda path: path.parent.touch(), f"{_ON_DISK} nothing"),
    "a folder": BadFile("rows.jsonl", Path.mkdir, f"{_ON_DISK} a folder"),
    "a pipe": BadFile("rows.jsonl", os.mkfifo, f"{_ON_DISK} a pipe, a socket or a device"),
    "a socket": BadFile("rows.jsonl", unnamed_socket, f"{_ON_DISK} a pipe, a socket or a device"),
    "a link to itself": BadFile(
        "rows.jsonl", lambda path: path.symlink_to(path), f"{_TO_ITS_END} Too many levels of symbolic links"
    ),
    "a name without end": BadFile("r" * 300, lambda path: None, f"{_TO_ITS_END} File name too long"),
    "a disk that fails": BadFile(
        "rows.jsonl", lambda path: path.symlink_to("/proc/self/mem"), f"{_TO_ITS_END} Input/output error"
    ),
    "gzip cut off": BadFile(
        "rows.jsonl.gz", gzip.compress(LINE * 1000, mtime=0)[:-20], f"{_TO_ITS_END} gzip that was cut off"
    ),
    "gzip cut to its first bytes": BadFile("rows.jsonl.gz", b"\x1f\x8b", f"{_TO_ITS_END} gzip that was cut off"),
    "gzip with a flipped bit": BadFile("rows.jsonl.gz", flipped(LINE * 1000), f"{_TO_ITS_END} damaged gzip"),
    "gzip with junk behind it": BadFile("rows.jsonl.gz", gzip.compress(LINE) + b"junk", f"{_TO_ITS_END} damaged gzip"),
    "no gzip though named so": BadFile(
        "rows.jsonl.gz", LINE, f"{_TO_ITS_END} no gzip, though its name ends in .gz"
    ),
    "a gzip bomb": BadFile("rows.jsonl.gz", bomb, f"{_TO_ITS_END} gzip that unpacks to more than 200 times its size"),
    "a gzip bomb named JSON": BadFile(
        "rows.json.gz",
        lambda path: bomb(path, start=b'[{"a": "'),
        f"{_TO_ITS_END} gzip that unpacks to more than 200 times its size",
    ),
    "a ZIP archive named CSV": BadFile("rows.csv", zipped, f"{_FORM} a ZIP archive or an Excel workbook"),
    "an old workbook": BadFile("rows.csv", b"\xd0\xcf\x11\xe0\xa1\xb1", f"{_FORM} an Excel workbook of the old kind"),
    "a PDF": BadFile("rows", b"%PDF-1.7\n", f"{_FORM} a PDF document"),
    "bzip2": BadFile("rows.jsonl.bz2", b"BZh91AY&SY", f"{_FORM} a bzip2 archive"),
    "xz": BadFile("rows.jsonl.xz", b"\xfd7zXZ\x00\x00", f"{_FORM} an xz archive"),
    "zstd": BadFile("rows.jsonl.zst", b"\x28\xb5\x2f\xfd\x04", f"{_FORM} a Zstandard archive"),
    "a database": BadFile("rows.db", b"SQLite format 3\x00", f"{_FORM} a SQLite database"),
    "an error page named JSON": BadFile(
        "rows.json", b"\n<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", f"{_FORM} a page of HTML or XML"
    ),
    "UTF-16": BadFile("rows.csv", "ListingKey\nh1\n".encode("utf-16"), _UTF_8),
    "UTF-16 without a mark": BadFile("rows.jsonl", LINE.decode().encode("utf-16-le"), _UTF_8),
    "an array cut off": BadFile("rows.json", b'[{"a": 1}, {"a"', f"{_ONE_JSON} a text that ends too early"),
    "an array in a string cut off": BadFile("rows.json", b'[{"a": "b\\', f"{_ONE_JSON} a text that ends too early"),
    "an object cut off": BadFile("rows.json", b'{"value": [\n{"a": 1},', f"{_ONE_JSON} a text that ends too early"),
    "an array without a comma": BadFile("rows.json", b'[{"a": 1}\n{"a": 2}]', f"{_ONE_JSON} '{{' where ']' belongs"),
    "an array with a comma too many": BadFile("rows.json", b'[{"a": 1},\n]', f"{_ONE_JSON} ']' where a value belongs"),
    "two arrays": BadFile("rows.json", b"[1,\n2]\n[3]", f"{_ONE_JSON} more text after its end"),
    "a million brackets": BadFile("rows.json", b"[" * 1_000_000, f"{_ONE_JSON} a text that ends too early"),
    "Parquet cut off": BadFile("rows.parquet", parquet(cut=50), f"{_PARQUET} "),
    "Parquet with a flipped bit": BadFile("rows.parquet", parquet(flip=-20), f"{_PARQUET} "),
    "CSV that lacks a column": BadFile(
        "rows.csv",
        b"Key,timestamp\n1,2\n",
        columns(header_of("ListingKey", has="Key, timestamp"), header_of("event_type", has="Key, timestamp")),
    ),
    "CSV that lacks two columns": BadFile(
        "rows.csv", b"a\n1\n", columns(header_of("ListingKey", has="a"), header_of("event_type", "timestamp", has="a"))
    ),
    "CSV with a column twice": BadFile(
        "rows.csv",
        b"a,b,a,b\n1,2,3,4\n",
        ".header must name each column once; got 'a'\n.header must name each column once; got 'b'",
    ),
    "CSV with a header of commas": BadFile(
        "rows.csv",
        b",,,\n1,2,3,4\n",
        ".header must name each column once; got ''\n.header must name its columns; got ('', '', '', '')",
    ),
    "CSV with a header in Latin-1": BadFile(
        "rows.csv", b"caf\xe9,ListingKey\n1,2\n", r".header must be UTF-8; got ('caf\udce9', 'ListingKey')"
    ),
    "CSV with a header without end": BadFile(
        "rows.csv", b"a" * 5_000_000 + b"\n1\n", ".header must be a line of at most 4,000,000 bytes; got a longer one"
    ),
    "CSV with a column name without end": BadFile(
        "rows.csv", b"a" * 200_000 + b"\n1\n", ".header must be a line of at most 4,000,000 bytes; got a longer one"
    ),
}  # fmt: skip
