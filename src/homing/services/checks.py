"""What holds for every importer: a file comes in whole or row by row, once, for one tenant, with every fault named.

An `Importer` is an import with rows of its own dialect. Each law writes files of them and looks at what was stored.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from homing.core.errors import BadInput
from homing.core.laws import by_name, must, refused, same
from homing.services.import_report import Advance, EventsImported, Progress, RowsImported

__all__ = ["LAWS", "LAYOUTS", "Importer", "tables_are_refused", "tables_say_the_same"]

Row = Mapping[str, Any]
Report = EventsImported | RowsImported

_MANY: Final = 10_050
_PERSONAL: Final = "carla.perez@example.com"


def _lines(rows: Sequence[Row]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _array(rows: Sequence[Row]) -> bytes:
    return json.dumps(list(rows), indent=1).encode()


def _value(rows: Sequence[Row]) -> bytes:
    return json.dumps({"@odata.context": "somewhere", "value": list(rows)}).encode()


def _cells(rows: Sequence[Row]) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: _cell(row.get(name)) for name in names} for row in rows]


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _csv(rows: Sequence[Row]) -> bytes:
    text, cells = io.StringIO(), _cells(rows)
    writer = csv.DictWriter(text, cells[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return text.getvalue().encode()


def _parquet(rows: Sequence[Row]) -> bytes:
    import polars as pl  # polars is heavy: only who writes Parquet loads it

    content = io.BytesIO()
    pl.DataFrame(_cells(rows), infer_schema_length=None).write_parquet(content)
    return content.getvalue()


LAYOUTS: Final[Mapping[str, Callable[[Sequence[Row]], bytes]]] = {
    "rows.jsonl": _lines, "rows.json": _array, "value.json": _value, "rows.csv": _csv, "rows.parquet": _parquet,
}  # fmt: skip
"""The ways to write rows, by the name of the file."""


@dataclass(frozen=True, slots=True)
class Importer:
    """An import to be tried.

    `run(folder, tenant, file, progress)` imports a file into the stores of a folder; `kept(folder, tenant)` is
    everything that they then hold of the tenant, comparable by `==`. `row(number)` is a good row about its own thing;
    `bad` a row with several faults, of which `faults` are the words. `own` is the layout the importer reads first of
    all. `personal` are fields that say who a person is, with `carla.perez@example.com` in them.
    """

    run: Callable[[Path, str, Path, Progress | None], Report]
    kept: Callable[[Path, str], Any]
    row: Callable[[int], Row]
    bad: Row
    faults: tuple[str, ...]
    own: str = "rows.jsonl"
    personal: Row = field(default_factory=dict)

    def rows(self, count: int = 3) -> list[Row]:
        """The first good rows."""
        return [self.row(number) for number in range(count)]


class _Trial:
    """A new folder of stores, and files beside it."""

    def __init__(self, importer: Importer, folder: str) -> None:
        self.importer, self.files = importer, Path(folder) / "files"
        self.stores = Path(folder) / "stores"
        self.files.mkdir()

    def bring(
        self, content: bytes, name: str = "", tenant: str = "default", progress: Progress | None = None
    ) -> Report:
        """Import a file of this content; `name` left out is of the importer's own layout."""
        path = self.files / (name or self.importer.own)
        path.write_bytes(content)
        return self.importer.run(self.stores, tenant, path, progress)

    def kept(self, tenant: str = "default") -> Any:
        return self.importer.kept(self.stores, tenant)


def _tried(law: Callable[[Importer, _Trial], None]) -> Callable[[Importer], None]:
    """The law asked in a folder that is gone afterwards."""

    def asked(importer: Importer) -> None:
        with tempfile.TemporaryDirectory() as folder:
            law(importer, _Trial(importer, folder))

    asked.__name__, asked.__doc__ = law.__name__, law.__doc__
    return asked


def _written(of: Importer, rows: Sequence[Row] | None = None, layout: str = "") -> bytes:
    return LAYOUTS[layout or of.own](of.rows() if rows is None else rows)


def _kept_of(of: Importer, content: bytes, name: str = "") -> Any:
    """What is kept of a file that is imported into new stores."""
    with tempfile.TemporaryDirectory() as folder:
        trial = _Trial(of, folder)
        trial.bring(content, name)
        return trial.kept()


def _new(report: Report) -> int:
    return report.stored if isinstance(report, EventsImported) else report.created + report.updated


@_tried
def what_a_file_says_is_stored(of: Importer, trial: _Trial) -> None:
    empty = trial.kept()
    report = trial.bring(_written(of))
    same((report.read, _new(report), report.refused), (3, 3, ()), "read, new and refused rows")
    must(trial.kept() != empty, "nothing is kept")


@_tried
def the_same_file_again_stores_nothing(of: Importer, trial: _Trial) -> None:
    trial.bring(_written(of))
    before = trial.kept()
    same(_new(trial.bring(_written(of))), 0, "new rows")
    same(trial.kept(), before, "what is kept")


@_tried
def order_of_rows_is_irrelevant(of: Importer, trial: _Trial) -> None:
    trial.bring(_written(of, of.rows()[::-1]))
    same(trial.kept(), _kept_of(of, _written(of)), "what is kept of the rows turned round")


