"""The OpenAPI document: FastAPI's own for its routes, and the hot routes described here beside them."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter

from homing.api.events import MOST_EVENTS
from homing.api.problems import RESPONSES, Problem
from homing.api.recommendations import MOST_HOMES
from homing.api.scopes import NEEDS
from homing.api.segment_addresses import ADDRESSES
from homing.api.shapes import FeedbackRequest, MessagesTaken, RankRequest, RecommendationAnswer, Stored, VisitorAnswer
from homing.event_types import EventType

__all__ = ["openapi"]

_SCHEMES: Final = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key; without any key in the database none is needed.",
    },
    "password": {"type": "http", "scheme": "basic", "description": "The key as password, or as user without one."},
}
_REF: Final = "#/components/schemas/{model}"


def _path(name: str) -> dict[str, Any]:
    """An id in the path."""
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": name, "in": "path", "required": True, "schema": schema}


_ID: Final = {"type": ["string", "null"], "minLength": 1, "maxLength": 255}
_MOMENT: Final = {"type": ["string", "null"], "format": "date-time"}
_TEXT: Final = {"type": ["string", "null"]}

_EVENT: Final[dict[str, Any]] = {
    "title": "Event",
    "type": "object",
    "description": "One thing that happened. Which ids it needs depends on its type; see the reference of events.",
    "required": ["event_type"],
    "additionalProperties": False,
    "properties": {
        "event_type": {"type": "string", "enum": [kind.value for kind in EventType]},
        "timestamp": {**_MOMENT, "description": "When it happened; left out: when it was received."},
        "event_id": {**_ID, "description": "An id already stored wins; left out: made from the content."},
        **dict.fromkeys(("lead_id", "anonymous_id", "agent_id", "property_id", "session_id"), _ID),
        **dict.fromkeys(("device_type", "source_channel", "campaign_id", "outcome"), _TEXT),
        "event_data": {"type": ["object", "null"], "additionalProperties": True},
        "outcome_value": {"type": ["number", "null"]},
        "outcome_timestamp": _MOMENT,
    },
}


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the whole API."""
    document = app.openapi()
    needs = {route.replace(":path}", "}"): need for route, need in NEEDS.items()}
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Event"] = _EVENT
    for shape in (Problem, Stored, MessagesTaken, RecommendationAnswer, VisitorAnswer, RankRequest, FeedbackRequest):
        schema = TypeAdapter(shape).json_schema(ref_template=_REF, mode="serialization")
        schemas |= schema.pop("$defs", {})
        schemas[shape.__name__] = schema
    document["paths"] = _HOT | document["paths"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operation["x-scope"] = needs[f"{method.upper()} {path}"]
            operation["security"] = [] if operation["x-scope"] == "none" else [{"key": []}, {"password": []}]
    document["components"]["securitySchemes"] = _SCHEMES
    document["components"]["schemas"] = {name: _told(schemas[name]) for name in sorted(schemas)}
    return document


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose description is for callers: without the example in Python that a docstring may end with."""
    description = schema.get("description", "").partition(">>>")[0].strip()
    return {**schema, "description": description} if description else schema


def _operation(name: str, tag: str, doc: str, answer: str) -> dict[str, Any]:
    summary, _, description = doc.partition("\n")
    return {
        "tags": [tag],
        "summary": summary,
        "description": description,
        "operationId": name,
        "responses": {
            "200": {
                "description": "Successful Response",
                "content": {"application/json": {"schema": {"$ref": _REF.format(model=answer)}}},
            },
            **RESPONSES,
        },
    }


_ONE_EVENT: Final = {"$ref": _REF.format(model="Event")}
_POST_EVENTS: Final[dict[str, Any]] = {
    **_operation(
        "post_events", "events",
        "Post Events\nStore one event, or an array of up to 1,000 and 1 MB; durable when answered. An array "
        "answers 200 also if some or all are refused; a single refused event 422; no JSON 400; too large 413.",
        "Stored",
    ),
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_ONE_EVENT, {"type": "array", "maxItems": MOST_EVENTS, "items": _ONE_EVENT}]}
            }
        },
    },
}  # fmt: skip

_HOW_MANY: Final = [
    {"name": "k", "in": "query", "description": "how many homes",
     "schema": {"type": "integer", "minimum": 1, "maximum": MOST_HOMES, "default": 10}},
    {"name": "where", "in": "query",
     "description": "OData filter with RESO names, such as ListPrice le 600000 and BedroomsTotal ge 3",
     "schema": {"type": "string", "maxLength": 2000}},
    {"name": "explain", "in": "query",
     "description": "true: with reasons (left out: the same, but for a list from a server that is behind); full: also "
     "with a text message, and with the acts that each home hangs on, for which up to four more lists are made",
     "schema": {"enum": [True, False, "full"], "default": True}},
    {"name": "after", "in": "query", "description": "the sequence that storing an event answered: this has seen it",
     "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}},
    {"name": "without", "in": "query",
     "description": "id of an event to leave out, as if it had never been; may be given many times",
     "schema": {"type": "array", "items": {"type": "string", "maxLength": 255}}},
]  # fmt: skip
_RECOMMEND: Final[dict[str, Any]] = {
    **_operation(
        "get_recommendations", "leads",
        "Get Recommendations\nThe homes a lead should see next, best first, with reasons, confidence and trace. "
        "Asking writes nothing.",
        "RecommendationAnswer",
    ),
    "parameters": [_path("lead_id"), *_HOW_MANY],
}  # fmt: skip
_RECOMMEND_VISITOR: Final[dict[str, Any]] = {
    **_operation(
        "get_visitor_recommendations", "leads",
        "Get Visitor Recommendations\nThe homes for someone who is not a lead yet, from what was done under this "
        "anonymous id. Asking writes nothing.",
        "VisitorAnswer",
    ),
    "parameters": [_path("anonymous_id"), *_HOW_MANY],
}  # fmt: skip


def _stream(name: str, who: str, item: str) -> dict[str, Any]:
    """A route of server-sent events, each of which holds an answer."""
    described = _operation(
        f"get_{who}_stream", "leads",
        f"Get {who.title()} Stream\nServer-sent events named `recommendations`: an answer at once, one each time the "
        f"{who} acted, whichever process stored that, and one when homes changed so that the answer is another. The "
        "id of each is the sequence that it has seen. Who says by `Last-Event-ID` or `after` what was heard, and has "
        "not acted since, is answered in turn. A comment comes every 15 s; who does not read for 10 s is cut off.",
        item,
    )  # fmt: skip
    answer = described["responses"]["200"]
    answer["content"] = {"text/event-stream": answer["content"].pop("application/json")}
    last = {
        "name": "Last-Event-ID", "in": "header", "schema": {"type": "string"},
        "description": "the id of the last answer read; a browser sends it when it connects again",
    }  # fmt: skip
    return {**described, "parameters": [_path(name), *_HOW_MANY, last]}


_RANK: Final[dict[str, Any]] = {
    **_operation(
        "post_rank", "leads",
        "Post Rank\nThe caller's own homes in order for a lead or a visitor, also those already seen; homes that are "
        "not on the market, dismissed or beyond a stated limit are left out, and the trace counts them. Asking writes "
        "nothing.",
        "RecommendationAnswer",
    ),
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": _REF.format(model="RankRequest")}}},
    },
}  # fmt: skip

_TAKEN: Final = ("application/json", "text/plain")


def _messages(name: str, kind: str | None) -> dict[str, Any]:
    """A route for the clients of Segment and RudderStack."""
    takes = "a batch of messages of any kind" if kind is None else f"a {kind} message"
    schema = {"type": "object", "additionalProperties": True}
    if kind is None:
        schema |= {"required": ["batch"], "properties": {"batch": {"type": "array", "items": {"type": "object"}}}}
    return {
        **_operation(
            f"post_{name}", "events",
            f"Post {name.title()}\nTake {takes} as the clients of Segment and RudderStack send it, JSON or text/plain, "
            "plain or in gzip; durable when answered.",
            "MessagesTaken",
        ),
        "requestBody": {"required": True, "content": {name: {"schema": schema} for name in _TAKEN}},
    }  # fmt: skip


_HOT: Final[dict[str, Any]] = {
    "/v1/events": {"post": _POST_EVENTS},
    **{f"/v1/{name}": {"post": _messages(name, kind)} for name, kind in ADDRESSES.items()},
    "/v1/leads/{lead_id}/recommendations": {"get": _RECOMMEND},
    "/v1/visitors/{anonymous_id}/recommendations": {"get": _RECOMMEND_VISITOR},
    "/v1/leads/{lead_id}/stream": {"get": _stream("lead_id", "lead", "RecommendationAnswer")},
    "/v1/visitors/{anonymous_id}/stream": {"get": _stream("anonymous_id", "visitor", "VisitorAnswer")},
    "/v1/rank": {"post": _RANK},
}
