"""What is denied is found however it is written, and what only looks like it is not."""

from __future__ import annotations

from datetime import date

import pytest

from homing.core.errors import BadInput
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.feature_engineering import FEATURES
from homing.market.attributes import ATTRIBUTES
from homing.market.where import where
from homing.models.axes import KNOWN
from homing.people.agent import agent_from, agent_row
from homing.people.lead import ANSWERS, lead_from, lead_row
from homing.tracking.validation import event_from
from homing.trust.denied import DENIED, Denied
from homing.wiring import build, read_settings

FOUND = {
    "person": (
        "gender", "Gender", "GENDER", "gEnDeR", "lead.gender", "lead_gender", "leadGender", "leadgender",
        "contact-date-of-birth", "dateOfBirth", "DOB", "birthdate", "age", "Age", "buyer_age", "ageRange", "surname",
        "Last Name", "lastName", "name", "Children", "numberOfChildren", "spouse", "maritalStatus", "preferredLanguage",
        "income_source", "ssn", "voucher", "section8", "Section 8", "zip", "homeZip", "postal_code", "veteranStatus",
        "race", "Race/Ethnicity", "religion2", "e-mail", "Phone2", "ｇｅｎｄｅｒ",
    ),
    "event": (
        "gender", "lead.race", "firstName", "crime_rate_max", "schoolRatingMin", "min_school_rating", "homeZip",
        "home_zip_code", "contactEmail", "phone_number", "ip", "median_income", "household_size", "kids",
        "lookalike_audience", "PrivateRemarks", "commission", "ListAgentKey", "near_church", "places_of_worship",
    ),
    "home": (
        "PrivateRemarks", "PrivateOfficeRemarks", "ShowingInstructions", "LockBoxLocation", "LockBoxSerialNumber",
        "OwnerName", "OwnerPhone", "OccupantName", "BuyerAgencyCompensation", "Commission", "GreatSchoolsRating",
        "ElementarySchoolRating", "crimeIndex", "CensusTract", "MedianHouseholdIncome", "PctBlack", "NearestChurch",
        "AccessCode", "AgentRemarks", "School_Test_Scores", "NicheGrade", "WalkToMosques",
    ),
}  # fmt: skip

