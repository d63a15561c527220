"""Every part of every kind keeps the laws of its kind, and every law catches the part that breaks it."""

from __future__ import annotations

import pytest
from answers import ANSWERS, HONEST
from answers import ASKED as ASKED_ANSWERS
from doors import BEHIND, DOORS
from registered import SUITES

from homing.core.laws import broken, listed

CHECKS = [pytest.param(check, id=str(check)) for suite in SUITES.values() for check in suite.checks()]
MUTANTS = [
    pytest.param(suite, law, mutant, id=f"{kind}-{law}")
    for kind, suite in SUITES.items()
    for law, mutant in suite.mutants.items()
]
ASKED = {
    "event stores": 3 * 35,
    "stores with two times": 18 * 8,
    "models": 30 * 21,
    "event types": 48 * 19,
    "importers": 8 * 14,
    "doors": 26 * 5,
    "answers about the past": 15 * 7,
}
"""How many checks there are: a suite that asks less than it did, or nothing, is noticed."""


@pytest.mark.parametrize("check", CHECKS)
def test_a_part_keeps_a_law(check):
    check.run()


@pytest.mark.parametrize("kind", SUITES)
def test_every_part_of_the_package_is_registered(kind):
    suite = SUITES[kind]
    listed(suite.found, suite.registered)


def test_as_many_laws_are_asked_as_are_stated():
    assert {kind: len(suite.checks()) for kind, suite in SUITES.items()} == ASKED


@pytest.mark.parametrize("kind", SUITES)
def test_every_law_has_a_mutant(kind):
    assert set(SUITES[kind].mutants) == set(SUITES[kind].laws)


@pytest.mark.parametrize(("suite", "law", "mutant"), MUTANTS)
def test_a_mutant_breaks_its_law_and_no_other(suite, law, mutant):
    assert broken(suite.laws, mutant) == {law, *suite.felt.get(law, ())}


@pytest.mark.parametrize("kind", SUITES)
def test_what_a_mutant_breaks_besides_has_a_reason(kind):
    for others in SUITES[kind].felt.values():
        assert set(others) <= set(SUITES[kind].laws)
        assert all(len(reason) > 30 for reason in others.values())


def test_a_call_that_takes_a_moment_is_asked_as_an_answer_or_says_why_not():
    assert {how for how in ASKED_ANSWERS.values() if " " not in how} <= set(ANSWERS)


def test_every_way_in_is_a_door_or_says_why_not():
    assert {how for how in BEHIND.values() if " " not in how} <= set(DOORS)


def test_the_answer_that_mutants_are_made_of_keeps_every_law():
    assert broken(SUITES["answers about the past"].laws, HONEST) == set()
