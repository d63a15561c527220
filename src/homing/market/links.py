"""Where a home is shown on a brokerage's own site: one template for all its homes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from homing.core.errors import BadInput

__all__ = ["LinkTemplate"]

_FIELD: Final = re.compile(r"\{([A-Za-z]\w*)\}")
_FORM: Final = re.compile(r"https?://[^\s{}/?#]+(?:[^\s{}]|\{[A-Za-z]\w*\})*")


@dataclass(frozen=True, slots=True)
class LinkTemplate:
    """An address with the names of RESO fields in braces; what stands for them is quoted.

    >>> LinkTemplate("https://homes.example/listing/{ListingKey}").of({"ListingKey": "a/b 7"})
    'https://homes.example/listing/a%2Fb%207'
    >>> LinkTemplate("https://homes.example/listing")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    homing.core.errors.BadInput: listing_url must be a web address with a field of the listing in it, such as ...
    """

    template: str

    def __post_init__(self) -> None:
        if not (_FORM.fullmatch(self.template) and _FIELD.search(self.template)):
            must = "be a web address with a field of the listing in it, such as https://homes.example/{ListingKey}"
            raise BadInput.of("listing_url", must, self.template)

    def of(self, fields: Mapping[str, object]) -> str | None:
        """The address of one home, None if it lacks a field that the address needs."""
        names = set(_FIELD.findall(self.template))
        if any(not isinstance(fields.get(name), (str, int)) for name in names):
            return None
        return _FIELD.sub(lambda found: quote(str(fields[found[1]]), safe=""), self.template)
