"""The public remarks of homes as weighted words, without a sentence that no text about a home may say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.models.artifact import ids_from, packed_ids
from homing.trust.text_guard import shipped_text_guard

__all__ = [
    "NO_LEXICON",
    "WEIGHTINGS",
    "Lexicon",
    "Remarks",
    "Weighting",
    "digest",
    "learned_lexicon",
    "sentences",
    "terms_of",
]

Doubles = NDArray[np.float64]
Weighting = Literal["tfidf", "bm25"]

WEIGHTINGS: Final[tuple[Weighting, ...]] = ("tfidf", "bm25")
MOST_TERMS: Final = 20_000
FEWEST_HOMES: Final = 2
MOST_SHARE: Final = 0.5
_K1: Final = 1.2
_B: Final = 0.75
_MOST_REMEMBERED: Final = 32_768
_MOST_ENCODED: Final = 4

_TAG: Final = re.compile(r"<[^<>]{0,200}>")
_ADDRESS: Final = re.compile(r"\S*(?:@|://|\bwww\.)\S*")
_END: Final = re.compile(r"[.!?;:]+(?=\s|$)|\n+|\s[-–—*•·~|]+\s|[•·|]")
_WORD: Final = re.compile(r"[^\W_]*[^\W\d_][^\W_]*")


@lru_cache(_MOST_REMEMBERED)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text that may be learned from, in order.

    A sentence in which the text guard finds anything is left out whole. Tags end a sentence; addresses of mail and of
    the web are taken out.

    >>> sentences("Sunny kitchen, big deck. Perfect for families! Write to a@b.example")
    ('Sunny kitchen, big deck', 'Write to')
    """
    plain = _ADDRESS.sub(" ", _TAG.sub("\n", text))
    found = shipped_text_guard().findings(plain)
    kept, start = [], 0
    for begin, end in [*(match.span() for match in _END.finditer(plain)), (len(plain), len(plain))]:
        words = plain[start:begin].strip()
        if words and not any(one.start < begin and start < one.end for one in found):
            kept.append(words)
        start = end
    return tuple(kept)


def terms_of(text: str) -> list[str]:
    """The words and pairs of neighbouring words of a text, lower case; numbers and single letters are none.

    >>> terms_of("Big deck, 3 beds. Sunny")
    ['big', 'deck', 'beds', 'big deck', 'deck beds', 'sunny']
    """
    terms: list[str] = []
    for sentence in sentences(text):
        words = [word for word in _WORD.findall(sentence.lower()) if len(word) > 1]
        terms += words
        terms += [f"{one} {two}" for one, two in pairwise(words)]
    return terms


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """The terms learned, in alphabetical order, and what is needed to weigh them.

    `homes` int64 (t,) the number of texts with each term, `idf` float64 (t,) its logarithmic rarity as scikit-learn has
    it, ln((1 + n) / (1 + homes)) + 1; `texts` is n, `length` the mean number of known terms in a text.
    """

    terms: Vocabulary[str]
    homes: NDArray[np.int64]
    idf: Doubles
    texts: int = 0
    length: float = 1.0

    def __len__(self) -> int:
        return len(self.terms)

    def encoded(self, texts: Iterable[str], weighting: Weighting) -> Remarks:
        """Texts as rows of length 1, a row without known terms of length 0.

        tfidf: (1 + ln tf) idf. bm25: tf (k + 1) / (tf + k (1 - b + b length / mean length)) ln(1 + (n - df + 1/2) /
        (df + 1/2)) with k = 1.2, b = 0.75 (Robertson, Zaragoza 2009).
        """
        return _encoded(self, tuple(texts), weighting)

    def weighed(self, codes: NDArray[np.int32], counts: NDArray[Any], weighting: Weighting) -> Doubles:
        """The parts of a row of length 1 with these terms, so often each."""
        if not codes.size:
            return np.zeros(0)
        if weighting == "bm25":
            fullness = _K1 * (1.0 - _B + _B * counts.sum() / self.length)
            rarity = np.log1p((self.texts - self.homes[codes] + 0.5) / (self.homes[codes] + 0.5))
            weights = counts * (_K1 + 1.0) / (counts + fullness) * rarity
        else:
            weights = (1.0 + np.log(counts)) * self.idf[codes]
        norm = float(np.sqrt(weights @ weights))
        return np.asarray(weights / norm, dtype=np.float64) if norm > 0.0 else np.zeros(codes.size)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        about = np.array([float(self.texts), self.length])
        return packed_ids("terms", self.terms) | {"homes": self.homes, "idf": self.idf, "about": about}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Lexicon:
        """The inverse of `arrays`."""
        texts, length = arrays["about"].tolist()
        return cls(ids_from("terms", arrays), arrays["homes"], arrays["idf"], int(texts), float(length))


