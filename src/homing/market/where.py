"""Filters over homes as OData writes them: `ListPrice le 600000 and BedroomsTotal ge 3`, with RESO names."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.market.attributes import ATTRIBUTES, lenient_moment
from homing.market.columns import Category
from homing.market.snapshot import MarketSnapshot

__all__ = ["Where", "where"]

Mask = NDArray[np.bool_]
Literal = float | str | bool | None

LONGEST: Final = 2_000
DEEPEST: Final = 32

_COMPARE: Final[dict[str, Callable[..., Mask]]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?(?![\w.]))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<mark>[(),]))"
)
_MOMENTS: Final = ("ListedAt", "ModificationTimestamp")
_IN_COLUMNS: Final = ("number", "flag", "category")
_KINDS: Final = {"number": "a number", "flag": "true or false", "category": "a text in quotes", "moment": "a date"}


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Where:
    """A filter that was read once; `rows` says which homes of a market pass it.

    A field that a home says nothing about is null: `eq null` is true of it, `ne` anything else is true, every other
    comparison is false. Texts are compared whatever their case. Operators: eq ne gt ge lt le in, and or not, brackets.

    >>> from homing.market.property import Property
    >>> from homing.market.snapshot import snapshot_of
    >>> market = snapshot_of([Property("h1", 0, 0, {"ListPrice": 500_000, "City": "Kent"}),
    ...                       Property("h2", 0, 0, {"ListPrice": 700_000})])
    >>> where("ListPrice le 600000 or City eq null").rows(market).tolist()
    [True, True]
    >>> where("not (City in ('kent', 'Renton'))").rows(market).tolist()
    [False, True]
    """

    text: str
    rows: Callable[[MarketSnapshot], Mask]


def where(text: str, name: str = "where") -> Where:
    """The filter that a text describes; `BadInput` under `name` says what stands where and what was expected there."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise BadInput.of(name, f"be a filter of at most {LONGEST:,} characters", text)
    reader = _Reader(text, name)
    rows = reader.either(0)
    if reader.next.kind != "end":
        raise reader.fault("and, or, or the end")
    return Where(text, rows)


