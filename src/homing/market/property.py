"""One version of one home: what a listing said from one moment on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from homing.core.clock import format_moment
from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import id_fault
from homing.core.nesting import DEEPEST, too_deep
from homing.market.attributes import ATTRIBUTES, LISTING_KEY, MODIFIED, NotOfItsKind, lenient_moment
from homing.market.derived import number
from homing.market.status import ACTIVE, DELETED, status_of
from homing.trust.denied import DENIED, Denied, Note

__all__ = ["DELETED", "Property", "fields_from", "fields_text", "property_from"]

_NOT_FIELDS: Final = frozenset({LISTING_KEY, MODIFIED})

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Property:
    """A home as it was listed from `at` on, which we knew from `known_at` on (both in microseconds UTC).

    `fields` holds RESO names without ListingKey (that is `property_id`) and ModificationTimestamp (that is `at`);
    what is not there is unknown. `revision` is the store's number of this version, 0 outside it.

    >>> home = property_from({"ListingKey": "h1", "ListPrice": "599000", "WaterfrontYN": "N"}, now=0)
    >>> home.price, home.status, home.number("WaterfrontYN"), home.number("LivingArea")
    (599000.0, 'Active', 0.0, nan)
    """

    property_id: str
    at: int
    known_at: int
    fields: Mapping[str, Any]
    revision: int = field(default=0, compare=False)

    def number(self, name: str) -> float:
        """A number, or a flag as 0 or 1; NaN where it is unknown."""
        return number(self.fields, name)

    def text(self, name: str) -> str | None:
        """A text, or None where it is unknown or no text."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    @property
    def price(self) -> float:
        """The asking price in USD, NaN where it is unknown."""
        return self.number("ListPrice")

    @property
    def status(self) -> str:
        """RESO's StandardStatus; a home of which nothing is said is Active."""
        return self.text("StandardStatus") or ACTIVE

    @property
    def is_active(self) -> bool:
        """Whether it may be offered to shoppers."""
        return status_of(self.fields).is_shown(self.fields)

    def address(self) -> str | None:
        """The address on one line, as far as it is known and may be shown."""
        return address(self.fields)

    def row(self) -> dict[str, Any]:
        """The listing under its RESO names, as it would stand in a file."""
        return {LISTING_KEY: self.property_id, **self.fields, MODIFIED: format_moment(self.at)}


def address(fields: Mapping[str, Any]) -> str | None:
    """The address on one line; the place alone if the listing forbids more, None if even that is unknown.

    >>> address({"StreetNumber": "12", "StreetName": "Elm St", "City": "Kent", "PostalCode": "98032"})
    '12 Elm St, Kent, 98032'
    """
    county = fields.get("CountyOrParish")
    place = fields.get("City") or (f"{county} County" if county else None)
    state = " ".join(str(fields[name]) for name in ("StateOrProvince", "PostalCode") if fields.get(name))
    if fields.get("InternetAddressDisplayYN") is False:
        return ", ".join(filter(None, (place, fields.get("StateOrProvince")))) or None
    if whole := fields.get("UnparsedAddress"):
        return str(whole)
    parts = ("StreetNumber", "StreetDirPrefix", "StreetName", "StreetSuffix", "StreetDirSuffix")
    street = " ".join(str(fields[name]) for name in parts if fields.get(name))
    unit = fields.get("UnitNumber")
    return ", ".join(filter(None, (street + (f" #{unit}" if street and unit else ""), place, state))) or None


def property_from(
    row: Mapping[str, Any],
    *,
    now: int,
    where: str = "",
    files: bool = False,
    denied: Denied = DENIED,
    note: Note = str,
) -> Property:
    """The version of a home that a listing row describes; `BadInput` with every fault of the row, each under `where`.

    It holds from its ModificationTimestamp on, without one from `now`. We know it from `now` on; with `files` from its
    own moment on if that is past, so that a history filled in later can be replayed. What is `denied` is taken out
    before anything else, and `note` is told its name.
    """
    faults: list[Fault] = []
    row = denied.cleaned(row, "home", note=note)
    key = row.get(LISTING_KEY)
    if fault := id_fault(key, LISTING_KEY):
        faults.append(fault)
    at = _modified(row.get(MODIFIED), now, faults)
    fields = fields_from(row, faults)
    if faults:
        raise BadInput([fault.under(where) for fault in faults] if where else faults)
    return Property(str(key), at, min(at, now) if files else now, fields)


def _modified(value: object, now: int, faults: list[Fault]) -> int:
    if value is None or value == "":
        return now
    at = lenient_moment(value.strip()) if isinstance(value, str) else None
    if at is None:
        faults.append(Fault(MODIFIED, "be a moment such as 2026-11-22T20:00:00Z", shown(value)))
    return now if at is None else at


def fields_from(row: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """The row's fields in the form homing keeps; what is wrong with known ones is added to `faults`.

    A null, an empty text, and a transport's own `@…` keys say nothing and are left out.
    """
    fields: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or value == "" or name in _NOT_FIELDS or name[:1] == "@":
            continue
        if too_deep(value):
            faults.append(Fault(name, f"be nested at most {DEEPEST} levels deep", shown(value)))
            continue
        attribute = ATTRIBUTES.get(name)
        if attribute is not None:
            try:
                value = attribute.read(value)  # noqa: PLW2901  # the same value in its kept form
            except NotOfItsKind as must:
                faults.append(Fault(name, str(must), shown(value)))
                continue
            if value is None:
                continue
        fields[name] = value
    if fields.get("MlgCanView") is False:
        fields["StandardStatus"] = DELETED
    return fields


def fields_text(fields: Mapping[str, Any]) -> str:
    """The fields as JSON, the same text for the same fields whatever their order."""
    return _encode(fields).decode()


def fields_of(text: str) -> dict[str, Any]:
    """The fields that `fields_text` wrote."""
    return _decode(text)
