"""The routes of the page. Everything is rendered on the server, so any number of workers show the same."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qs, quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from homing.core.clock import Clock, from_micros, system_clock
from homing.core.ids import checked_id
from homing.dashboard.leads import LeadSummary
from homing.dashboard.view import cards, days, steps
from homing.dashboard.words import ago
from homing.event_types import EventType
from homing.interfaces import Recommendations
from homing.market.catalogue import Catalogue
from homing.store.events import EventQuery, EventStore
from homing.tracking.validation import event_from

__all__ = ["PageServices", "routes"]

_SHOWN_LEADS: Final = 60
_SHOWN_HOMES: Final = 10
_SHOWN_EVENTS: Final = 60
_LARGEST_FORM: Final = 10_000
_ACTS: Final = {
    "view": EventType.PROPERTY_VIEW,
    "save": EventType.PROPERTY_SAVE,
    "pass": EventType.PROPERTY_DISLIKE,
}
_ASSETS: Final = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageServices:
    """The collaborators of the page, all of one tenant. The plain functions may block.

    `simulated` says that the leads are no persons; the page then says so at its top.
    """

    store: EventStore
    tenant: str
    catalogue: Catalogue
    recommend: Callable[[str, int, int | None], Recommendations]
    leads: Callable[[], Sequence[LeadSummary]]
    time_zone_of: Callable[[str], str] = lambda _lead_id: "UTC"
    simulated: bool = False
    clock: Clock = system_clock


def routes(of: Callable[[Request], PageServices]) -> list[BaseRoute]:
    """The routes over the services of a request's tenant, for `create_app`."""
    assets = {name: (resources.files("homing.dashboard") / "static" / name).read_bytes() for name in _ASSETS}
    templates = Environment(
        loader=PackageLoader("homing.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    templates.globals["version"] = hashlib.sha256(b"".join(assets.values())).hexdigest()[:12]

    def page(name: str, services: PageServices, **values: Any) -> HTMLResponse:
        return HTMLResponse(templates.get_template(name).render(simulated=services.simulated, **values))

    async def get_start(request: Request) -> Response:
        services = of(request)
        return page("start.html", services, lead_id=None, **await asyncio.to_thread(_picker, services, request))

    async def get_lead(request: Request) -> Response:
        services = of(request)
        lead_id = checked_id(request.path_params["lead_id"], "lead_id")
        picker = asyncio.to_thread(_picker, services, request)
        answer = asyncio.to_thread(services.recommend, lead_id, _SHOWN_HOMES, None)
        timeline = asyncio.to_thread(_timeline, services, lead_id)
        shown = await asyncio.gather(picker, answer, timeline)
        return page("lead.html", services, lead_id=lead_id, **shown[0], **_answer(shown[1]), **shown[2])

    async def post_act(request: Request) -> Response:
        services = of(request)
        lead_id = checked_id(request.path_params["lead_id"], "lead_id")
        form = await _form(request)
        row = {
            "event_type": _ACTS.get(form.get("act", ""), form.get("act")),
            "lead_id": lead_id,
            "property_id": form.get("property_id"),
            "source_channel": "homing_page",
        }
        now = services.clock()
        event = event_from(row, tenant=services.tenant, now=now, received_at=now)
        await asyncio.to_thread(services.store.append, services.tenant, [event])
        return RedirectResponse(f"/leads/{quote(lead_id, safe='')}", 303)

    async def get_asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in assets:
            raise HTTPException(404, "There is no such file.")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(assets[name], headers=headers, media_type=_ASSETS[name])

    return [
        Route("/", get_start),
        Route("/leads/{lead_id:path}/act", post_act, methods=["POST"]),
        Route("/leads/{lead_id:path}", get_lead),
        Route("/assets/{name}", get_asset),
    ]


def _picker(services: PageServices, request: Request) -> dict[str, Any]:
    """The list to pick a lead from, narrowed to those whose id holds what was typed."""
    asked = request.query_params.get("q", "").strip()
    leads = services.leads()
    found = [lead for lead in leads if asked.lower() in lead.lead_id.lower()] if asked else leads
    now = services.clock()
    shown = [(lead.lead_id, f"{lead.events:,}", ago(max(0, now - lead.last_at))) for lead in found[:_SHOWN_LEADS]]
    return {"asked": asked, "leads": shown, "found": len(found), "all_leads": len(leads)}


def _timeline(services: PageServices, lead_id: str) -> dict[str, Any]:
    query = EventQuery(lead_id=lead_id, limit=_SHOWN_EVENTS, newest_first=True)
    events = services.store.select(services.tenant, query)
    zone = services.time_zone_of(lead_id)
    now = from_micros(services.clock())
    told = days(
        events, zone, now, lambda home, at: services.catalogue.get(home, as_of=at) or services.catalogue.get(home)
    )
    return {"days": told, "time_zone": zone, "shown_events": len(events)}


def _answer(answer: Recommendations) -> dict[str, Any]:
    models = ", ".join(f"{name} {version}" for name, version in answer.models.items())
    return {
        "cards": cards(answer),
        "steps": steps(answer),
        "degraded": answer.degraded,
        "models": models,
        "event_count": answer.event_count,
    }


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413, f"A form must be at most {_LARGEST_FORM:,} bytes.")
    try:
        fields = parse_qs(body.decode(), max_num_fields=20)
    except ValueError:
        raise HTTPException(400, "The body must be a form.") from None
    return {name: values[-1] for name, values in fields.items()}
