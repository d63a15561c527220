"""Errors over HTTP: one table from class to status, one shape for every answer that is not a success (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from homing.core.errors import BadInput, Fault, HomingError, NotReady, Overloaded, StorageError, UnknownId, shown

__all__ = ["HANDLERS", "MEDIA_TYPE", "RESPONSES", "STATUS", "Problem", "problem", "status_of"]

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[dict[type[Exception], int]] = {
    UnknownId: 404,
    BadInput: 422,
    NotReady: 503,
    Overloaded: 429,
    StorageError: 503,
    HomingError: 500,
    Exception: 500,
}
"""The status of an error: that of the nearest of its class's ancestors that stands here."""

RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "Any error has this one shape (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""For the OpenAPI document: what every route may answer instead of its own."""

_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110; Python 3.11 has older names
_UNEXPECTED: Final = "Something failed inside the server; its log has the details. The request may be tried again."


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a request, or why it could not be answered."""

    type: str
    title: str
    status: int
    detail: str
    faults: Sequence[Fault]


def status_of(error: Exception) -> int:
    """The HTTP status of an error.

    >>> from homing.core.errors import DamagedArtifact
    >>> status_of(DamagedArtifact("weights.safetensors")), status_of(KeyError())
    (503, 500)
    """
    return next(STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUS)


def problem(
    status: int, detail: str, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """An error response of the one shape."""
    body = Problem("about:blank", _TITLES.get(status) or HTTPStatus(status).phrase, status, detail, faults)
    return Response(msgspec.json.encode(body), status, headers, MEDIA_TYPE)


async def _ours(_request: Request, error: HomingError) -> Response:
    faults = error.faults if isinstance(error, BadInput) else ()
    headers = {"Retry-After": "1"} if isinstance(error, Overloaded) else None
    return problem(status_of(error), str(error), faults, headers)


async def _http(request: Request, error: HTTPException) -> Response:
    headers, detail = dict(error.headers or {}), str(error.detail)
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_allowed(request)))
        detail = f"This address has no {request.method}. It has {headers['Allow']}."
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = "There is no such address. See /docs for those there are."
    return problem(error.status_code, detail, headers=headers)


def _allowed(request: Request) -> set[str]:
    """The methods of all routes of this path; the router knows only those of the first."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return {method for route in routes for method in getattr(route, "methods", ())}


async def _parameters(_request: Request, error: RequestValidationError) -> Response:
    faults = [
        Fault(".".join(map(str, one["loc"])), f"be right: {one['msg']}", shown(one.get("input")))
        for one in error.errors()
    ]
    return problem(422, "; ".join(map(str, faults)), faults)


async def _unexpected(_request: Request, _error: Exception) -> Response:
    return problem(500, _UNEXPECTED)


HANDLERS: Final[dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]] = {
    HomingError: _ours,
    HTTPException: _http,
    RequestValidationError: _parameters,
    Exception: _unexpected,
}
"""For `create_app`: which function answers which error."""
