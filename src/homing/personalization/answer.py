"""The recommendation answer as JSON-ready values, in the shape that commands and routes give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from homing.core.clock import format_moment, to_micros
from homing.interfaces import ModelPrediction, Reason, Recommendations, Stage
from homing.personalization.leads_for import LeadsAnswer
from homing.personalization.similar import SimilarHome

__all__ = ["as_json", "leads_json", "similar_json"]


def as_json(answer: Recommendations, *, explain: bool = True, full: bool = False) -> dict[str, Any]:
    """The whole answer; without `explain` the reasons are left out and `rest` is 1.

    In `full` each home has its text message and what it hangs on besides.
    """
    return {
        "recommendation_id": answer.recommendation_id,
        "lead_id": answer.lead_id,
        **({"anonymous_id": answer.anonymous_id} if answer.anonymous_id is not None else {}),
        "as_of": _moment(answer.as_of),
        "event_count": answer.event_count,
        "models": dict(answer.models),
        "experiment": answer.experiment,
        "degraded": list(answer.degraded),
        "items": [_item(item, explain) | (_further(item) if full else {}) for item in answer.items],
        "trace": [_stage(stage) for stage in answer.trace],
    }


def leads_json(answer: LeadsAnswer) -> dict[str, Any]:
    """The leads for a home, in the shape that the command and the route give."""
    return {
        "property_id": answer.property_id,
        "as_of": _moment(answer.as_of),
        "models": dict(answer.models),
        "degraded": list(answer.degraded),
        "home": dict(answer.home),
        "items": [
            {
                "lead_id": item.lead_id,
                "rank": item.rank,
                "score": _rounded(item.score),
                "confidence": _rounded(item.confidence),
                "interval": [_rounded(end) for end in item.interval],
                "confidence_level": item.confidence_level.value,
                "reasons": [_reason(reason) for reason in item.reasons],
                "rest": _rounded(item.rest),
            }
            for item in answer.items
        ],
        "trace": [_stage(stage) for stage in answer.trace],
    }


def similar_json(property_id: str, homes: Sequence[SimilarHome]) -> dict[str, Any]:
    """Homes like a home, in the shape that the route gives."""
    items = [
        {
            "property_id": found.property_id,
            "rank": rank,
            "score": _rounded(found.score),
            "home": dict(found.home),
            "alike": list(found.alike),
        }
        for rank, found in enumerate(homes, 1)
    ]
    return {"property_id": property_id, "items": items}


def _item(item: ModelPrediction, explain: bool) -> dict[str, Any]:
    return {
        "property_id": item.property_id,
        "rank": item.rank,
        "score": _rounded(item.score),
        "confidence": _rounded(item.confidence),
        "interval": [_rounded(end) for end in item.interval],
        "confidence_level": item.confidence_level.value,
        "stretch": item.stretch,
        "home": dict(item.home),
        "reasons": [_reason(reason) for reason in item.reasons] if explain else [],
        "rest": _rounded(item.rest) if explain else 1.0,
    }


def _further(item: ModelPrediction) -> dict[str, Any]:
    found = item.counterfactual
    hangs_on = None if found is None else {"text": found.text, "events": list(found.events)}
    return {"sms": item.sms or None, "counterfactual": hangs_on}


def _stage(stage: Stage) -> dict[str, Any]:
    returned = {"returned": dict(stage.returned)} if stage.returned else {}
    return {"stage": stage.stage, "kept": stage.kept, "removed": dict(stage.removed), **returned}


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind,
        "share": _rounded(reason.share),
        "text": reason.text,
        "say": reason.say,
        "evidence": {"events": list(reason.events), "attributes": dict(reason.attributes)},
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None


def _moment(moment: datetime) -> str:
    return format_moment(to_micros(moment))
