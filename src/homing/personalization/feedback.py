"""What a shopper did with a home of an answer, as an event that says at which place and how probably it was shown."""

from __future__ import annotations

from homing.core.clock import from_micros
from homing.core.errors import BadInput, Fault
from homing.core.ids import checked_id, content_id
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.personalization.answer_token import AnswerToken

__all__ = ["feedback_event"]


def feedback_event(token: AnswerToken, property_id: str, event_type: EventType, now: int) -> BehavioralEvent:
    """The event; its id follows from answer, home and type, so that a report sent twice counts once.

    `recommendation_shown` is how an exposure is reported: only then did the shopper see the home. `now` is in
    microseconds UTC. Types that are not about a home, or that an agent writes, are refused.

    >>> token = AnswerToken(tenant="default", lead_id="ann", as_of=0, models={}, properties=("h1", "h2"))
    >>> event = feedback_event(token, "h2", EventType.RECOMMENDATION_SHOWN, 10)
    >>> event.lead_id, event.event_data["rank"], event.event_data["propensity"]
    ('ann', 2, 1.0)
    """
    faults = [] if event_type.spec.needs == _NEEDS else [Fault("event_type", _ABOUT_A_HOME, repr(event_type.value))]
    if checked_id(property_id, "property_id") not in token.properties:
        faults.append(Fault("property_id", "be a home of that answer", repr(property_id)))
    if faults:
        raise BadInput(faults)
    name = content_id("evt", token.answer_id, property_id, event_type.value)
    models = ", ".join(f"{model} {version}" for model, version in token.models.items())
    shown = {"rank": token.rank(property_id), "propensity": token.propensity(property_id)}
    return BehavioralEvent(
        event_id=name,
        event_type=event_type,
        timestamp=from_micros(now),
        tenant=token.tenant,
        lead_id=token.lead_id,
        anonymous_id=token.anonymous_id,
        property_id=property_id,
        event_data={"recommendation_id": token.answer_id, **shown, **({"models": models} if models else {})},
    )


_NEEDS = EventType.PROPERTY_VIEW.spec.needs
_ABOUT_A_HOME = "be of a type that needs a lead and a home only, such as recommendation_shown or property_save"
