"""Filters over homes mean what OData says, whatever their form."""

from __future__ import annotations

import operator
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homing.core.errors import BadInput
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.market.where import where

HOMES = [
    {"ListPrice": 500_000, "BedroomsTotal": 3, "City": "Kent", "PoolPrivateYN": True},
    {"ListPrice": 650_000.5, "BedroomsTotal": 2, "City": "O'Brien"},
    {"ListPrice": 500_000, "City": "kent", "PoolPrivateYN": False},
    {"BedroomsTotal": 4, "PostalCode": "98032"},
    {},
]
MARKET = snapshot_of([Property(f"h{n}", n, n, fields) for n, fields in enumerate(HOMES)])


def passing(text):
    return np.flatnonzero(where(text).rows(MARKET)).tolist()


@pytest.mark.parametrize(
    ("text", "homes"),
    [
        ("ListPrice le 500000", [0, 2]),
        ("ListPrice gt 5e5", [1]),
        ("ListPrice ne 500000", [1, 3, 4]),
        ("ListPrice eq null", [3, 4]),
        ("ListPrice ne null and BedroomsTotal ge 3", [0]),
        ("not (ListPrice le 500000)", [1, 3, 4]),
        ("not not BedroomsTotal eq 4", [3]),
        ("City eq 'KENT'", [0, 2]),
        ("City eq 'O''Brien'", [1]),
        ("City in ('Kent', 'Renton') or PostalCode eq '98032'", [0, 2, 3]),
        ("City gt 'kent'", [1]),
        ("BedroomsTotal in (2,4)", [1, 3]),
        ("PoolPrivateYN eq true", [0]),
        ("PoolPrivateYN ne true", [1, 2, 3, 4]),
        ("ListingKey in ('h1', 'h4')", [1, 4]),
        ("BedroomsTotal eq 2 or BedroomsTotal eq 3 and ListPrice lt 1", [1]),
        ("(BedroomsTotal eq 2 or BedroomsTotal eq 3) and ListPrice lt 1", []),
        ("ModificationTimestamp lt 1970-01-02", [0, 1, 2, 3, 4]),
        ("ModificationTimestamp ge 1970-01-01T00:00:00.000003Z", [3, 4]),
        ("TaxYear eq null", [0, 1, 2, 3, 4]),
        ("MLSAreaMajor eq 'Elm'", []),
    ],
)
def test_a_filter_keeps_the_homes_it_describes(text, homes):
    assert passing(text) == homes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "have the name of a field at character 1; got 'the end'"),
        ("ListPrice", "have one of eq, ne, gt, ge, lt, le, in at character 10; got 'the end'"),
        ("ListPrice < 5", "have a field, an operator, a number or a text in single quotes at character 11; got '< 5'"),
        ("ListPrice le", "have a number for ListPrice at character 13; got 'the end'"),
        ("ListPrice le 'cheap'", "have a number for ListPrice at character 14; got \"'cheap'\""),
        ("ListPrice le null", "have a number for ListPrice at character 14; got 'null'"),
        ("City eq 7", "have a text in quotes for City at character 9; got '7'"),
        ("PoolPrivateYN eq 'yes'", "have true or false for PoolPrivateYN at character 18; got \"'yes'\""),
        ("PoolPrivateYN gt true", "compare PoolPrivateYN with eq or ne, as it is true or false; got 'gt'"),
        ("ListPrice le 5 BedroomsTotal eq 3", "have and, or, or the end at character 16; got 'BedroomsTotal'"),
        ("(ListPrice le 5", "have ')' at character 16; got 'the end'"),
        ("City in 'Kent'", "have '(' at character 9; got \"'Kent'\""),
        ("City in (null)", "have a text in quotes for City at character 10; got 'null'"),
        ("Zebra eq 1", "name fields that can be filtered on, such as ListPrice, BedroomsTotal, City or PropertyType"),
        ("PublicRemarks eq 'x'", "name fields that can be filtered on"),
        ("and eq 1", "have the name of a field at character 1; got 'and'"),
        ("ModificationTimestamp gt 2026-13-77", "have a date for ModificationTimestamp at character 26"),
        ("not " * 40 + "ListPrice eq 1", "be nested at most 32 deep"),
        ("(" * 2_000 + "x", "be a filter of at most 2,000 characters"),
    ],
)
def test_a_filter_that_cannot_be_read_says_what_stands_where(text, said):
    with pytest.raises(BadInput) as refused:
        where(text, "--where")
    assert f"--where must {said}" in str(refused.value)


WORDS = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def compared(field, word, value):
    """The text of a comparison, and the same in plain Python."""

    def holds(home):
        found = home.get(field)
        if found is None or value is None:
            return {"eq": found is value, "ne": found is not value}.get(word, False)
        return WORDS[word](found, value)

    return f"{field} {word} {'null' if value is None else value}", holds


TOKENS = ["ListPrice", "eq", "7", "and", "(", ")", "not", "City", "'a'", "in", ",", "null", "or"]
COMPARISONS = st.one_of(
    st.builds(
        compared, st.sampled_from(["ListPrice", "BedroomsTotal"]), st.sampled_from(list(WORDS)),
        st.sampled_from([2, 3, 4, 500_000, 650_000.5]),
    ),
    st.builds(compared, st.just("BedroomsTotal"), st.sampled_from(["eq", "ne"]), st.none()),
)  # fmt: skip
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map(lambda one: (f"not ({one[0]})", lambda home: not one[1](home))),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]}) and ({two[1][0]})", lambda home: two[0][1](home) and two[1][1](home))
        ),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]}) or ({two[1][0]})", lambda home: two[0][1](home) or two[1][1](home))
        ),
    ),
    max_leaves=8,
)


@given(FILTERS)
def test_columns_and_plain_python_agree(pair):
    text, holds = pair
    assert where(text).rows(MARKET).tolist() == [holds(home) for home in HOMES]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(TOKENS))))
def test_any_text_is_a_filter_or_a_clear_refusal(given_text):
    text = given_text if isinstance(given_text, str) else " ".join(given_text)
    with suppress(BadInput):
        assert where(text).rows(MARKET).shape == (5,)
