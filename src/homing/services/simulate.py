"""Write a simulated market: five files that the importers read, and the truth behind them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from homing.core.errors import BadInput
from homing.integrations.listing_files import open_listings
from homing.market.property import DELETED, Property, property_from
from homing.services.import_report import Refusals
from homing.simulation.moments import Moment, moments
from homing.simulation.simulate import Simulated, simulate

__all__ = ["Simulate", "SimulationWritten", "homes_of"]

_TABLES = ("listings", "leads", "agents", "events", "truth")
_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class SimulationWritten:
    """The files by what they hold, their rows, the rows of the input that are no listing, and the published moments
    beside those of the run, if they were asked for.
    """

    files: dict[str, str]
    counts: dict[str, int]
    refused: Refusals
    moments: tuple[Moment, ...] = ()


@dataclass(frozen=True, slots=True)
class Simulate:
    """So many leads shop for so many days, up to `end` (microseconds UTC), among the homes of a file.

    Everything that comes out is simulated, except what the file says of the homes. The same numbers and the same file
    give the same bytes. `listing_rows` and the other tables are described in the simulation's package.
    """

    leads: int
    days: int
    seed: int
    end: int

    def __call__(
        self,
        listings: Path | str,
        out: Path | str,
        *,
        format: str = "auto",  # noqa: A002  # the word of the command
        progress: Callable[[int, int], None] | None = None,
        with_moments: bool = False,
    ) -> SimulationWritten:
        """Read the homes, let the days pass (`progress` hears how many of how many), write the files into `out`."""
        _check_folder(Path(out))
        homes, refused = homes_of(listings, format, self.end)
        made = simulate(
            [home.row() for home in homes],
            self.leads,
            self.days,
            seed=self.seed,
            end_at=self.end,
            progress=progress,
        )
        files, counts = _written(made, Path(out))
        return SimulationWritten(files, counts, refused, tuple(moments(made)) if with_moments else ())


def homes_of(listings: Path | str, format: str, now: int) -> tuple[list[Property], Refusals]:  # noqa: A002
    """The homes of a file oldest version first, so that the newest version of each counts."""
    homes: list[Property] = []
    refused = Refusals()
    for row in open_listings(listings, format).rows():
        try:
            if row.faults:
                raise BadInput(row.faults)
            homes.append(property_from(row.values, now=now, files=True))
        except BadInput as error:
            refused.add(row.number, error)
    return sorted((home for home in homes if home.status != DELETED), key=lambda home: home.at), refused


def _check_folder(out: Path) -> None:
    """Refuse what can be no folder before any work is done for it."""
    there = next((path for path in (out, *out.absolute().parents) if path.exists()), None)
    if there is not None and not there.is_dir():
        raise BadInput.of("out", "be a folder or a new name", str(there))


def _written(made: Simulated, out: Path) -> tuple[dict[str, str], dict[str, int]]:
    out.mkdir(parents=True, exist_ok=True)
    files, counts = {}, {}
    for name in _TABLES:
        rows: list[dict[str, object]] = getattr(made, name)
        path = out / f"{name}.jsonl.gz"
        _write(path, rows)
        files[name], counts[name] = str(path), len(rows)
    return files, counts


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """One JSON object a line; without name or time in the gzip header, so that equal rows are equal bytes."""
    encode = msgspec.json.Encoder().encode
    half = path.with_name(path.name + ".part")
    with half.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=5, fileobj=raw, mtime=0) as file:
        for start in range(0, len(rows), _BLOCK):
            file.write(b"".join(encode(row) + b"\n" for row in rows[start : start + _BLOCK]))
    half.replace(path)
