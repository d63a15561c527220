"""Vectors that were computed before, kept until anything they were made of could be another."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace

from homing.core.errors import BadInput
from homing.core.telemetry import count
from homing.interfaces import FeatureVector

__all__ = ["CacheStats", "VectorCache"]


@dataclass(frozen=True, slots=True)
class CacheStats:
    """How often a vector was there when it was asked for, how often not; how many are held, at most how many.

    >>> CacheStats(hits=3, misses=1, held=1, most=10).hit_rate, CacheStats().hit_rate
    (0.75, 0.0)
    """

    hits: int = 0
    misses: int = 0
    held: int = 0
    most: int = 0

    @property
    def hit_rate(self) -> float:
        """Hits among all questions; 0 before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class VectorCache:
    """Holds at most so many vectors; the one not asked for longest goes first. May be used from any thread.

    A key names everything that the vector depends on, so nothing is ever thrown away for being stale: what changed has
    another key.

    >>> from datetime import UTC, datetime
    >>> cache = VectorCache(most=1)
    >>> one = FeatureVector("l1", "lead", datetime(2026, 5, 1, tzinfo=UTC), 0, {}, {}, "")
    >>> cache.put(("l1", 1), one), cache.get(("l1", 1)) == one, cache.get(("l1", 2)), cache.stats().hit_rate
    (None, True, None, 0.5)
    """

    def __init__(self, most: int) -> None:
        if most < 0:
            raise BadInput.of("most", "be at least 0", most)
        self._most = most
        self._held: OrderedDict[Hashable, FeatureVector] = OrderedDict()
        self._hits = self._misses = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> FeatureVector | None:
        """The vector under a key, a copy of its own for each who asks; None if it is not there."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                self._misses += 1
            else:
                self._hits += 1
                self._held.move_to_end(key)
        count("feature_cache", outcome="miss" if found is None else "hit")
        return None if found is None else _copy(found)

    def put(self, key: Hashable, vector: FeatureVector) -> None:
        """Keep a vector; the one not asked for longest goes if there are too many."""
        with self._lock:
            self._held[key] = _copy(vector)
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)

    def stats(self) -> CacheStats:
        """What happened so far."""
        with self._lock:
            return CacheStats(self._hits, self._misses, len(self._held), self._most)


def _copy(vector: FeatureVector) -> FeatureVector:
    return replace(
        vector,
        numerical_features=dict(vector.numerical_features),
        categorical_features=dict(vector.categorical_features),
    )
