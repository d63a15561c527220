"""The features of many entities as one table, and out of it as NumPy, Polars or Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import from_micros
from homing.core.errors import BadInput
from homing.feature_engineering.declaration import Feature, version_of
from homing.interfaces import FeatureSchema, FeatureVector, arrow_of
from homing.tracking.history import Histories, Subject

if TYPE_CHECKING:
    import polars
    import pyarrow

__all__ = ["FeatureTable", "joined", "table_of", "vectors_of"]


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """The features of n entities, each as of its own moment.

    `as_of` (n,) int64 microseconds; `event_counts` (n,) int64, all events known by then; `numbers` (n, numeric names)
    float64, NaN where there is no evidence; `categories` name to n texts, "unknown" where there is none. An entity may
    stand in several rows if it was asked for as of several moments.
    """

    entity_type: Subject
    entity_ids: tuple[str, ...]
    as_of: NDArray[np.int64]
    event_counts: NDArray[np.int64]
    names: tuple[str, ...]
    numbers: NDArray[np.float64]
    categories: Mapping[str, tuple[str, ...]]
    feature_version: str

    def __len__(self) -> int:
        return len(self.entity_ids)

    @property
    def schema(self) -> FeatureSchema:
        """The names and dtypes of every such table, and the version of their declarations."""
        return FeatureSchema.of(self.names, tuple(self.categories), self.feature_version)

    def missing_mask(self) -> NDArray[np.bool_]:
        """Where there is no evidence, shape (n, names): numbers, then categories."""
        texts = [[text == "unknown" for text in values] for values in self.categories.values()]
        return np.column_stack([np.isnan(self.numbers), *(np.array(column, dtype=np.bool_) for column in texts)])

    def to_numpy(self) -> NDArray[np.float64]:
        """The numbers, shape (n, numeric names), NaN where there is no evidence."""
        return self.numbers

    def to_polars(self) -> polars.DataFrame:
        """A column `entity_id` and one for each feature; numbers without evidence are null, categories "unknown"."""
        import polars as pl  # heavy: loads only for tables

        columns: dict[str, object] = {"entity_id": pl.Series(values=self.entity_ids, dtype=pl.String)}
        columns |= {
            name: pl.Series(values=self.numbers[:, place], dtype=pl.Float64, nan_to_null=True)
            for place, name in enumerate(self.names)
        }
        columns |= {name: pl.Series(values=texts, dtype=pl.String) for name, texts in self.categories.items()}
        return pl.DataFrame(columns)

    def to_arrow(self) -> pyarrow.Table:
        """The same as an Arrow table; needs pyarrow, which `pip install homing[arrow]` brings."""
        return arrow_of(self.to_polars())


def table_of(
    features: Sequence[Feature],
    of: Histories,
    matrix: NDArray[np.float64],
    as_of: NDArray[np.int64],
    event_counts: NDArray[np.int64],
) -> FeatureTable:
    """The matrix (entities, features) of these histories as a table; codes of categories become texts."""
    numeric = [place for place, one in enumerate(features) if not one.is_category]
    return FeatureTable(
        entity_type=of.subject,
        entity_ids=of.entity_ids,
        as_of=as_of,
        event_counts=event_counts,
        names=tuple(features[place].name for place in numeric),
        numbers=matrix[:, numeric],
        categories={
            one.name: tuple(one.text(value, of.words) for value in matrix[:, place].tolist())
            for place, one in enumerate(features)
            if one.is_category
        },
        feature_version=version_of(features),
    )


def joined(tables: Iterable[FeatureTable], order: Sequence[int] | None = None) -> FeatureTable:
    """Tables of one kind under one another; `order` says which of their rows comes first, second and so on."""
    parts = list(tables)
    if not parts:
        raise BadInput.of("tables", "hold at least one", parts)
    first = parts[0]
    rows = np.arange(sum(map(len, parts))) if order is None else np.asarray(order, dtype=np.int64)
    places = rows.tolist()

    def texts(columns: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        together = [text for column in columns for text in column]
        return tuple(map(together.__getitem__, places))

    return FeatureTable(
        entity_type=first.entity_type,
        entity_ids=texts(part.entity_ids for part in parts),
        as_of=np.concatenate([part.as_of for part in parts])[rows],
        event_counts=np.concatenate([part.event_counts for part in parts])[rows],
        names=first.names,
        numbers=np.concatenate([part.numbers for part in parts])[rows],
        categories={name: texts(part.categories[name] for part in parts) for name in first.categories},
        feature_version=first.feature_version,
    )


def vectors_of(table: FeatureTable) -> list[FeatureVector]:
    """The rows of a table as vectors."""
    return [
        FeatureVector(
            entity_id=entity_id,
            entity_type=table.entity_type,
            as_of=from_micros(at),
            event_count=count,
            numerical_features=dict(zip(table.names, row, strict=True)),
            categorical_features={name: texts[place] for name, texts in table.categories.items()},
            feature_version=table.feature_version,
        )
        for place, (entity_id, at, count, row) in enumerate(
            zip(
                table.entity_ids, table.as_of.tolist(), table.event_counts.tolist(), table.numbers.tolist(), strict=True
            )
        )
    ]
