"""One text message about a home: its address and a reason, in the 160 characters that fit one message."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["LONGEST", "septets", "sms_line"]

LONGEST: Final = 160
"""A message of the GSM 7-bit default alphabet (3GPP TS 23.038) has so many septets."""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_KEPT: Final = _BASIC - frozenset("\n\r")
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
_INSTEAD: Final = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\n": " ", "\r": " "}
)


def sms_line(home: Mapping[str, Any], say: str) -> str:
    """The address of a home, or its price where none is known, and what may be said of it, in at most 160 septets.

    What the alphabet lacks loses its accents, or is a question mark; an address that is too long is cut.

    >>> sms_line({"address": "12 Łódka Ave, Kent", "ListPrice": 599000}, "it’s the right size")
    "12 ?odka Ave, Kent: it's the right size"
    """
    price = home.get("ListPrice")
    named = home.get("address") or ("a home" if price is None else f"a home at {price:,.0f} USD")
    address, said = _in_alphabet(str(named)), _in_alphabet(f": {say}")
    if septets(address + said) > LONGEST:
        while address and septets(address + "..." + said) > LONGEST:
            address = address[:-1]
        address = address.rstrip(" ,") + "..."
    return address + said


def septets(text: str) -> int:
    """The length of a text in septets: characters of the extension table take two.

    >>> septets("[4 €]")
    8
    """
    return len(text) + sum(letter in _EXTENDED for letter in text if letter not in _BASIC)


def _in_alphabet(text: str) -> str:
    """The text in the characters of the alphabet."""
    return text if _KEPT.issuperset(text) else "".join(map(_letter, text.translate(_INSTEAD)))


def _letter(letter: str) -> str:
    if letter in _BASIC or letter in _EXTENDED:
        return letter
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return plain if plain and all(part in _BASIC for part in plain) else "?"
