"""An exception is a law that a part cannot keep: listed once, with a reason, as long as it is true."""

from __future__ import annotations

import pytest

from homing.core.errors import BadInput
from homing.core.laws import Excepted, LawBroken, broken, by_name, checks, listed, must, refused

REASON = "three was odd before anybody wrote this law"


def is_even(number):
    must(number % 2 == 0, f"{number} is odd")


def is_whole(number):
    must(number == int(number), f"{number} is not whole")


LAWS = by_name(is_even)


def run(number, *excepted):
    for check in checks(LAWS, {"it": number}, excepted):
        check.run()


def test_a_law_that_is_broken_and_not_excepted_fails():
    with pytest.raises(LawBroken, match="3 is odd"):
        run(3)


def test_an_exception_asks_the_weaker_law():
    run(3, Excepted("it", "is_even", REASON, is_whole))
    with pytest.raises(LawBroken, match="not whole"):
        run(2.5, Excepted("it", "is_even", REASON, is_whole))


def test_an_exception_that_is_no_longer_needed_fails():
    with pytest.raises(LawBroken, match="it keeps is_even after all: take it off the list"):
        run(2, Excepted("it", "is_even", REASON, is_whole))


@pytest.mark.parametrize(
    ("excepted", "why"),
    [
        ([Excepted("it", "is_even", "odd", is_whole)], "must say why in a sentence"),
        ([Excepted("else", "is_even", REASON, is_whole)], "name a part and a law of the suite"),
        ([Excepted("it", "is_odd", REASON, is_whole)], "name a part and a law of the suite"),
        ([Excepted("it", "is_even", REASON, is_whole)] * 2, "name each part and law once"),
    ],
)
def test_a_careless_exception_is_refused(excepted, why):
    with pytest.raises(BadInput, match=why):
        checks(LAWS, {"it": 3}, excepted)


@pytest.mark.parametrize(("laws", "parts"), [({}, {"it": 3}), (LAWS, {})])
def test_a_suite_that_asks_nothing_is_refused(laws, parts):
    with pytest.raises(BadInput, match="a suite that asks nothing is always green"):
        checks(laws, parts)


def test_a_part_that_is_not_registered_fails():
    with pytest.raises(LawBroken, match=r"not registered: \['memory'\]; registered, but not there: \[\]"):
        listed(["sqlite", "memory"], ["sqlite"])


def test_a_part_that_cannot_be_asked_because_of_itself_breaks_the_law():
    def crash(_):
        raise BadInput.of("it", "work", None)

    assert broken(by_name(crash, is_whole), 3) == {"crash"}


def test_what_should_be_refused_and_is_not_breaks_the_law():
    with pytest.raises(LawBroken, match="it must be refused; got 5"):
        refused(lambda: 5)
