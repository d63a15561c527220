"""The page as the server renders it: it must say everything without a script."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from homing.dashboard.leads import LeadList, LeadSummary
from homing.dashboard.view import cards, days
from homing.dashboard.words import DID
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.property import property_from
from homing.store.memory_events import MemoryEventStore
from homing.tracking.validation import event_from

from api_ground import NOW, TENANT, home_row  # isort: skip


def event(number, **more):
    row = {"event_type": "property_view", "lead_id": "lead-1", "property_id": "home-1", "event_id": f"e-{number}"}
    return event_from(row | more, tenant=TENANT, now=NOW, received_at=NOW)


class Shape(HTMLParser):
    """What a page is made of, as far as tests ask."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.inputs, self.labels, self.addresses = [], [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))
        if tag == "input" and values.get("type") != "hidden":
            self.inputs.append(values.get("id"))
        if tag == "label":
            self.labels.add(values.get("for"))
        self.addresses += [values[name] for name in ("src", "href", "action") if name in values]
        if tag not in {"meta", "link", "input", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(served):
    served.put(*map(home_row, range(15)))
    served.store.append(
        TENANT, [event(1, event_data={"view_duration_seconds": 45}), event(2, event_type="property_save")]
    )
    return served.client.get("/leads/lead-1").text


def test_ten_homes_are_shown_with_price_chance_reasons_and_certainty(page):
    assert page.count('class="card"') == 10
    for text in ("$500,000", "14 %", "between 9 % and 20 %", "medium certainty", "60 %", "in the 550,000 to 650,000"):
        assert text in page


def test_the_timeline_speaks_in_words_and_local_time(page):
    assert "Today, Sunday 22 November" in page
    assert ">12:00</time>" in page
    assert "Viewed <b>King County, WA 98101</b>" in page
    assert "for 45 s" in page
    assert "Saved <b>" in page


def test_the_trace_and_the_models_are_shown(page):
    assert "hybrid 3" in page
    assert "<b>1</b> seen" in page


def test_the_page_is_well_formed_labelled_and_leads_to_no_other_host(page):
    shape = Shape(page)
    assert shape.open == []
    assert set(shape.inputs) <= shape.labels
    assert [address for address in shape.addresses if not address.startswith(("/", "#"))] == []
    assert shape.headings.count(1) == 1


def test_simulated_shoppers_are_said_to_be_simulated(page):
    assert "Simulated shoppers." in page


def test_a_lead_without_history_gets_homes_and_is_told_why_they_are_general(served):
    served.put(home_row(1))
    page = served.client.get("/leads/stranger").text
    assert "the lead has no history, popular homes stand in" in page
    assert "Nothing yet." in page
    assert page.count('class="card"') == 1


def test_an_empty_house_says_what_to_do(served):
    page = served.client.get("/")
    assert page.status_code == 200
    assert "homing import events FILE" in page.text


def test_leads_are_found_by_a_part_of_their_id(served):
    served.store.append(TENANT, [event(number, lead_id=f"lead-{number}") for number in range(70)])
    assert "10 more" in served.client.get("/").text
    found = served.client.get("/?q=EAD-69").text
    assert "lead-69" in found
    assert "lead-1<" not in found


@pytest.mark.parametrize(
    ("act", "kind"), [("view", "property_view"), ("save", "property_save"), ("pass", "property_dislike")]
)
def test_a_button_stores_the_act_and_leads_back(served, act, kind):
    served.put(home_row(1))
    answer = served.client.post("/leads/a%20lead/act", data={"act": act, "property_id": "home-1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/leads/a%20lead")
    assert served.types_of("a lead") == [EventType(kind)]


@pytest.mark.parametrize("form", [{}, {"act": "zebra", "property_id": "home-1"}, {"act": "save"}])
def test_a_senseless_act_is_refused_and_stores_nothing(served, form):
    answer = served.client.post("/leads/lead-1/act", data=form)
    assert answer.status_code == 422
    assert served.types_of("lead-1") == []


def test_what_a_lead_is_called_cannot_run_in_the_page(served):
    evil = "<script>alert(1)</script>"
    served.store.append(TENANT, [event(1, lead_id=evil, property_id='"><img src=x>')])
    for path in ("/", f"/?q={evil}", "/leads/%3Cscript%3Ealert(1)%3C%2Fscript%3E"):
        text = served.client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_an_address_that_is_not_of_the_web_is_not_linked(served):
    served.put(home_row(1, ListingURL="javascript:alert(1)", Media=[{"MediaURL": "data:text/html,x"}]))
    assert "javascript:" not in served.client.get("/leads/lead-1").text


def test_every_type_of_event_has_words():
    assert set(DID) == set(EventType)


def test_a_left_swipe_reads_as_one_against_the_home():
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    swipe = BehavioralEvent(
        event_type=EventType.PROPERTY_SWIPE, timestamp=moment, event_data={"swipe_direction": "left"}
    )
    act = days([swipe], "UTC", moment, lambda *_: None)[0].acts[0]
    assert (act.polarity, act.details) == ("negative", ("to the left: a dislike",))


def test_the_bars_of_all_homes_share_one_scale(served):
    served.put(*map(home_row, range(3)))
    shown = cards(served.recommend("lead-1", 3, None))
    assert {card.scale for card in shown} == {"25 %"}
    assert [card.point for card in shown] == [56.0, 28.0, 18.7]
    assert all(card.low <= card.point <= card.high for card in shown)


def test_the_list_of_leads_reads_only_what_is_new_and_agrees_with_a_fresh_one():
    store = MemoryEventStore(clock=lambda: NOW)
    leads = LeadList(store, TENANT)
    store.append(TENANT, [event(1, lead_id="a"), event(2, lead_id="b", timestamp="2026-11-01T00:00:00Z")])
    assert [lead.lead_id for lead in leads()] == ["a", "b"]
    store.append(
        TENANT, [event(3, lead_id="b", timestamp="2026-10-01T00:00:00Z"), event(4, lead_id="c"), event(5, lead_id="b")]
    )
    assert (
        leads()
        == LeadList(store, TENANT)()
        == [LeadSummary("a", 1, NOW), LeadSummary("b", 3, NOW), LeadSummary("c", 1, NOW)]
    )


def test_a_form_larger_than_any_of_the_page_is_413(served):
    assert served.client.post("/leads/ann/act", content=b"act=" + b"x" * 10_000).status_code == 413


def test_the_timeline_tells_a_home_at_the_price_it_had_then(served):
    for price, moment in ((711_000, "2026-10-01T00:00:00Z"), (622_000, "2026-11-20T00:00:00Z")):
        row = home_row(1, ListPrice=price, ModificationTimestamp=moment)
        served.catalogue.put([property_from(row, now=NOW, files=True)])
    served.store.append(TENANT, [event(1, timestamp="2026-11-01T00:00:00Z")])
    assert "$711,000" in served.client.get("/leads/lead-1").text


def test_an_act_that_arrives_late_is_not_the_last_act():
    store = MemoryEventStore(clock=lambda: NOW)
    leads = LeadList(store, TENANT)
    for number, happened in ((1, {}), (2, {"timestamp": "2026-10-01T00:00:00Z"})):
        store.append(TENANT, [event(number, lead_id="a", **happened)])
        assert leads() == [LeadSummary("a", number, NOW)]


def test_assets_are_kept_by_browsers_under_an_address_that_changes_with_them(served):
    page = served.client.get("/").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = served.client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
