"""Whether the engine shows areas and groups alike, judged on the lists that its leads would get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from homing.core.errors import NotReady
from homing.evaluation.exposure import exposure
from homing.evaluation.fairness_audit import FairnessAudit, fairness_audit
from homing.personalization.property_engine import PropertyPersonalizationEngine
from homing.personalization.shown import Shown

__all__ = ["AuditFairness", "LeadsAudited"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LeadsAudited:
    """The audit, how many leads there are, and how many of those in the groups were not among the leads audited."""

    audit: FairnessAudit
    leads: int
    strangers: int


@dataclass(frozen=True, slots=True)
class AuditFairness:
    """Makes the list of every lead, or of a seeded sample of `most`, and judges them; it stores nothing.

    The groups are for the audit alone: nothing that makes the lists sees them.
    """

    engine: PropertyPersonalizationEngine

    def __call__(
        self,
        k: int = 10,
        *,
        groups: Mapping[str, str] | None = None,
        as_of: int | None = None,
        most: int = 2_000,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> LeadsAudited:
        """The audit of lists of k as of a moment (left out: now); `NotReady` if no lead is known."""
        leads, shown = self.engine.shown_to(k, most=most, seed=seed, as_of=as_of)
        if not leads:
            raise NotReady("No lead is known by an act or a stated limit: import events or leads first.")
        made = exposure(_told(shown, min(leads, most), progress))
        audited = fairness_audit(made, k, groups, seed=seed)
        return LeadsAudited(audited, leads, len(set(groups or {}) - set(made.leads)))


def _told(shown: Iterable[Shown], total: int, progress: Progress | None) -> Iterator[Shown]:
    for done, one in enumerate(shown, start=1):
        yield one
        if progress is not None:
            progress(done, total)