@_tried
def a_bad_row_is_refused_by_its_number_and_loses_no_other(of: Importer, trial: _Trial) -> None:
    first, *others = of.rows()
    report = trial.bring(_written(of, [first, of.bad, *others]))
    number = 3 if of.own.endswith(".csv") else 2
    same((report.read, [row.row for row in report.refused]), (4, [number]), "rows read and refused")
    same(trial.kept(), _kept_of(of, _written(of)), "what is kept")


@_tried
def all_faults_of_a_row_are_told(of: Importer, trial: _Trial) -> None:
    told = " ".join(row.why for row in trial.bring(_written(of, [*of.rows(), of.bad])).refused)
    same([words for words in of.faults if words not in told], [], f"what {told!r} leaves out")


@_tried
def a_file_of_bad_rows_only_is_no_success(of: Importer, trial: _Trial) -> None:
    empty = trial.kept()
    must(not trial.bring(_written(of, [of.bad, of.bad])).any_good, "it counts as a success")
    same(trial.kept(), empty, "what is kept")


@_tried
def zipped_is_plain(of: Importer, trial: _Trial) -> None:
    trial.bring(gzip.compress(_written(of)), f"{of.own}.gz")
    same(trial.kept(), _kept_of(of, _written(of)), "what is kept of the zipped file")


@_tried
def every_layout_says_the_same(of: Importer, trial: _Trial) -> None:
    wanted = _kept_of(of, _written(of))
    for name in LAYOUTS:
        same(_kept_of(of, _written(of, layout=name), name), wanted, f"what is kept of {name}")


@_tried
def a_byte_order_mark_and_ends_of_lines_are_no_content(of: Importer, trial: _Trial) -> None:
    changed = b"\xef\xbb\xbf" + _written(of).replace(b"\n", b"\r\n").rstrip()
    trial.bring(changed)
    same(trial.kept(), _kept_of(of, _written(of)), "what is kept")


@_tried
def a_file_that_breaks_off_stores_nothing(of: Importer, trial: _Trial) -> None:
    empty, whole = trial.kept(), gzip.compress(_written(of))
    refused(lambda: trial.bring(whole[:-9], f"{of.own}.gz"))
    same(trial.kept(), empty, "what is kept")


@_tried
def a_file_that_is_not_there_makes_no_store(of: Importer, trial: _Trial) -> None:
    refused(lambda: of.run(trial.stores, "default", trial.files / "none.jsonl", None), "exists")
    same(list(trial.stores.rglob("*")), [], "files made")


@_tried
def tenants_are_kept_apart(of: Importer, trial: _Trial) -> None:
    empty = trial.kept("other")
    trial.bring(_written(of))
    mine = trial.kept()
    same(trial.kept("other"), empty, "what another tenant has of it")
    same(_new(trial.bring(_written(of), tenant="other")), 3, "what is new to the other tenant")
    same(trial.kept(), mine, "what is kept of the first")


@_tried
def rows_are_taken_in_as_they_come(of: Importer, trial: _Trial) -> None:
    heard: list[Advance] = []
    content = _written(of, of.rows(_MANY))
    trial.bring(content, progress=heard.append)
    early = [advance for advance in heard if advance.rows < _MANY]
    must(early, "nothing is heard before the end")
    must(all(advance.bytes_read < len(content) for advance in early), "the whole file was read before the first rows")
    same((heard[-1].rows, heard[-1].bytes_read), (_MANY, len(content)), "the last that is heard")


@_tried
def nothing_is_kept_of_who_a_person_is(of: Importer, trial: _Trial) -> None:
    if of.personal:
        same(_new(trial.bring(_written(of, [{**row, **of.personal} for row in of.rows()]))), 3, "new rows")
        found = [path.name for path in trial.stores.rglob("*") if path.is_file() and _tells(path)]
        same(found, [], "files that hold it")


def tables_say_the_same(of: Importer) -> None:
    """The weaker law of an importer that is known by its columns: CSV and Parquet agree."""
    wanted = _kept_of(of, _written(of))
    for name in ("rows.csv", "rows.parquet"):
        same(_kept_of(of, _written(of, layout=name), name), wanted, f"what is kept of {name}")


def tables_are_refused(of: Importer) -> None:
    """The weaker law of an importer whose rows are nested: JSON in any form agrees, and a table is refused whole."""
    wanted = _kept_of(of, _written(of))
    for name in LAYOUTS:
        if name.endswith((".json", ".jsonl")):
            same(_kept_of(of, _written(of, layout=name), name), wanted, f"what is kept of {name}")
            continue
        try:
            _kept_of(of, _written(of, layout=name), name)
        except BadInput:
            continue
        must(kept=False, otherwise=f"{name} is taken")


def _tells(path: Path) -> bool:
    return _PERSONAL.encode() in path.read_bytes()


LAWS: dict[str, Callable[[Importer], object]] = by_name(
    what_a_file_says_is_stored,
    the_same_file_again_stores_nothing,
    order_of_rows_is_irrelevant,
    a_bad_row_is_refused_by_its_number_and_loses_no_other,
    all_faults_of_a_row_are_told,
    a_file_of_bad_rows_only_is_no_success,
    zipped_is_plain,
    every_layout_says_the_same,
    a_byte_order_mark_and_ends_of_lines_are_no_content,
    a_file_that_breaks_off_stores_nothing,
    a_file_that_is_not_there_makes_no_store,
    tenants_are_kept_apart,
    rows_are_taken_in_as_they_come,
    nothing_is_kept_of_who_a_person_is,
)
"""Every law by its name."""
