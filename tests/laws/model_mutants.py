"""A model broken on purpose for each law of models."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from homing.core.errors import BadInput
from homing.models.checks import Subject
from homing.models.popularity import PopularityModel
from homing.models.query import Query

COUNTER = itertools.count()


class Popular(PopularityModel):
    """The honest parent of the mutants."""


class Restless(Popular):
    def _fit(self, data, homes):
        super()._fit(data, homes)
        self.total_ = self.total_ + next(COUNTER)


class Wide(Popular):
    def _score(self, past, items):
        return super()._score(past, items).astype(np.float64)


class KnowsAll(Popular):
    def score(self, lead, property_ids):
        return np.nan_to_num(super().score(lead, property_ids), nan=0.5)


class Shy(Popular):
    def recommend(self, lead, k=10, *, exclude_seen=True, candidates=None):
        if lead == "stranger":
            return [], np.zeros(0, dtype=np.float32)
        return super().recommend(lead, k, exclude_seen=exclude_seen, candidates=candidates)


class Remembering(Popular):
    def explain(self, lead, property_id):
        if isinstance(lead, Query):
            self.newest_ += 1
        return super().explain(lead, property_id)


class Demanding(Popular):
    def _fit(self, data, homes):
        if not len(data):
            raise BadInput.of("data", "hold at least one row", 0)
        super()._fit(data, homes)


class Crowded(Popular):
    def _fit(self, data, homes):
        super()._fit(data, homes)
        if len(data.properties) == 3:
            self.total_ = np.full_like(self.total_, np.inf)


class Counting(Popular):
    def _sum(self, data):
        return np.bincount(data.property, minlength=len(self.items)).astype(np.float64)


class LastCounts(Popular):
    def _fit(self, data, homes):
        super()._fit(data, homes)
        if len(data):
            self.total_ = self.total_ + 7.0 * (np.arange(self.total_.size) == data.property[-1])


class Forgetful(Popular):
    def _state(self):
        return {**super()._state(), "total": np.round(self.total_ * 0.9)}


class Repeating(Popular):
    def recommend(self, lead, k=10, *, exclude_seen=True, candidates=None):
        return super().recommend(lead, k, exclude_seen=False, candidates=candidates)


class Straying(Popular):
    def recommend(self, lead, k=10, *, exclude_seen=True, candidates=None):
        given = None if candidates is not None and "h06" in list(candidates) else candidates
        return super().recommend(lead, k, exclude_seen=exclude_seen, candidates=given)


class Unsorted(Popular):
    def recommend(self, lead, k=10, *, exclude_seen=True, candidates=None):
        ids, scores = super().recommend(lead, k, exclude_seen=exclude_seen, candidates=candidates)
        return ids[::-1], scores[::-1]


class Hasty(Popular):
    def recommend_many(self, leads, k=10, *, exclude_seen=True):
        return [self.recommend(leads[0], k, exclude_seen=exclude_seen)[0] for _ in leads]


class Clubby(Popular):
    def _past(self, lead):
        past = super()._past(lead)
        return replace(past, as_of=None) if isinstance(lead, Query) else past

    def _score(self, past, items):
        return super()._score(past, items) + np.float32(past.as_of is None)

    def _explain(self, past, items):
        return [{**parts, "visit": float(past.as_of is None)} for parts in super()._explain(past, items)]


class Vague(Popular):
    def _explain(self, past, items):
        return [{"popularity": 0.99 * parts["popularity"]} for parts in super()._explain(past, items)]


class Credulous(Popular):
    def fit(self, data, *, homes=None, impressions=None):
        return super().fit(data.select(np.isfinite(data.weight)), homes=homes)


class Overflowing(Popular):
    def _score(self, past, items):
        scores = super()._score(past, items)
        return np.where(np.abs(scores) > 1e8, np.float32(np.inf), scores).astype(np.float32)


class Lazy(Popular):
    def _partial_fit(self, more):
        self.total_ = self.total_.copy()


class Spilling(Popular):
    def _with_homes(self, homes):
        self.total_ *= 2.0


class Prejudiced(Popular):
    def fit(self, data, *, homes=None, impressions=None):
        model = super().fit(data, homes=homes)
        model.total_ = model.total_ + sum("gender" in home for home in homes or ())
        return model


_KINDS = {
    "same_seed_same_model": Restless,
    "scores_have_their_shape": Wide,
    "unknown_homes_have_no_score": KnowsAll,
    "strangers_get_homes": Shy,
    "strangers_leave_no_trace": Remembering,
    "little_data_is_enough": Demanding,
    "fewer_homes_than_factors": Crowded,
    "repeats_add_up": Counting,
    "order_of_rows_is_irrelevant": LastCounts,
    "saved_is_loaded": Forgetful,
    "seen_homes_are_left_out": Repeating,
    "candidates_are_kept_to": Straying,
    "lists_are_best_first": Unsorted,
    "many_is_one_by_one": Hasty,
    "a_query_is_its_lead": Clubby,
    "parts_add_up": Vague,
    "bad_weights_are_refused": Credulous,
    "extreme_weights_stay_finite": Overflowing,
    "updates_where_it_can": Lazy,
    "a_changed_market_leaves_the_old_model": Spilling,
    "denied_attributes_change_nothing": Prejudiced,
}
MUTANTS = {law: Subject(kind.__name__, kind, exact_update=True) for law, kind in _KINDS.items()}
