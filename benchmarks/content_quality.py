"""How well the content model finds the next stay of guests: `.venv/bin/python benchmarks/content_quality.py`.

Reads `inside_airbnb/singapore_2023-09_{listings,reviews}.csv.gz` below the folder that `HOMING_BENCH_DATA` names. A
review stands for a stay. Of every guest with two homes or more the last stay is held out, everything before it is
learned from, and all homes that the guest has not stayed in are ranked. The table has recall and NDCG with the 95 %
interval by bootstrap over guests, and the seconds of one fit. Names of rows as arguments: only those.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from homing.measures.intervals import bootstrap_mean
from homing.models import ContentBasedModel, Interactions, Query

NAMES = {
    "latitude": "Latitude", "longitude": "Longitude", "beds": "BedroomsTotal",
    "bathrooms_text": "BathroomsTotalDecimal", "accommodates": "Guests", "price": "ListPrice",
}  # fmt: skip
KINDS = {"room_type": "RoomType", "property_type": "PropertySubType"}
LENGTHS = (10, 20, 100)


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(folder / name, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def homes_of(rows: list[dict[str, str]]) -> list[dict[str, object]]:
    homes = []
    for row in rows:
        home: dict[str, object] = {"ListingKey": row["id"], "PublicRemarks": row["description"]}
        for theirs, ours in NAMES.items():
            found = re.search(r"\d+(?:\.\d+)?", row[theirs].replace(",", ""))
            home[ours] = float(found.group()) if found else None
        homes.append(home | {ours: row[theirs] or None for theirs, ours in KINDS.items()})
    return homes


def stays_of(rows: list[dict[str, str]], known: set[str]) -> tuple[list[tuple[str, str, int]], dict[str, str]]:
    """All stays but the last home of each guest with two or more, and that home by guest."""
    by_guest: dict[str, dict[str, int]] = defaultdict(dict)
    for row in sorted(rows, key=lambda one: (one["date"], one["review_id"])):
        if row["listing_id"] in known:
            at = int(np.datetime64(row["date"], "us").astype(np.int64))
            by_guest[row["reviewer_id"]].setdefault(row["listing_id"], at)
    held = {guest: list(homes)[-1] for guest, homes in by_guest.items() if len(homes) > 1}
    kept = [
        (guest, home, at) for guest, homes in by_guest.items() for home, at in homes.items() if held.get(guest) != home
    ]
    return kept, held


def measured(model: ContentBasedModel, stays: list[tuple[str, str, int]], held: dict[str, str]) -> np.ndarray:
    """One row a guest: recall at each length, then NDCG at 10."""
    past: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for guest, home, at in stays:
        past[guest].append((home, at))
    rows = []
    for guest, home in held.items():
        homes, at = map(list, zip(*past[guest], strict=True))
        scores = model.score_all(Query(guest, homes, at=np.array(at))).astype(np.float64)
        scores[model.items.codes(homes)] = -np.inf
        own = scores[model.items.code(home)]
        ahead = np.inf if np.isnan(own) else float((scores > own).sum() + ((scores == own).sum() - 1) / 2)
        rows.append([ahead < k for k in LENGTHS] + [1 / np.log2(2 + ahead) if ahead < 10 else 0.0])
    return np.array(rows, dtype=np.float64)


def main(wanted: list[str]) -> None:
    folder = Path(os.environ["HOMING_BENCH_DATA"]) / "inside_airbnb"
    homes = homes_of(read(folder, "singapore_2023-09_listings.csv.gz"))
    stays, held = stays_of(
        read(folder, "singapore_2023-09_reviews.csv.gz"), {str(home["ListingKey"]) for home in homes}
    )
    data = Interactions.from_columns(
        *map(list, zip(*((g, h) for g, h, _ in stays), strict=True)), None, [t for *_, t in stays]
    )
    bare = [{name: value for name, value in home.items() if name != "PublicRemarks"} for home in homes]
    texts = [{name: home[name] for name in ("ListingKey", "PublicRemarks")} for home in homes]
    print(
        f"{len(homes)} homes, {len(data)} stays, {len(held)} guests with a next stay;"
        f" random recall@10 {10 / len(homes):.4f}"
    )
    print(f"{'':32}{'NDCG@10 (95 %)':26}" + "".join(f"recall@{k:<8}" for k in LENGTHS) + "fit, s  chosen")
    sides = {
        "attributes, untuned": (bare, {"tune": False}), "attributes, learned": (bare, {}),
        "attributes, cosine": (bare, {"similarity": "cosine"}), "with remarks, untuned": (homes, {"tune": False}),
        "with remarks, learned": (homes, {}), "with remarks, cosine": (homes, {"similarity": "cosine"}),
        "remarks alone, tfidf": (texts, {"weighting": "tfidf", "tune": False}),
        "remarks alone, bm25": (texts, {"weighting": "bm25", "tune": False}), "remarks alone, learned": (texts, {}),
    }  # fmt: skip
    for name, (given, options) in sides.items():
        if wanted and name not in wanted:
            continue
        began = time.perf_counter()
        model = ContentBasedModel(**options).fit(data, homes=given)
        seconds = time.perf_counter() - began
        found = measured(model, stays, held)
        mean = bootstrap_mean(found[:, -1])
        recalls = "".join(f"{value:<15.4f}" for value in found[:, : len(LENGTHS)].mean(axis=0))
        chosen = [getattr(model, one, "") for one in ("prior_", "half_life_days_", "weighting_")]
        print(
            f"{name:32}{mean.value:.4f} [{mean.low:.4f}, {mean.high:.4f}]   {recalls}{seconds:<8.1f}{chosen}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