FREE = {
    "person": ("lead_id", "stage", "time_zone", "state", "area_code", "household_id", "agent_id", "limits", "consent"),
    "event": (
        "race_track", "page", "page_url", "mileage", "average_price", "age_of_roof", "roof_age", "StoriesTotal",
        "terrace", "lot_acreage", "campaign_name", "form_name", "page_name", "email_subject", "city", "zip",
        "property_type", "position", "message", "user_agent", "sexton_street", "essex_county",
        "is_owner_occupied", "orientation", "title", "card_position", "image", "bedrooms_for_guests",
    ),
    "home": (
        "Stories", "StoriesTotal", "CityRegion", "CountyOrParish", "Terrace", "Acreage", "PageCount", "HomeOfficeYN",
        "FamilyRoomYN", "OwnershipType", "Ownership", "OwnerPays", "TenantPays", "SecurityFeatures", "SafetyFeatures",
        "GrossIncome", "NetOperatingIncome", "PropertySubType", "HorseAmenities", "RaceTrackView", "PublicRemarks",
        "ChildSafeFence", "PostalCode", "WalkScore", "GardenAge", "DirectionFaces", "KC_Grade", "Concessions",
        "TempleCityView", "SubdivisionName", "CommunityFeatures", "MasterBedroomLevel",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("place", "name"), [(place, name) for place, names in FOUND.items() for name in names])
def test_what_is_denied_is_found(place, name):
    rule = DENIED.rule_of(name, place)
    assert rule is not None
    assert rule.then in {"dropped", "hashed", "display_only"}


@pytest.mark.parametrize(("place", "name"), [(place, name) for place, names in FREE.items() for name in names])
def test_what_only_looks_like_it_is_left_alone(place, name):
    assert DENIED.rule_of(name, place) is None


SHOWN = ("ListAgentFullName", "ListAgentEmail", "ListOfficeName", "AttributionContact", "CoListAgentKey", "HighSchool")
FILTERS = ("SeniorCommunityYN", "AccessibilityFeatures")


def test_what_must_be_shown_is_kept_with_a_home_and_describes_none():
    row = dict.fromkeys((*SHOWN, *FILTERS), "x")
    assert DENIED.cleaned(row, "home") == row
    assert not any(map(DENIED.may_describe, row))
    del row["HighSchool"]  # a shopper may search by a school's name
    assert DENIED.cleaned(row, "event") == dict.fromkeys(FILTERS, "x")


@pytest.mark.parametrize("name", [*SHOWN, "PrivateRemarks", "gender"])
def test_homes_are_not_selected_by_it(name):
    with pytest.raises(BadInput, match="fields that can be filtered on"):
        where(f"{name} eq 'x'")


def test_a_shopper_may_filter_for_housing_for_older_persons():
    assert where("SeniorCommunityYN eq true")


def test_no_field_that_homing_understands_is_dropped():
    assert [
        name for name in ATTRIBUTES if (r := DENIED.rule_of(name, "home")) and r.then in {"dropped", "hashed"}
    ] == []


def test_no_taste_stands_on_a_denied_field():
    assert [field for axis in KNOWN for field in axis.fields if not DENIED.may_describe(field)] == []


def test_no_declared_key_and_no_feature_is_denied():
    keys = {key.name for kind in EventType for key in kind.spec.payload if kind is not EventType.CUSTOM}
    names = {one.name for features in FEATURES.values() for one in features}
    assert [name for name in sorted(keys | names) if DENIED.rule_of(name, "event")] == []


def test_the_contracts_own_keys_keep_working():
    lead = {
        "lead_id": "l1", "time_zone": "America/Denver", "state": "CO", "area_code": "303", "stage": "new",
        "agent_id": "a1", "household_id": "h1", "limits": {"price_max": 5, "areas": ["98101"], "types": ["Land"]},
        "answers": dict.fromkeys(ANSWERS, "x"), "consent": {"email": "granted", "sms": "revoked", "call": "unknown"},
    }  # fmt: skip
    agent = {"agent_id": "a1", "time_zone": "America/Denver", "hours": {"mon": "9-17"}, "capacity": 3}
    assert lead_row(lead_from(lead)) == lead
    assert agent_row(agent_from(agent)) == agent


def event(**more):
    row = {"event_type": "custom", "timestamp": "2026-05-01T12:00:00Z", "lead_id": "l1"} | more
    told: list[str] = []
    return event_from(row, tenant="default", now=2**52, note=told.append), told


def test_a_foreign_name_is_no_name_of_a_person():
    assert event(event_data={"name": "Mortgage Calculator"})[0].event_data == {"name": "Mortgage Calculator"}
    assert event(event_type="form_submission", event_data={"name": "Ann"})[0].event_data == {}


def test_what_says_who_somebody_is_beside_the_fields_of_an_event_is_passed_over_and_told():
    assert event(email="a@b.example", Gender="f", zip="98101")[1] == ["email", "Gender", "zip"]


def test_a_filter_for_what_may_not_be_used_leaves_no_trace():
    row = {"filter_type": "school_rating", "filter_value": 9, "results": 3}
    found, told = event(event_type="filter_applied", event_data=row)
    assert found.event_data == {"results": 3}
    assert told == ["event_data.filter_type", "event_data.filter_value"]
    kept = {"filter_type": "price_max", "filter_value": 500_000}
    assert event(event_type="filter_applied", event_data=kept)[0].event_data == kept


def test_an_age_or_name_in_a_homes_record_is_the_homes():
    home = {"property_details": {"age": 30, "name": "Sunset Villa", "crime_rate": 3, "OwnerName": "x", "rooms": [1]}}
    assert event(event_data=home)[0].event_data == {
        "property_details": {"age": 30, "name": "Sunset Villa", "rooms": [1]}
    }


def test_what_holds_nothing_denied_is_the_very_row():
    row = {"rooms": [1, {"size": 3}], "position": 2}
    assert DENIED.cleaned(row, "event") is row


def test_every_rule_says_why_by_whom_and_as_of_when():
    for rule in DENIED.rules:
        assert rule.why.endswith(".")
        assert rule.source
        assert rule.date <= date(2026, 12, 31)
        assert rule.of
        assert rule.phrases


MORE = """
[[rule]]
id = "house-rule"
category = "astrology"
then = "dropped"
of = ["person", "event", "home"]
words = ["star sign"]
why = "Our brokerage wants none of it."
source = "our own policy"
date = 2026-11-01
"""


def test_a_deployer_adds_rules_of_its_own(tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(MORE)
    more = Denied(path)
    assert more.rule_of("lead.starSign", "event").category == "astrology"
    assert more.rule_of("gender", "event").id == "sex-and-orientation"
    assert DENIED.rule_of("starSign", "event") is None


def test_a_rule_of_an_id_that_ships_takes_its_place(tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(MORE.replace("house-rule", "language"))
    assert Denied(path).rule_of("language", "event") is None
    assert len(Denied(path).rules) == len(DENIED.rules)


def test_rules_named_in_the_environment_hold_at_every_door(tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(MORE)
    settings = read_settings({"HOMING_DENIED_FIELDS": str(path), "HOMING_DATA_DIR": str(tmp_path / "data")})
    assert settings == Settings(data_dir=tmp_path / "data", denied_fields=path)
    homing = build(settings)
    assert homing.denied.rule_of("star_sign", "person")
    assert homing.tracker.denied is homing.denied


def test_names_from_outside_do_not_fill_the_memory():
    denied = Denied()
    for number in range(60_000):
        denied.cleaned({f"k{'ab'[number % 2]}x{number}": 1}, "event")
    assert len(denied._decided) <= 50_000
    assert len(denied._fine["event"]) <= 50_000
