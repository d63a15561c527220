"""Every message of the package is said in a test, and is a sentence that one can act on."""

from __future__ import annotations

import pytest
from message_laws import broken
from message_recorder import Recorder
from message_sites import sites
from provocations import PROVOCATIONS, Ground, corpus, said

HOW = "Add what provokes it to a table in tests/messages, under the sentence it brings; if nothing can, delete it:\n"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What was said at which place while the corpus and every provocation ran."""
    ground = Ground(tmp_path_factory.mktemp("messages"))
    with Recorder(sites()) as recorder:
        corpus(ground)
        told = {sentence: said(ground, act) for sentence, act in PROVOCATIONS.items()}
    return recorder.messages, told


def test_every_message_is_reached(recorded):
    missed = [str(site) for site in sites() if site not in recorded[0]]
    assert not missed, HOW + "\n".join(missed)


def test_every_provocation_brings_its_sentence(recorded):
    missed = [f"{sentence}\n    but: {told}" for sentence, told in recorded[1].items() if sentence not in told]
    assert not missed, "\n".join(missed)


def test_every_message_is_a_sentence_that_one_can_act_on(recorded):
    wrong = [
        f"{site}\n    says: {message}\n    breaks: {', '.join(laws)}"
        for site, messages in sorted(recorded[0].items())
        for message in sorted(messages)
        if site.whole and (laws := broken(message))
    ]
    assert not wrong, "\n".join(wrong)
