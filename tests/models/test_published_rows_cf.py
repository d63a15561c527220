"""Published figures on MovieLens 100k (MCRec split: 943 leads, all homes ranked, the ideal list not cut)."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from homing.models import CollaborativeFilteringModel, Interactions

FOLDER = Path(os.environ.get("HOMING_BENCH_DATA", "")) / "ml_100k_mcrec"

pytestmark = pytest.mark.skipif(
    not os.environ.get("HOMING_BENCH_DATA") or not FOLDER.is_dir(),
    reason="The published rows need MovieLens 100k: HOMING_BENCH_DATA must name a folder with ml_100k_mcrec in it.",
)


def lines(name):
    with gzip.open(FOLDER / name, "rt") as rows:
        return [[int(value) for value in row.split()[: None if "test" in name else 2]] for row in rows]


@pytest.fixture(scope="module")
def split():
    train = np.array(lines("ml-100k.train.rating.gz"))
    test = {row[0]: set(row[1:]) for row in lines("ml-100k.test.rating.gz") if len(row) > 1}
    return Interactions.from_columns(train[:, 0], train[:, 1]), test


def graded(model, test):
    """Precision, recall and NDCG at 10."""
    found = []
    for lead, wanted in test.items():
        hits = np.array([home in wanted for home in model.recommend(lead, k=10)[0]])
        ideal = (1.0 / np.log2(np.arange(2, 2 + len(wanted)))).sum()
        gain = (hits / np.log2(np.arange(2, 2 + hits.size))).sum()
        found.append((hits.sum() / 10, hits.sum() / len(wanted), gain / ideal))
    return np.mean(found, axis=0)


def test_pure_svd_is_as_published(split):
    """Ferrari Dacrema et al., TOIS 2021, table 46 of the appendix: PureSVD, .3545, .2247, .2719."""
    data, test = split
    model = CollaborativeFilteringModel(method="svd", factors=13, tune=False).fit(data)
    assert graded(model, test) == pytest.approx([0.3545, 0.2247, 0.2719], abs=1e-3)


def test_tuned_least_squares_are_above_the_published_pure_svd(split):
    data, test = split
    assert graded(CollaborativeFilteringModel().fit(data), test)[2] > 0.28
