"""A FastAPI router as all parts of the API use it."""

from __future__ import annotations

from fastapi import APIRouter

from homing.api.problems import RESPONSES

__all__ = ["part"]


def part(name: str) -> APIRouter:
    """A router whose operations are called as their functions, and which may all answer with a problem."""
    return APIRouter(tags=[name], responses=RESPONSES, generate_unique_id_function=lambda route: route.name)