NO_LEXICON: Final = Lexicon(Vocabulary[str](()), np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Remarks:
    """Weighted terms of n homes: home i has `terms` int32 and `parts` float32 at `offsets[i]:offsets[i + 1]`."""

    offsets: NDArray[np.int64]
    terms: NDArray[np.int32]
    parts: NDArray[np.float32]

    @classmethod
    def none(cls, homes: int) -> Remarks:
        """Homes of which no word is known."""
        return cls(np.zeros(homes + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return self.offsets.size - 1

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which homes have any known word, bool (n,)."""
        return np.diff(self.offsets) > 0

    def row(self, home: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The terms of one home, and their parts."""
        where = slice(int(self.offsets[home]), int(self.offsets[home + 1]))
        return self.terms[where], self.parts[where]

    def mean(self, count: int) -> Doubles:
        """The mean of all homes with known words, float64 (count,) for so many terms."""
        total = np.bincount(self.terms, weights=self.parts, minlength=count).astype(np.float64)
        return total / max(1, int(self.known.sum()))

    def rewritten(self, homes: int, rows: Sequence[int], fresh: Remarks) -> Remarks:
        """Those of `homes` homes, no fewer than here, of which `rows` are written anew, in the order of `fresh`."""
        counts = np.zeros(homes, dtype=np.int64)
        counts[: len(self)] = np.diff(self.offsets)
        counts[list(rows)] = np.diff(fresh.offsets)
        offsets = np.concatenate(([0], np.cumsum(counts)))
        terms, parts = np.empty(int(offsets[-1]), np.int32), np.empty(int(offsets[-1]), np.float32)
        stays = np.ones(homes, dtype=np.bool_)
        stays[list(rows)] = False
        kept = np.repeat(stays, counts)
        before = np.repeat(stays[: len(self)], np.diff(self.offsets))
        terms[kept], parts[kept] = self.terms[before], self.parts[before]
        for place, row in enumerate(rows):
            terms[offsets[row] : offsets[row + 1]], parts[offsets[row] : offsets[row + 1]] = fresh.row(place)
        return Remarks(offsets, terms, parts)


@lru_cache(_MOST_ENCODED)
def _encoded(lexicon: Lexicon, texts: tuple[str, ...], weighting: Weighting) -> Remarks:
    ends, codes, counts = _counted(lexicon.terms, texts)
    rows = [
        lexicon.weighed(codes[first:last], counts[first:last], weighting) for first, last in pairwise(ends.tolist())
    ]
    return Remarks(ends, codes, np.concatenate(rows or [np.zeros(0)]).astype(np.float32))


@lru_cache(_MOST_ENCODED)
def _counted(
    terms: Vocabulary[str], texts: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """The known terms of texts in order of code, and how often each is in it: where each text ends, codes, counts."""
    ends, codes, counts = [0], [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for text in texts:
        known = np.array([code for code in map(terms.code, terms_of(text)) if code >= 0], dtype=np.int32)
        found, often = np.unique(known, return_counts=True)
        codes.append(found)
        counts.append(often)
        ends.append(ends[-1] + found.size)
    return np.array(ends, dtype=np.int64), np.concatenate(codes), np.concatenate(counts)


def digest(text: str) -> int:
    """Eight bytes that tell texts apart, 0 for none."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") if text else 0


def learned_lexicon(texts: Sequence[str]) -> Lexicon:
    """The terms by which texts differ: at least 2 texts have each, at most half of them, and the guard allows it.

    At most 20,000, those of most texts first. Stop words, and pairs that begin or end with one, are none.
    """
    return _learned(tuple(texts))


@lru_cache(_MOST_ENCODED)
def _learned(texts: tuple[str, ...]) -> Lexicon:
    told = sum(1 for text in texts if text)
    homes = Counter[str]()
    for text in texts:
        homes.update(set(terms_of(text)))
    chosen = sorted(_admitted(homes, max(MOST_SHARE * told, FEWEST_HOMES)))
    if not chosen:
        return NO_LEXICON
    terms, counts = Vocabulary(chosen), np.array([homes[term] for term in chosen], dtype=np.int64)
    length = float(_counted(terms, texts)[2].sum()) / told
    return Lexicon(terms, counts, np.log((1.0 + told) / (1.0 + counts)) + 1.0, told, length)


def _admitted(homes: Mapping[str, int], most: float) -> Iterator[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # heavy, and needed in training alone

    guard, admitted = shipped_text_guard(), 0
    frequent = ((term, count) for term, count in homes.items() if FEWEST_HOMES <= count <= most)
    for term, _ in sorted(frequent, key=lambda one: (-one[1], one[0])):
        words = term.split(" ")
        if words[0] in ENGLISH_STOP_WORDS or words[-1] in ENGLISH_STOP_WORDS or not guard.allows(term):
            continue
        yield term
        admitted += 1
        if admitted == MOST_TERMS:
            return
