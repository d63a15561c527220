"""Judge the models by what leads did after the models had been trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from homing.core.errors import BadInput
from homing.evaluation.asked import asked_at
from homing.evaluation.grading import BASELINES, Ranker
from homing.evaluation.k_fold import FOLDS, Hidden, k_fold, without_pairs
from homing.evaluation.kept_promises import kept_promises
from homing.evaluation.leave_last import Held, leave_last, without
from homing.evaluation.log import EvaluationLog, evaluation_log
from homing.evaluation.nested import SELECTED, nested
from homing.evaluation.rankers import ROWS, Rankers, as_first_listed, as_known, rankers
from homing.evaluation.saved_search import SEARCHES, Searches, last_searches
from homing.evaluation.temporal import TEST_SHARE, temporal
from homing.evaluation.traits import Traits, traits
from homing.market.catalogue import Catalogue
from homing.market.snapshot import MarketSnapshot
from homing.models.base import Lead
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.interactions import Interactions
from homing.people.directory import Directory
from homing.people.lead import Limits
from homing.personalization.training_data import training_data
from homing.store.events import EventQuery
from homing.tracking.behavior_tracker import BehaviorTracker

__all__ = ["PROTOCOLS", "EvaluateModels"]

PROTOCOLS: Final = ("temporal", "leave_last", "k_fold", "nested")
_JUST_AFTER: Final = 1
"""A question so many microseconds after a moment has all that was known at it."""


@dataclass(frozen=True, slots=True)
class EvaluateModels:
    """Fits the models on what was known before a cut and grades their lists on what leads engaged with after it.

    With a `directory` a model fitted at a cut in time learns, and is asked, with what leads had stated by then.
    """

    tracker: BehaviorTracker
    catalogue: Catalogue
    directory: Directory | None = None

    def __call__(
        self,
        as_of: int,
        *,
        protocol: str = "temporal",
        k: int = 10,
        models: Sequence[str] | None = None,
        seed: int = 0,
        share: float = TEST_SHARE,
        folds: int = FOLDS,
    ) -> dict[str, Any]:
        """The report on everything known at a moment; `models` names the rows wanted, left out: all.

        The baselines are worked out whatever is wanted, as every row has its difference to each of them. `absent` says
        of each row that is missing why. `share` of the time is the test of a cut in time; `folds` are those of k_fold.
        """
        if protocol not in PROTOCOLS:
            raise BadInput.of("--protocol", f"be one of {', '.join(PROTOCOLS)}", protocol)
        names = ROWS if models is None else tuple(models)
        if unknown := [name for name in names if name not in ROWS]:
            raise BadInput.of("--models", f"be some of {', '.join(ROWS)}", ", ".join(unknown))
        run = _Run(self, as_of, tuple(name for name in ROWS if name in names or name in BASELINES), seed)
        judge: dict[str, Callable[[], dict[str, Any]]] = {
            "temporal": lambda: temporal(run.log, run.before, k=k, seed=seed, share=share, about=run.about),
            "nested": lambda: nested(run.log, run.before, k=k, seed=seed, share=share, about=run.about),
            "leave_last": lambda: leave_last(run.log, run.without, k=k, seed=seed, about=run.about(as_of)),
            "k_fold": lambda: k_fold(
                run.log, run.without_pairs, k=k, folds=folds, seed=seed, about=run.about(as_of)
            ),
        }  # fmt: skip
        report = judge[protocol]()
        report["rows"] = [row for row in report["rows"] if row["model"] in {*names, SELECTED}]
        report["absent"] = [{"model": name, "why": why} for name, why in run.absent.items()]
        report["calibration"] = run.calibration() if protocol in {"temporal", "nested"} else None
        report["seed"] = seed
        return report


@dataclass
class _Run:
    """One evaluation: what it reads, and the models fitted last."""

    of: EvaluateModels
    as_of: int
    names: tuple[str, ...]
    seed: int
    market: MarketSnapshot = field(init=False)
    log: EvaluationLog = field(init=False)
    absent: dict[str, str] = field(default_factory=dict)
    last: tuple[int, HybridRecommendationModel] | None = None

    def __post_init__(self) -> None:
        store, tenant = self.of.tracker.store, self.of.tracker.tenant
        self.market = self.of.catalogue.snapshot(self.as_of)
        events = store.columns(tenant, EventQuery(upto=self.as_of, known_upto=self.as_of))
        self.log = evaluation_log(events, self.market)

    def about(self, upto: int) -> Traits:
        return traits(self.log, as_first_listed(self.market), upto)

    def before(self, cut: int) -> dict[str, Ranker]:
        """Models that knew only what was known at the cut; of homes listed later, what they were first listed with."""
        then = self.of.catalogue.snapshot(cut)
        data = training_data(self.of.tracker.store, self.of.tracker.tenant, then, cut)
        limits = self._limits(cut)
        model = HybridRecommendationModel(seed=self.seed).fit(
            data.interactions, homes=then, impressions=data.told(then, limits)
        )
        known = as_known(self.market, then)
        model = model.with_homes(as_first_listed(self.market)).with_homes(then)
        self.last = cut, model
        asked = asked_at(model.items, data.interactions, data.told(known, limits), known)
        return self._found(
            model, data.interactions, known, self._searches(cut), lambda lead: asked(lead, cut + _JUST_AFTER)
        )

    def without(self, held: Mapping[str, Held]) -> dict[str, Ranker]:
        """Models that do not know what is held out."""
        return self._hidden(
            lambda data: without(data, held),
            self._searches(self.as_of, {name: one.since for name, one in held.items()}),
        )

    def without_pairs(self, hidden: Hidden) -> dict[str, Ranker]:
        """Models that do not know the acts on hidden homes."""
        return self._hidden(lambda data: without_pairs(data, hidden), self._searches(self.as_of))

    def calibration(self) -> dict[str, Any] | None:
        """How the confidence of the model fitted last did on what was shown after its cut."""
        if self.last is None:
            return None
        cut, model = self.last
        data = training_data(self.of.tracker.store, self.of.tracker.tenant, self.market, self.as_of)
        shown = data.told(self.market, self._limits(cut)).select(data.impressions.at > cut)
        return {
            **kept_promises(model, shown, data.interactions, self.market),
            "opened_stand_in_for_shown": data.stands_in,
        }

    def _hidden(self, left: Callable[[Interactions], Interactions], searches: Searches) -> dict[str, Ranker]:
        data = training_data(self.of.tracker.store, self.of.tracker.tenant, self.market, self.as_of)
        known = left(data.interactions)
        model = HybridRecommendationModel(seed=self.seed).fit(known, homes=self.market)
        return self._found(model, known, self.market, searches)

    def _limits(self, cut: int) -> dict[str, Limits]:
        return {} if self.of.directory is None else self.of.directory.limits(cut)

    def _found(
        self,
        model: HybridRecommendationModel,
        data: Interactions,
        market: MarketSnapshot,
        searches: Searches,
        asked: Callable[[str], Lead] = str,
    ) -> dict[str, Ranker]:
        found: Rankers = rankers(model, data, market, searches, seed=self.seed, wanted=self.names, asked=asked)
        self.absent = dict(found.absent)
        return dict(found.there)

    def _searches(self, upto: int, before: Mapping[str, int] | None = None) -> Searches:
        asked = EventQuery(event_types=SEARCHES, upto=upto, known_upto=upto)
        return last_searches(self.of.tracker.store.select(self.of.tracker.tenant, asked), before)
