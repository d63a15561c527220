"""Every model speaks the platform's contract."""

import pytest

import homing.models
from homing.interfaces import ILearningModel, IPersonalizationEngine
from homing.models import MODELS
from homing.models.base import LearningModel
from homing.personalization.property_engine import PropertyPersonalizationEngine


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_learning_model(name):
    kind = getattr(homing.models, name)
    assert issubclass(kind, LearningModel)
    model: ILearningModel = kind()
    assert isinstance(model, ILearningModel)


def test_the_engine_keeps_the_names_that_the_platform_knows():
    for verb in ("get_recommendations", "get_explanation", "record_feedback"):
        assert hasattr(IPersonalizationEngine, verb)
        assert hasattr(PropertyPersonalizationEngine, verb)
