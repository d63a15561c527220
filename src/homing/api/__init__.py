"""homing over HTTP: routes that parse, call, shape and return. `wiring` builds what they are given."""

from homing.api.app import create_app
from homing.api.services import ApiServices, Check

__all__ = ["ApiServices", "Check", "create_app"]
