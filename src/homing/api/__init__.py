"""homing over HTTP: routes that parse, call, shape and return. `wiring` builds what they are given."""

from homing.api.app import create_app
from homing.api.callers import Identify
from homing.api.limits import Limits
from homing.api.services import ApiServices, Check
from homing.api.tenants import Tenants

__all__ = ["ApiServices", "Check", "Identify", "Limits", "Tenants", "create_app"]
