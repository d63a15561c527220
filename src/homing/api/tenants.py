"""The services of the tenant that a request is of, built when its first request comes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from starlette.requests import Request

from homing.api.callers import caller_of

__all__ = ["Tenants"]

T = TypeVar("T")
_MOST: Final = 64


class Tenants(Generic[T]):
    """What each tenant's requests are answered with. Those asked for longest ago are given up beyond the 64th.

    >>> built = []
    >>> services = Tenants(lambda tenant: built.append(tenant) or f"services of {tenant}")
    >>> services.named("acme"), services.named("acme"), built
    ('services of acme', 'services of acme', ['acme'])
    """

    def __init__(self, build: Callable[[str], T]) -> None:
        self._build = build
        self._built: OrderedDict[str, T] = OrderedDict()
        self._building = threading.Lock()

    def of(self, request: Request) -> T:
        """Those of the caller's tenant."""
        return self.named(caller_of(request).tenant)

    def named(self, tenant: str) -> T:
        """Those of a tenant."""
        with self._building:
            if tenant not in self._built:
                self._built[tenant] = self._build(tenant)
            self._built.move_to_end(tenant)
            if len(self._built) > _MOST:
                self._built.popitem(last=False)
            return self._built[tenant]
