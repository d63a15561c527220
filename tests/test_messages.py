"""Every message of the package is said in a test, and is a sentence that one can act on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from message_laws import LAWS, broken
from message_recorder import Recorder
from message_sites import sites, sites_of
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


ADDED = """
from homing.core.errors import BadInput, StorageError

def said(size):
    if size < 0:
        raise BadInput.of("size", "be at least 0", size)
    if size > 9:
        raise StorageError(
            "The box is full. "
            "Take something out."
        )
"""


def test_a_message_that_nobody_provokes_is_found(tmp_path):
    """The twin of the law above: one of two messages of a new module is provoked."""
    file = tmp_path / "box.py"
    file.write_text(ADDED)
    there = sites_of(str(file), ADDED)
    with Recorder(there) as recorder:
        told = said(None, lambda _: module_of(file).said(-1))
    assert told == "size must be at least 0; got -1"
    assert [site.first for site in there if site not in recorder.messages] == [8]
    with Recorder(there) as recorder:
        said(None, lambda _: module_of(file).said(10))
    assert [sorted(told) for told in recorder.messages.values()] == [["The box is full. Take something out."]]


def module_of(file):
    made = {}
    exec(compile(file.read_text(), str(file), "exec"), made)
    return SimpleNamespace(**made)


BROKEN = {
    "ends_well": "The disk is full",
    "filled_in": "The model could not be written to {folder}.",
    "says_nothing_for_none": "k must be at least 1; got None",
    "no_insides": "data must be Interactions; got <object at 0x7f2a11d498a0>",
    "short": f"lead_id must be a text; got {'x' * 10_240}",
    "on_one_line": "lead_id must be a text; got a\nb",
}


@pytest.mark.parametrize("law", LAWS)
def test_each_law_of_messages_finds_what_breaks_it_and_nothing_else(law):
    assert broken(BROKEN[law]) == [law]


def test_what_a_caller_gave_may_look_like_a_message_gone_wrong():
    assert broken("where must have a field at character 1; got '{}'") == []
    assert broken("limits.areas must be a list of texts; got [None]") == []
    assert broken("reg must be a positive number, or None; got -1") == []
