"""What every model is: final verbs over a few hooks."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from homing import __version__
from homing.core.errors import BadInput, DamagedArtifact, Fault, NotReady
from homing.core.ids import Vocabulary
from homing.models import artifact
from homing.models.homes import HomesGiven, HomesLike, homes_of
from homing.models.impressions import Impressions
from homing.models.interactions import LARGEST_WEIGHT, Id, Interactions, id_kind
from homing.models.pasts import Past, Pasts, joined
from homing.models.query import Codes, Query
from homing.models.top import Scores, top

__all__ = ["Arrays", "Lead", "LearningModel", "Scores", "under"]

C = TypeVar("C")
Arrays = dict[str, NDArray[Any]]
Lead = str | int | Query


class LearningModel(Generic[C]):
    """A model learns from interactions; it scores and explains. It does not filter, diversify, explore or log.

    The verbs without a leading underscore are final. A model fills in the hooks: `_fit`, `_score`, `_state` and
    `_restore`, and where it can `_explain`, `_partial_fit` and `_with_homes`. Learned names end in an underscore; a
    hook never writes into an array that is there already, it puts a new one in its place.

    A lead is an id known from training or a `Query`, the lead's live history. `items` are the homes the model
    distinguishes: those of the interactions in sorted order, then those that only `homes` has. Scores are float32,
    higher is better, NaN where the model has nothing to say; asking changes nothing.
    """

    Config: ClassVar[type[Any]]
    config: C
    items: Vocabulary[Id]
    pasts: Pasts

    def __init__(self, **options: Any) -> None:
        known = [field.name for field in fields(self.Config)]
        faults = [
            Fault(f"{type(self).__name__}({name}=…)", f"be one of its options {known}", repr(name))
            for name in options
            if name not in known
        ]
        if faults:
            raise BadInput(faults)
        self.config = self.Config(**options)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "Config"):
            cls.__signature__ = inspect.signature(cls.Config)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        state = f"{len(self.items)} homes, {len(self.pasts.leads)} leads" if self.is_fitted else "not fitted"
        return f"<{type(self).__name__}: {state}>"

    # -- final verbs -------------------------------------------------------------------------------------------

    @property
    @final
    def is_fitted(self) -> bool:
        """Whether there is anything to ask."""
        return hasattr(self, "pasts")

    @property
    @final
    def can_update(self) -> bool:
        """Whether `partial_fit` works."""
        return hasattr(self, "_partial_fit")

    @final
    def fit(
        self, data: Interactions, *, homes: HomesGiven | None = None, impressions: Impressions | None = None
    ) -> Self:
        """Forget everything, learn from these interactions (homes, impressions), and return the model."""
        columns = homes_of(homes)
        _check_data(data, columns)
        self.items = data.properties if columns is None else data.properties.extended(columns.ids.ids)
        self.pasts = Pasts.of(data)
        self._fit_shown(data, columns, impressions)
        return self

    @final
    def partial_fit(self, more: Interactions) -> Self:
        """Learn from further interactions without forgetting; see the model for what it updates."""
        if not self.can_update:
            raise BadInput.of(
                "partial_fit", f"be asked of a model that can update; {type(self).__name__} must fit", more
            )
        if not self.is_fitted:
            return self.fit(more)
        _check_data(more, None)
        _check_kinds(self.items, more.properties, "data.properties")
        before = self.pasts.interactions(self.items)
        both = joined(before, more)
        self.items, self.pasts = both.properties, Pasts.of(both)
        self._partial_fit(both.select(np.arange(len(before), len(both))))  # type: ignore[attr-defined]
        return self

    @final
    def with_homes(self, homes: HomesGiven) -> Self:
        """The same model over a changed market: new homes and new attributes count at once, codes of homes stay."""
        self._ready("with_homes")
        columns = homes_of(homes)
        if columns is None:
            return self
        _check_kinds(self.items, columns.ids, "homes.ListingKey")
        unknown = (self.items.codes_of(columns.ids) < 0).any()
        return self._over(self.items.extended(columns.ids.ids) if unknown else self.items, columns)

    @final
    def score(self, lead: Lead, property_ids: Sequence[Id] | Codes) -> Scores:
        """One number a home, float32 (n,); NaN for a home that the model does not know or has nothing to say about."""
        self._ready("score")
        codes, known = self._looked_up(property_ids)
        if known.all():
            return self._score(self._past(lead), codes)
        scores = np.full(codes.size, np.nan, dtype=np.float32)
        scores[known] = self._score(self._past(lead), codes[known])
        return scores

    @final
    def score_all(self, lead: Lead) -> Scores:
        """The scores of all `items`, float32 (len(items),)."""
        self._ready("score_all")
        return self._score(self._past(lead), np.arange(len(self.items)))

    @final
    def recommend(
        self,
        lead: Lead,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        candidates: Sequence[Id] | Codes | None = None,
    ) -> tuple[list[Id], Scores]:
        """The best `k` homes and their scores, best first; equal scores in the order of `items`.

        Homes without a score are left out, so there can be fewer than `k`. `exclude_seen` leaves out every home the
        lead has acted on, whichever way. For a lead about whom the model has nothing to say, the answer is popularity:
        the positive weights of each home in the training data, summed.
        """
        self._ready("recommend")
        if not isinstance(k, int | np.integer) or k < 1:
            raise BadInput.of("k", "be at least 1", k)
        past = self._past(lead)
        allowed = self._allowed(candidates)
        if exclude_seen:
            allowed[past.items] = False
        found = self._best(past, allowed, int(k))
        if found is None:
            items = np.flatnonzero(allowed)
            liked = self.popularity()[items].astype(np.float32)
            best = top(liked, int(k))
            found = items[best], liked[best]
        codes, scores = found
        names = self.items.ids
        return [names[code] for code in codes.tolist()], scores

    @final
    def recommend_many(self, leads: Sequence[Lead], k: int = 10, *, exclude_seen: bool = True) -> list[list[Id]]:
        """The ids of `recommend` for each lead, in the order asked."""
        return [self.recommend(lead, k, exclude_seen=exclude_seen)[0] for lead in leads]

    @final
    def explain(self, lead: Lead, property_id: Id) -> dict[str, float]:
        """Named parts that add up to the score; none for a home without a score."""
        return self.explain_many(lead, [property_id])[0]

    @final
    def explain_many(self, lead: Lead, property_ids: Sequence[Id] | Codes) -> list[dict[str, float]]:
        """What `explain` says of each home, in the order asked; what it needs of the lead is worked out once."""
        self._ready("explain")
        codes, known = self._looked_up(property_ids)
        found = iter(self._explain(self._past(lead), codes[known]))
        return [next(found) if there else {} for there in known.tolist()]

    @final
    def popularity(self) -> NDArray[np.float64]:
        """The positive weights of each of `items` in the training data, summed, float64 (len(items),)."""
        weights = np.maximum(self.pasts.weights, 0.0)
        return np.bincount(self.pasts.items, weights=weights, minlength=len(self.items)).astype(np.float64)

    @final
    def save(self, folder: Path | str) -> str:
        """Write the model to a folder, whole or not at all; returns the checksum of its manifest."""
        self._ready("save")
        content = artifact.Artifact(type(self).__name__, self.options(), self.packed(), __version__)
        return artifact.write(folder, content)

    @classmethod
    @final
    def load(cls, folder: Path | str, *, checksum: str | None = None) -> Self:
        """The model saved in a folder, with the same answers to the bit; a changed byte is a `DamagedArtifact`."""
        content = artifact.read(folder, checksum)
        if content.model != cls.__name__:
            raise BadInput.of("folder", f"hold a {cls.__name__}", content.model)
        return cls.unpacked(content.config, content.arrays)

    @final
    def options(self) -> dict[str, Any]:
        """The configuration as plain values."""
        return asdict(self.config)  # type: ignore[call-overload,no-any-return]  # every Config is a dataclass

    def card(self) -> dict[str, Any]:
        """How the model came about, as values for JSON: its options, what it chose for those left open, what it tried.

        `tried` are pairs of settings and NDCG at 10 on the validation cuts; a number without end is the text "inf".
        """
        trials = getattr(self, "trials_", ())
        return {
            "options": _plain(self.options()),
            "chosen": _plain(self._chosen()),
            "tried": [[_plain(trial.settings), round(trial.ndcg, 6)] for trial in trials],
        }

    @final
    def twin(self) -> Self:
        """A fresh model of the same configuration in which nothing is left to choose: what this one chose is given."""
        known = self.options()
        return type(self)(**{**known, **({"tune": False} if "tune" in known else {}), **self._chosen()})

    @final
    def packed(self) -> Arrays:
        """Everything learned, as arrays; a model made of models keeps those of its parts under a prefix."""
        pasts = {f"pasts.{name}": array for name, array in self.pasts.arrays().items()}
        own = {f"own.{name}": array for name, array in self._state().items()}
        ids = artifact.packed_ids("items", self.items) | artifact.packed_ids("leads", self.pasts.leads)
        return {**ids, **pasts, **own}

    @classmethod
    @final
    def unpacked(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `options` and `packed`."""
        model = cls(**options)
        try:
            model.items = artifact.ids_from("items", arrays)
            model.pasts = Pasts.from_arrays(artifact.ids_from("leads", arrays), under("pasts.", arrays))
            model._restore(under("own.", arrays))
        except (KeyError, IndexError, ValueError) as error:
            raise DamagedArtifact(
                f"The arrays are not those of a {cls.__name__} ({error!r}). Train it anew."
            ) from error
        return model

    # -- hooks -------------------------------------------------------------------------------------------------

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        """Forget, then learn. Homes in `data` have the codes of `items`."""
        raise NotImplementedError

    def _fit_shown(self, data: Interactions, homes: HomesLike | None, impressions: Impressions | None) -> None:
        """Like `_fit`, for a model that also learns from what was shown; others ignore impressions."""
        self._fit(data, homes)

    def _score(self, past: Past, items: NDArray[np.int64]) -> Scores:
        """Scores of known codes, float32 (n,), NaN for nothing to say; changes nothing."""
        raise NotImplementedError

    def _explain(self, past: Past, items: NDArray[np.int64]) -> list[dict[str, float]]:
        """Named parts of the score of each of these known codes, none for one without a score."""
        raise BadInput.of("explain", "be asked of a model that can explain", type(self).__name__)

    def _state(self) -> Arrays:
        """What was learned, as arrays."""
        raise NotImplementedError

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `_state`."""
        raise NotImplementedError

    def _chosen(self) -> dict[str, Any]:
        """The options that were left open and what `fit` chose for them; `tune` too, if more is learned by it."""
        open_ = [name for name, value in self.options().items() if value is None and hasattr(self, f"{name}_")]
        return {name: getattr(self, f"{name}_") for name in open_}

    def _with_homes(self, homes: HomesLike) -> None:
        """Take over the homes of a changed market; `items` has them all already."""

    def _best(self, past: Past, allowed: NDArray[np.bool_], k: int) -> tuple[NDArray[np.int64], Scores] | None:
        """The codes of the allowed homes with the `k` highest scores, best first, and their scores.

        None where there is nothing to say to the lead. A model with a quicker way to the same answer may take it.
        """
        if not self._speaks(past):
            return None
        items = np.flatnonzero(allowed)
        scores = self._score(past, items)
        best = top(scores, k)
        return items[best], scores[best]

    def _speaks(self, past: Past) -> bool:
        """Whether there is anything to say to a lead with this past."""
        return past.items.size > 0

    # -- inside ------------------------------------------------------------------------------------------------

    def _ready(self, verb: str) -> None:
        if not self.is_fitted:
            raise NotReady(f"{type(self).__name__} is not fitted. Call fit(...) before {verb}(...).")

    def _past(self, lead: Lead) -> Past:
        if isinstance(lead, Query):
            return Past.of(lead, self.items)
        return self.pasts.past(lead) or Past(np.zeros(0, dtype=np.int64), np.zeros(0), None, None, self.pasts.upto)

    def _over(self, items: Vocabulary[Id], homes: HomesLike) -> Self:
        """The same model over a changed market, with these items, which begin with its own."""
        fresh = copy.copy(self)
        fresh.items = items
        fresh._with_homes(homes)
        return fresh

    def _looked_up(self, homes: Sequence[Id] | Codes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The codes of homes, and which of them are codes of this model."""
        codes = homes.array if isinstance(homes, Codes) else self.items.codes(homes)
        return codes, (codes >= 0) & (codes < len(self.items))

    def _allowed(self, candidates: Sequence[Id] | Codes | None) -> NDArray[np.bool_]:
        """Which of `items` are candidates."""
        if candidates is None:
            return np.ones(len(self.items), dtype=np.bool_)
        codes, known = self._looked_up(candidates)
        allowed = np.zeros(len(self.items), dtype=np.bool_)
        allowed[codes[known]] = True
        return allowed


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    endless = {name: str(value) for name, value in values.items() if isinstance(value, float) and not isfinite(value)}
    return {**values, **endless}


def under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """The arrays whose names begin with a prefix, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _check_data(data: object, homes: HomesLike | None) -> None:
    if not isinstance(data, Interactions):
        raise BadInput.of("data", "be Interactions, for example of Interactions.from_columns(...)", data)
    if not (np.abs(data.weight) <= LARGEST_WEIGHT).all():
        raise BadInput.of("data.weight", "be finite numbers up to 1e9 in size", data.weight)
    if homes is not None:
        _check_kinds(data.properties, homes.ids, "homes.ListingKey")


def _check_kinds(known: Vocabulary[Id], more: Vocabulary[Id], where: str) -> None:
    first, second = id_kind(known), id_kind(more)
    if first is not None and second is not None and first is not second:
        raise BadInput.of(where, f"be ids of the kind of the others ({first.__name__})", more.ids[0])
