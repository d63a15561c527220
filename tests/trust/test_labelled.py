"""The labelled sentences: enough of them, and the half that judges as it was before there were rules."""

from __future__ import annotations

from labelled import INNOCENT, frozen, half, sentences

FROZEN = "f73a12cbff7519be5c156e59c4db667d4bcd981be78c680b8b014b8088bf1768"


def test_the_half_that_judges_is_the_one_from_before_the_rules():
    assert frozen() == FROZEN


def test_there_are_enough_sentences_of_both_kinds_and_none_twice():
    texts = [one.text for one in sentences()]
    assert len(texts) == len(set(texts)) >= 400
    for name in ("tune", "test"):
        innocent = sum(one.category == INNOCENT for one in half(name))
        assert min(innocent, len(half(name)) - innocent) >= 100
