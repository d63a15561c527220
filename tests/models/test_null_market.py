"""Where nothing can be known, nothing is claimed: a market in which whose acts are whose was shuffled."""

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.interfaces import ConfidenceLevel
from homing.measures.intervals import bootstrap_mean
from homing.models import HybridRecommendationModel, Impressions, Interactions
from homing.models.validation import gain

START = 1_767_225_600_000_000
LEADS, HOMES, ACTS, LISTS = 250, 150, 12, 6


def shuffled(seed):
    """Acts and lists shown in which homes have an audience of their own, and leads no taste: all ids permuted."""
    rng = np.random.default_rng(seed)
    homes = [
        {
            "ListingKey": f"h{n:03d}",
            "ListPrice": float(200_000 + 600_000 * rng.random()),
            "BedroomsTotal": int(rng.integers(1, 6)),
            "Latitude": 47.5 + 0.2 * float(rng.random()),
            "Longitude": -122.3 + 0.2 * float(rng.random()),
            "OnMarketTimestamp": "2026-01-01T00:00:00Z",
        }
        for n in range(HOMES)
    ]
    audience = rng.permutation(1.0 / (5.0 + np.arange(HOMES)))
    audience /= audience.sum()
    lead = np.repeat(np.arange(LEADS), ACTS)
    home = rng.permutation(rng.choice(HOMES, lead.size, p=audience))
    at = START + rng.integers(DAY, 60 * DAY, lead.size)
    weights = rng.choice([1.0, 1.0, 1.0, 5.0], lead.size)
    asked, moments = rng.integers(0, LEADS, LEADS * LISTS), START + rng.integers(10 * DAY, 60 * DAY, LEADS * LISTS)
    rows = np.repeat(np.arange(asked.size), 10)
    shown = np.concatenate([rng.choice(HOMES, 10, replace=False, p=audience) for _ in range(asked.size)])
    impressions = Impressions.from_columns(
        [f"l{asked[row]:03d}" for row in rows],
        [f"h{n:03d}" for n in shown],
        moments[rows],
        np.tile(np.arange(1, 11), asked.size),
        engaged=rng.random(rows.size) < 0.03,
    )
    return (
        homes,
        Interactions.from_columns([f"l{n:03d}" for n in lead], [f"h{n:03d}" for n in home], weights, at),
        impressions,
    )


@pytest.fixture(scope="module", params=[0, 1])
def judged(request):
    homes, data, impressions = shuffled(request.param)
    late = data.at > START + 50 * DAY
    model = HybridRecommendationModel(seed=request.param).fit(data.select(~late), homes=homes, impressions=impressions)
    return model, data, late


def gains(model, data, late):
    found = []
    for lead in np.unique(data.lead[late]).tolist():
        name = data.leads.ids[lead]
        scores = model.score_all(name).astype(float)
        past = model.pasts.past(name)
        if past is not None:
            scores[past.items] = np.nan
        found.append(
            gain(scores, model.items.codes([data.properties.ids[c] for c in data.property[late & (data.lead == lead)]]))
        )
    return np.array(found)


def test_the_hybrid_is_as_good_as_popularity_within_its_interval(judged):
    model, data, late = judged
    difference = gains(model, data, late) - gains(model.parts["popularity"], data, late)
    found = bootstrap_mean(difference)
    assert found.low <= 0.0 <= found.high


def test_at_least_95_percent_of_answers_are_uncertain(judged):
    model, data, _ = judged
    levels = []
    for name in data.leads.ids:
        _, scores = model.recommend(name, k=10)
        sure = model.confidence(scores.astype(float), np.full(len(scores), 12.0))
        levels += [ConfidenceLevel.of_width(width) for width in (sure.high - sure.low).tolist()]
    assert np.mean([level is ConfidenceLevel.UNCERTAIN for level in levels]) >= 0.95
