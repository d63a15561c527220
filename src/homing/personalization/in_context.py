"""A `LearningContext` made a question to the engine: each of its fields is obeyed, and what cannot be is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homing.core.errors import BadInput, Fault, shown
from homing.interfaces import LearningContext, Recommendations
from homing.market.where import Where, where
from homing.personalization.ask import Ask

__all__ = ["ask_in", "unmet"]

_RULES: Final = ("exclude", "where")
_FLAGS: Final = ("diversity", "reasons")


def ask_in(context: LearningContext, lead_id: str, k: int, as_of: int | None) -> Ask:
    """The question of a context; all its faults are told together.

    `max_results` bounds k, `min_confidence` leaves out homes below it, and once `max_latency_ms` have passed reasons
    are left out. Of `business_rules` there are `where`, an OData filter, and `exclude`, ids of homes. Of
    `feature_flags` `reasons` and `diversity`, the care that homes are not all alike, may be switched off.

    >>> ask_in(LearningContext(max_results=3, business_rules={"exclude": ["home-7"]}), "ann", 10, None).exclude
    frozenset({'home-7'})
    """
    faults = [*_unknown("business_rules", context.business_rules, _RULES)]
    faults += _unknown("feature_flags", context.feature_flags, _FLAGS)
    if not 0.0 <= context.min_confidence <= 1.0:
        faults.append(Fault("min_confidence", "lie between 0 and 1", shown(context.min_confidence)))
    if context.max_latency_ms < 1:
        faults.append(Fault("max_latency_ms", "be at least 1", shown(context.max_latency_ms)))
    excluded = context.business_rules.get("exclude", ())
    if isinstance(excluded, str) or not all(isinstance(home, str) for home in excluded):
        faults.append(Fault("business_rules.exclude", "be a list of ids of homes", shown(excluded)))
    if faults:
        raise BadInput(faults)
    return Ask(
        lead_id=lead_id,
        k=min(k, context.max_results),
        as_of=as_of,
        where=_filter(context.business_rules.get("where")),
        exclude=frozenset(excluded),
        min_confidence=context.min_confidence,
        explain=context.feature_flags.get("reasons", True),
        diverse=context.feature_flags.get("diversity", True),
        within_ms=context.max_latency_ms,
    )


def unmet(context: LearningContext, answer: Recommendations) -> tuple[str, ...]:
    """What a context asks for that an answer is not, in the words of `degraded`."""
    told = []
    served = answer.models.get("hybrid")
    if context.model_version not in (None, served):
        told.append(f"models: version {context.model_version} was asked for; {served or 'none'} answered")
    if context.experiment_id is not None:
        told.append(f"experiment: {context.experiment_id} does not run")
    return tuple(told)


def _unknown(field: str, given: Mapping[str, Any], known: tuple[str, ...]) -> list[Fault]:
    must = f"be left out: there are {', '.join(known)}"
    return [Fault(f"{field}.{name}", must, shown(value)) for name, value in given.items() if name not in known]


def _filter(text: object) -> Where | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise BadInput.of("business_rules.where", "be a filter such as 'ListPrice le 600000'", text)
    return where(text)
