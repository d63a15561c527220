"""The line of a text message: in the alphabet of phones, never too long, and with all that may be said of a home."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homing.personalization.sms import LONGEST, septets, sms_line

from test_reasons_may_be_said import GUARD, every_reason  # isort: skip

SAID = sorted({reason.say for reason in every_reason("Kent")})
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"
)


def test_every_reason_of_every_kind_fits_with_a_long_address_and_says_all_of_it():
    home = {"address": "12345 Southeast Auburn-Black Diamond Road Apartment 1204, Black Diamond, WA 98010-4321"}
    for say in SAID:
        line = sms_line(home, say)
        assert septets(line) <= LONGEST
        assert line.endswith(f": {say}")
        assert line.startswith("12345 Southeast Auburn-Black Diamond Road")
        assert GUARD.allows(line)


@given(st.text(max_size=300), st.sampled_from(SAID))
def test_whatever_the_address_it_is_one_message_of_the_alphabet(address, say):
    line = sms_line({"address": address}, say)
    assert septets(line) <= LONGEST
    assert set(line) <= set(ALPHABET)
    assert line.endswith(say)


def test_characters_of_the_extension_table_count_twice():
    assert septets("^{}\\[~]|€") == 18
    assert len(sms_line({"address": "[" * 200}, "x")) < 85


def test_accents_go_where_the_alphabet_has_none_and_a_home_without_an_address_has_its_price():
    assert sms_line({"address": "5 Calle Ibáñez – Nº 2…"}, "it’s here") == "5 Calle Ibañez - No 2...: it's here"
    assert sms_line({"address": "5 Main St\nKent"}, "x") == "5 Main St Kent: x"
    assert sms_line({"address": None, "ListPrice": 599_000}, "x") == "a home at 599,000 USD: x"
    assert sms_line({}, "x") == "a home: x"
