"""Models whose score is a sum over the lead's own homes: the parts are that sum, in float64, not a story about it."""

import numpy as np
import pytest

from homing.models import (
    CollaborativeFilteringModel,
    EASEModel,
    ItemKNNModel,
    RP3betaModel,
    SequenceRulesModel,
    SLIMModel,
)
from homing.models.checks import market, world

DATA = world(homes=24, leads=60, acts=900)
EVERY = np.arange(len(DATA.properties))
SUMS = [EASEModel, SLIMModel, RP3betaModel, ItemKNNModel, SequenceRulesModel]


@pytest.mark.parametrize("kind", SUMS)
def test_links_add_up_to_1e9_of_their_sizes(kind):
    model = kind(tune=False).fit(DATA)
    for lead in DATA.leads.ids[:20]:
        past = model.pasts.past(lead)
        items, values = model._row(past)
        whole = model.links_.scores(items, values, EVERY)
        parts = model.links_.parts(items, values, EVERY)
        assert np.all(np.abs(parts.sum(axis=1) - whole) <= 1e-9 * np.abs(parts).sum(axis=1) + 1e-15)


@pytest.mark.parametrize("method", ["ials", "svd"])
@pytest.mark.parametrize("homes", [None, market()])
def test_parts_of_factors_add_up_to_1e9_of_their_sizes(method, homes):
    model = CollaborativeFilteringModel(method=method, factors=8, tune=False).fit(DATA, homes=homes)
    for lead in DATA.leads.ids[:20]:
        past = model.pasts.past(lead)
        x = model._vector(past)
        vectors = model.learned_.vectors.astype(np.float64)
        for code, parts in enumerate(model._explain(past, EVERY)):
            if parts:
                size = sum(map(abs, parts.values()))
                assert abs(sum(parts.values()) - float(vectors[code] @ x)) <= 1e-9 * size + 1e-12
