"""Every model keeps every law; a law waived has a reason."""

from __future__ import annotations

import pytest

from homing.models.checks import LAWS, Subject
from homing.models.collaborative_filtering import CollaborativeFilteringModel
from homing.models.content_based import ContentBasedModel
from homing.models.popularity import PopularityModel
from homing.models.recency import RecencyModel

SUBJECTS = [
    Subject("popularity", PopularityModel, exact_update=True),
    Subject("popularity_fading", lambda: PopularityModel(half_life_days=5.0), exact_update=True),
    Subject("recency", RecencyModel),
    Subject("collaborative", lambda: CollaborativeFilteringModel(factors=8, iterations=5, tune=False)),
    Subject("collaborative_tuned", lambda: CollaborativeFilteringModel(factors=8, iterations=5)),
    Subject("content", ContentBasedModel),
    Subject("content_untuned", lambda: ContentBasedModel(tune=False)),
]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_model_keeps_the_law(subject, law):
    if law in subject.waived:
        pytest.skip(subject.waived[law])
    LAWS[law](subject)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_what_is_waived_is_a_law_and_has_a_reason(subject):
    assert set(subject.waived) <= set(LAWS)
    assert all(len(reason) > 20 for reason in subject.waived.values())
