"""A table of features of any length as one Parquet file, in memory that does not grow with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from homing.core.errors import StorageError, reason
from homing.feature_engineering.feature_table import FeatureTable

__all__ = ["write_parquet"]


def write_parquet(parts: Iterator[FeatureTable], out: Path, advance: Callable[[int], None]) -> tuple[int, int]:
    """Write the parts under one another, whole or not at all; how many rows and columns there are.

    `advance` is told the number of rows done after each part. The parts lie beside the file until it is whole.
    """
    import polars as pl  # heavy: loads only for files

    folder, fresh = out.with_name(f".{out.name}.parts"), out.with_name(f".{out.name}.part")
    rows = columns = 0
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, part in enumerate(parts):
            frame = part.to_polars()
            frame.write_parquet(folder / f"{number:08d}.parquet")
            rows, columns = rows + frame.height, frame.width
            advance(rows)
        pl.scan_parquet(sorted(folder.iterdir())).sink_parquet(fresh)
        fresh.replace(out)
    except OSError as error:
        raise StorageError(f"{out} could not be written: {reason(error)}. Name another file with --out.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    return rows, columns
