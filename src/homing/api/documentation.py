"""`/docs` and `/openapi.json`: the API described for people and for programs, with no file from another host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from homing.api.described import openapi

__all__ = ["routes"]

_TEMPLATES = Environment(loader=PackageLoader("homing.api"), autoescape=True, undefined=StrictUndefined)


def routes(app: FastAPI) -> list[Route]:
    """The two routes; the document is made once, when first asked for."""
    made: dict[str, Any] = {}

    def document() -> Mapping[str, Any]:
        if not made:
            made.update(openapi(app))
        return made

    async def get_openapi(_request: Request) -> Response:
        return Response(msgspec.json.encode(document()), media_type="application/json")

    async def get_docs(_request: Request) -> Response:
        page = _TEMPLATES.get_template("docs.html").render(document=document(), operations=_operations(document()))
        return HTMLResponse(page)

    return [Route("/openapi.json", get_openapi), Route("/docs", get_docs)]


def _operations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The operations in the document's order, each with its method, path, and schemas as indented JSON."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation["summary"],
            "description": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "body": _schema(operation.get("requestBody")),
            "answers": {
                status: (answer.get("description", ""), _schema(answer))
                for status, answer in operation["responses"].items()
            },
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _schema(holder: Mapping[str, Any] | None) -> str:
    content = (holder or {}).get("content") or {}
    schemas = [media["schema"] for media in content.values() if media.get("schema")]
    return msgspec.json.format(msgspec.json.encode(schemas[0])).decode() if schemas else ""
