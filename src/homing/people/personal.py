"""Which keys say who a person is. They are dropped at the door: homing neither needs nor stores them."""

from __future__ import annotations

from typing import Final

__all__ = ["is_personal"]

_WORDS = """
name firstname lastname middlename fullname givenname familyname surname nickname displayname username salutation
title email emails emailaddress mail phone phones phonenumber mobile mobilephone cell cellphone homephone workphone
telephone fax address addresses street streetaddress address1 address2 city postalcode zip zipcode country birthdate
birthday dateofbirth dob age gender sex pronouns race ethnicity religion nationality nationalorigin language
maritalstatus familialstatus children numberofchildren household householdsize spouse spousename partner
spousepartnername disability disabilities veteran income ssn socialsecuritynumber taxid passport driverslicense ip
ipaddress latitude longitude avatar photo picture image facebook twitter instagram linkedin anniversary company
employer occupation jobtitle notes referredby
"""
_KEYS: Final = frozenset(_WORDS.split())


def is_personal(key: str) -> bool:
    """Whether a key of a profile says who somebody is, however it is written.

    >>> is_personal("First_Name"), is_personal("dateOfBirth"), is_personal("stage")
    (True, True, False)
    """
    return "".join(letter for letter in key.casefold() if letter.isalnum()) in _KEYS