class _Reader:
    """Reads one text from left to right: what is looser bound calls what binds more tightly."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._tokens = self._split()
        self.next = next(self._tokens)

    def either(self, depth: int) -> Callable[[MarketSnapshot], Mask]:
        return self._chain("or", lambda: self._both(depth), np.logical_or)

    def fault(self, expected: str) -> BadInput:
        """What was found where something else was expected."""
        place = f" at character {self.next.at + 1}"
        return BadInput.of(self._name, f"have {expected}{place}", self.next.text or "the end")

    def _both(self, depth: int) -> Callable[[MarketSnapshot], Mask]:
        return self._chain("and", lambda: self._not(depth), np.logical_and)

    def _chain(
        self, word: str, term: Callable[[], Callable[[MarketSnapshot], Mask]], join: Callable[[Mask, Mask], Mask]
    ) -> Callable[[MarketSnapshot], Mask]:
        terms = [term()]
        while self._takes(word):
            terms.append(term())
        return terms[0] if len(terms) == 1 else lambda market: _joined(market, terms, join)

    def _not(self, depth: int) -> Callable[[MarketSnapshot], Mask]:
        if depth > DEEPEST:
            raise BadInput.of(self._name, f"be nested at most {DEEPEST} deep", self._text)
        if self._takes("not"):
            inner = self._not(depth + 1)
            return lambda market: ~inner(market)
        if self._takes("("):
            inner = self.either(depth + 1)
            self._want(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Callable[[MarketSnapshot], Mask]:
        field = self._field()
        word = self.next.text
        if self._takes("in"):
            self._want("(")
            literals = [self._literal(field, null=False)]
            while self._takes(","):
                literals.append(self._literal(field, null=False))
            self._want(")")
            tests = [_test(field, "eq", literal) for literal in literals]
            return lambda market: _joined(market, tests, np.logical_or)
        if self.next.kind != "word" or word not in _COMPARE:
            raise self.fault("one of eq, ne, gt, ge, lt, le, in")
        self._step()
        kind = _kind(field)
        if kind == "flag" and word not in {"eq", "ne"}:
            raise BadInput.of(self._name, f"compare {field} with eq or ne, as it is true or false", word)
        return _test(field, word, self._literal(field, null=word in {"eq", "ne"}))

    def _field(self) -> str:
        token = self.next
        if token.kind != "word" or token.text in {"and", "or", "in", "true", "false", "null"}:
            raise self.fault("the name of a field")
        if _kind(token.text) not in _KINDS:
            must = "name fields that can be filtered on, such as ListPrice, BedroomsTotal, City or PropertyType"
            raise BadInput.of(self._name, must, token.text)
        self._step()
        return token.text

    def _literal(self, field: str, *, null: bool) -> Literal:
        token, kind = self.next, _kind(field)
        if null and token == ("word", "null", token.at):
            self._step()
            return None
        if token.kind == "number" and kind == "number":
            found: Literal = float(token.text)
        elif token.kind == "word" and token.text in {"true", "false"} and kind == "flag":
            found = token.text == "true"
        elif token.kind == "text" and kind == "category":
            found = token.text[1:-1].replace("''", "'")
        elif token.kind == "moment" and kind == "moment" and (at := lenient_moment(token.text)) is not None:
            found = float(at)
        else:
            raise self.fault(f"{_KINDS[kind]} for {field}")
        self._step()
        return found

    def _takes(self, text: str) -> bool:
        if self.next.kind not in {"word", "mark"} or self.next.text != text:
            return False
        self._step()
        return True

    def _want(self, mark: str) -> None:
        if not self._takes(mark):
            raise self.fault(f"'{mark}'")

    def _step(self) -> None:
        self.next = next(self._tokens)

    def _split(self) -> Iterator[_Token]:
        at = 0
        while self._text[at:].strip():
            found = _TOKEN.match(self._text, at)
            if found is None:
                rest = self._text[at:].lstrip()
                self.next = _Token("unknown", rest[:20], len(self._text) - len(rest))
                raise self.fault("a field, an operator, a number or a text in single quotes")
            kind = str(found.lastgroup)
            yield _Token(kind, found[kind], found.start(kind))
            at = found.end()
        while True:
            yield _Token("end", "", len(self._text))


def _kind(field: str) -> str:
    if field in _MOMENTS:
        return "moment"
    if field == "ListingKey":
        return "category"
    attribute = ATTRIBUTES.get(field)
    return "" if attribute is None or attribute.kind not in _IN_COLUMNS else attribute.kind


def _joined(
    market: MarketSnapshot,
    terms: Sequence[Callable[[MarketSnapshot], Mask]],
    join: Callable[[Mask, Mask], Mask],
) -> Mask:
    mask = terms[0](market)
    for term in terms[1:]:
        mask = join(mask, term(market))
    return mask


def _test(field: str, word: str, literal: Literal) -> Callable[[MarketSnapshot], Mask]:
    if _kind(field) == "category":
        return lambda market: _category_test(market, field, word, literal)
    return lambda market: _number_test(_numbers(market, field), word, literal)


def _number_test(column: NDArray[np.float64], word: str, literal: Literal) -> Mask:
    if literal is None:
        return np.isnan(column) if word == "eq" else ~np.isnan(column)
    return np.asarray(_COMPARE[word](column, float(literal)), dtype=np.bool_)  # NaN: true of ne, false of all others


def _numbers(market: MarketSnapshot, field: str) -> NDArray[np.float64]:
    if field in _MOMENTS:
        return (market.listed_at if field == "ListedAt" else market.updated_at).astype(np.float64)
    column = market.numbers.get(field)
    return np.full(len(market), np.nan) if column is None else column


def _category_test(market: MarketSnapshot, field: str, word: str, literal: Literal) -> Mask:
    labels, codes = _labels(market, field)
    if literal is None:
        return (codes < 0) if word == "eq" else (codes >= 0)
    wanted = str(literal).casefold()
    hits = [bool(_COMPARE[word](label.casefold(), wanted)) for label in labels]
    found: Mask = np.array([*hits, word == "ne"], dtype=np.bool_)[codes]
    return found


def _labels(market: MarketSnapshot, field: str) -> tuple[Sequence[str], NDArray[np.int32]]:
    """The labels of a category and the code of each home, -1 where it is unknown."""
    if field == "ListingKey":
        return market.ids.ids, np.arange(len(market), dtype=np.int32)
    category: Category | None = market.categories.get(field)
    if category is None:
        return (), np.full(len(market), -1, dtype=np.int32)
    return category.labels.ids, category.codes
