"""What can happen, declared once: one row a type. Collector methods, validation, importers and docs follow from it.

A row says who causes the event, which ids it needs, whether it speaks for or against a home, how strongly (the
starting weight of learning, before weights are learned from conversion rates), what its `event_data` may hold, and
what others call it. Adding a type is adding a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["DISLIKE_REASONS", "ENGAGED", "EventSpec", "EventType", "Key", "Need", "Polarity", "by_foreign_name"]

Need = Literal["lead", "property", "agent", "session"]
Polarity = Literal["positive", "negative", "neutral"]
Cause = Literal["lead", "agent", "system"]
Kind = Literal["text", "number", "integer", "flag", "moment", "list", "object", "any"]

DISLIKE_REASONS = ("price_too_high", "price_too_low", "location", "style", "size_too_small", "size_too_large", "other")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of `event_data`: its name, kind, unit or meaning, and what it may be. Other keys are kept unchecked.

    A required key is an argument that the collector's method insists on; an event from elsewhere may lack it.
    """

    name: str
    kind: Kind
    doc: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One row of the table; `weight` counts in the direction of `polarity`, with a plain view of a home as 1."""

    name: str
    doc: str
    cause: Cause
    needs: frozenset[Need]
    polarity: Polarity
    weight: float
    payload: tuple[Key, ...] = ()
    engaged: bool = False
    reso: tuple[str, ...] = ()
    follow_up_boss: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()
    gohighlevel: tuple[str, ...] = ()

    @property
    def signed_weight(self) -> float:
        """The weight with the sign of the polarity; 0 for neutral types."""
        return {"positive": 1.0, "negative": -1.0, "neutral": 0.0}[self.polarity] * self.weight


_LEAD: frozenset[Need] = frozenset({"lead"})
_HOME: frozenset[Need] = frozenset({"lead", "property"})
_SESSION: frozenset[Need] = frozenset({"lead", "session"})

_URGENCY = Key("urgency", "text", "how soon the lead wants it", choices=("low", "medium", "high"))
_TOUR_TIME = Key("tour_time", "moment", "when the tour takes place")
_TOUR_TYPE = Key("tour_type", "text", "how", choices=("in_person", "virtual"))
_CHANNEL = Key("channel", "text", "the channel used", choices=("sms", "email", "call", "chat", "whatsapp", "other"))
_REASON = Key("reason", "text", "why not", choices=DISLIKE_REASONS)
_TYPE_SHOWN = Key("property_type", "text", "the kind of home, where the catalogue does not know it")
_ANSWERED = Key("answered", "flag", "whether they spoke")
_OFFER = Key("amount", "number", "the offer in USD", low=0)


class EventType(StrEnum):
    """The type of an event. `EventType("property_view").spec` is its row.

    >>> EventType("property_save").spec.signed_weight, EventType.PROPERTY_DISLIKE.spec.polarity
    (5.0, 'negative')
    """

    spec: EventSpec

    def __new__(cls, spec: EventSpec) -> EventType:
        """A member that is its name as text and carries its row."""
        member = str.__new__(cls, spec.name)
        member._value_ = spec.name
        member.spec = spec
        return member

    PROPERTY_VIEW = EventSpec(
        "property_view",
        "The lead opened a home's page.",
        "lead", _HOME, "positive", 1.0,
        (
            Key("view_duration_seconds", "number", "seconds the page was in view", low=0, high=86_400),
            Key("page_source", "text", "where the lead came from, such as search_results or property_card"),
            Key("referrer", "text", "the page before"),
            _TYPE_SHOWN,
        ),
        reso=("Detailed View", "Exit Detailed View", "Printed"),
        follow_up_boss=("Viewed Property",),
        segment=("Product Viewed", "Listing Viewed"),
        gohighlevel=("customData.event=property_view",),
    )  # fmt: skip
    PROPERTY_SWIPE = EventSpec(
        "property_swipe",
        "The lead swiped a card: right is a like, left a dislike.",
        "lead", _HOME, "positive", 2.0,
        (
            Key("swipe_direction", "text", "right is a like, left a dislike", choices=("left", "right"), required=True),
            Key("swipe_velocity", "number", "points per second", low=0),
            Key("property_details", "object", "the card's content"),
            _REASON,
        ),
        segment=("Listing Swiped",),
    )  # fmt: skip
    PROPERTY_LIKE = EventSpec(
        "property_like",
        "The lead marked a home as liked.",
        "lead", _HOME, "positive", 3.0,
        (_TYPE_SHOWN,),
        segment=("Listing Liked",),
        gohighlevel=("tag:portal_liked_property",),
    )  # fmt: skip
    PROPERTY_DISLIKE = EventSpec(
        "property_dislike",
        "The lead passed on a home, if told with the reason.",
        "lead", _HOME, "negative", 10.0,
        (_REASON, Key("text", "text", "the lead's own words"), _TYPE_SHOWN),
        reso=("Discard",),
        segment=("Listing Dismissed",),
    )  # fmt: skip
    PROPERTY_SHARE = EventSpec(
        "property_share",
        "The lead sent a home to somebody.",
        "lead", _HOME, "positive", 5.0,
        (
            Key("share_method", "text", "how", choices=("email", "sms", "social", "link", "other")),
            Key("recipient_info", "object", "whom, without personal data"),
        ),
        engaged=True,
        reso=("Share",),
        segment=("Product Shared", "Listing Shared"),
    )  # fmt: skip
    PROPERTY_SAVE = EventSpec(
        "property_save",
        "The lead saved a home.",
        "lead", _HOME, "positive", 5.0,
        (Key("save_type", "text", "the list it went to", choices=("favorite", "watchlist", "compare")), _TYPE_SHOWN),
        engaged=True,
        reso=("Favorited",),
        follow_up_boss=("Saved Property",),
        segment=("Product Added to Wishlist", "Listing Saved"),
    )  # fmt: skip
    BOOKING_REQUEST = EventSpec(
        "booking_request",
        "The lead asked for a tour, meeting or call about a home.",
        "lead", _HOME, "positive", 30.0,
        (
            Key("requested_time", "moment", "when the lead would like it"),
            Key("booking_type", "text", "what", choices=("tour", "meeting", "call")),
            _URGENCY,
            Key("additional_notes", "text", "the lead's own words"),
        ),
        engaged=True,
        segment=("Showing Requested",),
        gohighlevel=("AppointmentCreate:new",),
    )  # fmt: skip
    BOOKING_COMPLETED = EventSpec(
        "booking_completed",
        "A requested tour, meeting or call took place.",
        "agent", _HOME, "positive", 40.0,
        (
            Key("completed", "flag", "false if it did not take place after all"),
            Key("completion_time", "moment", "when it ended"),
            Key("completion_rating", "number", "the lead's rating, 1 to 5", low=0, high=5),
            Key("feedback", "text", "the lead's own words"),
            Key("original_request_event_id", "text", "the event id of the request"),
        ),
    )  # fmt: skip
    BOOKING_CANCELLED = EventSpec(
        "booking_cancelled",
        "A requested tour, meeting or call was called off.",
        "lead", _HOME, "negative", 5.0,
        (
            Key("reason", "text", "why"),
            Key("original_request_event_id", "text", "the event id of the request"),
        ),
    )  # fmt: skip
    AGENT_INTERACTION = EventSpec(
        "agent_interaction",
        "An agent and a lead dealt with each other in a way no other type names.",
        "agent", frozenset({"lead", "agent"}), "neutral", 1.0,
        (Key("interaction_type", "text", "what happened"), Key("duration_seconds", "number", "how long", low=0)),
    )  # fmt: skip
    AGENT_ACTION = EventSpec(
        "agent_action",
        "Something an agent did: a task, a note, a price opinion.",
        "agent", frozenset({"agent"}), "neutral", 1.0,
        (Key("action_type", "text", "what the agent did", required=True),),
        gohighlevel=("TaskComplete", "NoteCreate"),
    )  # fmt: skip
    LEAD_INTERACTION = EventSpec(
        "lead_interaction",
        "The lead did something no other type names, such as comparing homes or scrolling a list.",
        "lead", _LEAD, "neutral", 1.0,
        (
            Key("interaction_type", "text", "what the lead did", required=True),
            Key("compared_properties", "list", "ids of the homes compared"),
            Key("comparison_count", "integer", "how many", low=0),
            Key("properties_viewed", "list", "ids of the homes passed in a list"),
            Key("scroll_depth_percent", "number", "how far down, 0 to 100", low=0, high=100),
        ),
        reso=("Scrolled Depth",),
    )  # fmt: skip
    SEARCH_QUERY = EventSpec(
        "search_query",
        "The lead searched.",
        "lead", _LEAD, "neutral", 1.5,
        (
            Key("search_query", "text", "what the lead typed"),
            Key("search_filters", "object", "the filters of the search, by RESO name or our own"),
            Key("results_count", "integer", "homes found", low=0),
        ),
        reso=("Search",),
        follow_up_boss=("Property Search",),
        segment=("Products Searched", "Listings Searched"),
    )  # fmt: skip
    FILTER_APPLIED = EventSpec(
        "filter_applied",
        "The lead narrowed a search.",
        "lead", _LEAD, "neutral", 1.2,
        (
            Key("filter_type", "text", "what was narrowed, such as price_max or bedrooms_min", required=True),
            Key("filter_value", "any", "to what"),
            Key("previous_results_count", "integer", "homes found before", low=0),
            Key("new_results_count", "integer", "homes found after", low=0),
        ),
        segment=("Product List Filtered",),
    )  # fmt: skip
    TOUR_SCHEDULED = EventSpec(
        "tour_scheduled",
        "A tour of a home has a date.",
        "agent", _HOME, "positive", 35.0,
        (_TOUR_TIME, _TOUR_TYPE),
        engaged=True,
        segment=("Showing Confirmed",),
        gohighlevel=("AppointmentUpdate:confirmed",),
    )  # fmt: skip
    TOUR_COMPLETED = EventSpec(
        "tour_completed",
        "The lead toured a home.",
        "agent", _HOME, "positive", 40.0,
        (
            Key("completed", "flag", "false if the lead did not come after all"),
            Key("duration_minutes", "number", "how long", low=0),
            Key("lead_interest_level", "number", "the agent's impression, 1 to 10", low=0, high=10),
            Key("notes", "text", "the agent's notes"),
            Key("original_request_event_id", "text", "the event id of the request"),
        ),
        engaged=True,
        segment=("Showing Attended",),
        gohighlevel=("AppointmentUpdate:showed",),
    )  # fmt: skip
    FORM_SUBMISSION = EventSpec(
        "form_submission",
        "The lead filled in a form that asks about no home.",
        "lead", _LEAD, "neutral", 2.0,
        (Key("form_name", "text", "which form"),),
        follow_up_boss=("Seller Inquiry",),
        segment=("Form Submitted", "Valuation Requested"),
    )  # fmt: skip
    EMAIL_OPENED = EventSpec(
        "email_opened",
        "The lead opened an e-mail.",
        "lead", _LEAD, "neutral", 0.5,
        (Key("email_subject", "text", "the subject line"),),
        segment=("Email Opened",),
        gohighlevel=("LCEmailStats:opened",),
    )  # fmt: skip
    EMAIL_CLICKED = EventSpec(
        "email_clicked",
        "The lead followed a link in an e-mail.",
        "lead", _LEAD, "neutral", 1.0,
        (Key("link_url", "text", "the address"), Key("link_type", "text", "what it leads to")),
        segment=("Email Link Clicked",),
        gohighlevel=("LCEmailStats:clicked",),
    )  # fmt: skip
    PAGE_VIEW = EventSpec(
        "page_view",
        "The lead opened a page that shows no single home.",
        "lead", _LEAD, "neutral", 0.2,
        (Key("page_url", "text", "the address"), Key("page_title", "text", "the title")),
        follow_up_boss=("Viewed Page", "Visited Website"),
        segment=("page", "screen"),
    )  # fmt: skip
    SESSION_START = EventSpec(
        "session_start",
        "A visit began.",
        "lead", _SESSION, "neutral", 0.0,
        (Key("user_agent", "text", "the browser"), Key("referrer", "text", "the page before")),
    )  # fmt: skip
    SESSION_END = EventSpec(
        "session_end",
        "A visit ended.",
        "lead", _SESSION, "neutral", 0.0,
        (
            Key("session_duration_seconds", "number", "how long", low=0),
            Key("total_page_views", "integer", "pages opened", low=0),
            Key("total_property_views", "integer", "homes opened", low=0),
        ),
    )  # fmt: skip
    MESSAGE_SENT = EventSpec(
        "message_sent",
        "An agent or the system wrote to the lead.",
        "agent", _LEAD, "neutral", 0.0,
        (_CHANNEL, Key("automated", "flag", "true if no person wrote it")),
        segment=("Message Sent",),
        gohighlevel=("OutboundMessage",),
    )  # fmt: skip
    MESSAGE_RECEIVED = EventSpec(
        "message_received",
        "The lead wrote.",
        "lead", _LEAD, "neutral", 3.0,
        (_CHANNEL,),
        reso=("Comments",),
        segment=("Message Received",),
        gohighlevel=("InboundMessage",),
    )  # fmt: skip
    CALL_MADE = EventSpec(
        "call_made",
        "An agent called the lead.",
        "agent", _LEAD, "neutral", 0.0,
        (Key("duration_seconds", "number", "how long they spoke", low=0), _ANSWERED),
        gohighlevel=("OutboundMessage:CALL",),
    )  # fmt: skip
    CALL_RECEIVED = EventSpec(
        "call_received",
        "The lead called.",
        "lead", _LEAD, "neutral", 5.0,
        (Key("duration_seconds", "number", "how long they spoke", low=0), _ANSWERED),
        follow_up_boss=("Incoming Call",),
        gohighlevel=("InboundMessage:CALL",),
    )  # fmt: skip
    INQUIRY_SENT = EventSpec(
        "inquiry_sent",
        "The lead asked about a home, or in general where no home is named.",
        "lead", _LEAD, "positive", 20.0,
        (Key("message", "text", "the lead's own words"), _URGENCY),
        engaged=True,
        reso=("Submission of Lead Form",),
        follow_up_boss=("Property Inquiry", "General Inquiry", "Inquiry"),
        segment=("Inquiry Sent",),
        gohighlevel=("form",),
    )  # fmt: skip
    REGISTERED = EventSpec(
        "registered",
        "The lead made an account or was entered in the CRM.",
        "lead", _LEAD, "neutral", 2.0,
        (Key("method", "text", "how"),),
        follow_up_boss=("Registration",),
        segment=("Signed Up",),
        gohighlevel=("ContactCreate",),
    )  # fmt: skip
    SEARCH_SAVED = EventSpec(
        "search_saved",
        "The lead saved a search.",
        "lead", _LEAD, "neutral", 5.0,
        (
            Key("search_query", "text", "what the lead typed"),
            Key("search_filters", "object", "the filters of the search, by RESO name or our own"),
            Key("alert_frequency", "text", "how often the lead wants to hear"),
        ),
        follow_up_boss=("Saved Property Search",),
        segment=("Search Saved",),
    )  # fmt: skip
    LISTING_ALERT_SENT = EventSpec(
        "listing_alert_sent",
        "The system told the lead of homes.",
        "system", _LEAD, "neutral", 0.0,
        (Key("property_ids", "list", "the homes named"), _CHANNEL),
    )  # fmt: skip
    RECOMMENDATION_SHOWN = EventSpec(
        "recommendation_shown",
        "A home was shown to the lead in a list; evidence only together with what the lead did then.",
        "system", _HOME, "neutral", 0.0,
        (
            Key("recommendation_id", "text", "the answer it came from"),
            Key("rank", "integer", "the place in the list, from 1", low=1),
            Key("propensity", "number", "probability of being shown, if the list was drawn by lot", low=0, high=1),
        ),
        reso=("Impression",),
        segment=("Product List Viewed", "Listing Impression"),
    )  # fmt: skip
    RECOMMENDATION_CLICKED = EventSpec(
        "recommendation_clicked",
        "The lead opened a recommended home.",
        "lead", _HOME, "positive", 1.0,
        (
            Key("recommendation_id", "text", "the answer it came from"),
            Key("rank", "integer", "the place in the list, from 1", low=1),
        ),
        segment=("Product Clicked", "Recommendation Clicked"),
    )  # fmt: skip
    PHOTOS_VIEWED = EventSpec(
        "photos_viewed",
        "The lead looked through a home's photos.",
        "lead", _HOME, "positive", 2.0,
        (
            Key("photos_seen", "integer", "how many", low=0),
            Key("photos_total", "integer", "of how many", low=0),
        ),
        reso=("Photo Gallery",),
        segment=("Listing Photos Viewed",),
    )  # fmt: skip
    VIRTUAL_TOUR_VIEWED = EventSpec(
        "virtual_tour_viewed",
        "The lead watched a video or walked through a home online.",
        "lead", _HOME, "positive", 3.0,
        (Key("duration_seconds", "number", "how long", low=0),),
        reso=("Virtual Tour", "Property Videos"),
        segment=("Listing Tour Viewed",),
    )  # fmt: skip
    DIRECTIONS_CLICKED = EventSpec(
        "directions_clicked",
        "The lead asked for the way to a home.",
        "lead", _HOME, "positive", 8.0,
        (),
        reso=("Driving Directions",),
        segment=("Directions Clicked",),
    )  # fmt: skip
    CONTACT_CLICKED = EventSpec(
        "contact_clicked",
        "The lead pressed a telephone number or e-mail address.",
        "lead", _LEAD, "positive", 10.0,
        (_CHANNEL,),
        reso=("Clicked on Phone Number", "Clicked on Email Address", "Click to Primary Hosted Site"),
        segment=("Contact Clicked",),
    )  # fmt: skip
    PROPERTY_MAYBE = EventSpec(
        "property_maybe",
        "The lead kept a home in mind without saving it.",
        "lead", _HOME, "positive", 2.0,
        (),
        reso=("Maybe",),
        segment=("Listing Shortlisted",),
    )  # fmt: skip
    OPEN_HOUSE_VISITED = EventSpec(
        "open_house_visited",
        "The lead came to an open house.",
        "lead", _HOME, "positive", 25.0,
        (),
        follow_up_boss=("Visited Open House",),
        segment=("Open House Visited",),
    )  # fmt: skip
    TOUR_CANCELLED = EventSpec(
        "tour_cancelled",
        "A tour was called off.",
        "lead", _HOME, "negative", 5.0,
        (Key("reason", "text", "why"),),
        gohighlevel=("AppointmentUpdate:cancelled",),
    )  # fmt: skip
    TOUR_MISSED = EventSpec(
        "tour_missed",
        "The lead did not come to a tour.",
        "lead", _HOME, "negative", 3.0,
        (),
        gohighlevel=("AppointmentUpdate:noshow",),
    )  # fmt: skip
    OFFER_MADE = EventSpec(
        "offer_made",
        "The lead made an offer on a home.",
        "lead", _HOME, "positive", 80.0,
        (_OFFER,),
        engaged=True,
        segment=("Offer Made",),
    )  # fmt: skip
    OFFER_ACCEPTED = EventSpec(
        "offer_accepted",
        "The seller took the lead's offer.",
        "agent", _HOME, "neutral", 0.0,
        (_OFFER,),
        segment=("Offer Accepted",),
    )  # fmt: skip
    OFFER_DECLINED = EventSpec(
        "offer_declined",
        "The seller did not take the lead's offer.",
        "agent", _HOME, "neutral", 0.0,
        (_OFFER,),
        segment=("Offer Declined",),
    )  # fmt: skip
    DEAL_CLOSED = EventSpec(
        "deal_closed",
        "The lead bought.",
        "agent", _LEAD, "positive", 100.0,
        (Key("amount", "number", "the price in USD", low=0),),
        segment=("Deal Closed",),
        gohighlevel=("OpportunityStatusUpdate:won",),
    )  # fmt: skip
    STAGE_CHANGED = EventSpec(
        "stage_changed",
        "The lead moved to another stage of the pipeline.",
        "agent", _LEAD, "neutral", 0.0,
        (Key("stage", "text", "the new stage"), Key("previous_stage", "text", "the stage before")),
        segment=("Stage Changed",),
        gohighlevel=("OpportunityStageUpdate",),
    )  # fmt: skip
    UNSUBSCRIBED = EventSpec(
        "unsubscribed",
        "The lead wants to hear no more.",
        "lead", _LEAD, "neutral", 0.0,
        (_CHANNEL,),
        follow_up_boss=("Unsubscribed",),
        segment=("Unsubscribed",),
        gohighlevel=("ContactDndUpdate",),
    )  # fmt: skip
    CONSENT_CHANGED = EventSpec(
        "consent_changed",
        "What the lead allows on a channel changed.",
        "lead", _LEAD, "neutral", 0.0,
        (_CHANNEL, Key("consent", "text", "the new state", choices=("granted", "revoked", "unknown"))),
        segment=("Consent Changed",),
    )  # fmt: skip
    CUSTOM = EventSpec(
        "custom",
        "An event of a kind homing does not know; `name` is what its source calls it.",
        "lead", _LEAD, "neutral", 0.0,
        (Key("name", "text", "the source's own name"),),
    )  # fmt: skip


ENGAGED: frozenset[EventType] = frozenset(t for t in EventType if t.spec.engaged)
"""The types after which a lead counts as engaged with the home."""


def by_foreign_name(source: Literal["reso", "follow_up_boss", "segment", "gohighlevel"]) -> dict[str, EventType]:
    """Our type for each name that a foreign source uses.

    >>> by_foreign_name("reso")["Favorited"].value
    'property_save'
    """
    return {name: kind for kind in EventType for name in getattr(kind.spec, source)}
