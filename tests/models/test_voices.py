"""A family's part goes to the acts that speak as it does, and no more nor less of it than there is."""

import numpy as np
import pytest

from homing.models.voices import Voices


def test_shares_add_up_to_the_part_and_go_to_those_that_speak_as_it_does():
    amounts = np.random.default_rng(1).normal(size=(20, 100))
    values = np.where(np.arange(20) % 2, -0.7, 1.3)
    shared = Voices(tuple(map(str, range(100))), amounts).shared_out("similar_homes", values)
    for row, value, parts in zip(amounts, values, shared, strict=True):
        assert sum(parts.values()) == pytest.approx(value)
        assert len(parts) == 32
        heard = {int(name.partition(":")[2]) for name in parts}
        loudest = np.argsort(-row * np.sign(value))[:32]
        assert heard == set(loudest.tolist())


def test_where_none_speaks_as_it_does_the_part_is_the_familys():
    voices = Voices(("h1", "h2"), np.array([[-1.0, -2.0], [0.0, 0.0]]))
    assert voices.shared_out("sequence", np.array([0.5, -0.5])) == [{"sequence": 0.5}, {"sequence": -0.5}]
    assert Voices((), np.zeros((1, 0))).shared_out("sequence", np.ones(1)) == [{"sequence": 1.0}]


def test_sources_speak_together_by_the_homes_they_name():
    one = Voices(("a", "b"), np.array([[1.0, 2.0]]))
    other = Voices(("c", "b"), np.array([[5.0, 10.0]]))
    names, amounts = Voices.together([(1.0, one), (0.1, other)], 1)
    assert dict(zip(names, amounts[0].tolist(), strict=True)) == {"a": 1.0, "b": 3.0, "c": 0.5}
    assert one.and_of("b", np.ones(1)).amounts.tolist() == [[1.0, 3.0]]
    assert one.and_of("d", np.ones(1)).names == ("a", "b", "d")
