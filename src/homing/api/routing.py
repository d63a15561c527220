"""A FastAPI router as all parts of the API use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from homing.api.problems import RESPONSES

__all__ = ["part", "taking"]


def part(name: str) -> APIRouter:
    """A router whose operations are called as their functions, and which may all answer with a problem."""
    return APIRouter(tags=[name], responses=RESPONSES, generate_unique_id_function=lambda route: route.name)


def taking(schema: Mapping[str, Any]) -> dict[str, Any]:
    """For the OpenAPI document: an operation reads its body itself, JSON of this schema."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
