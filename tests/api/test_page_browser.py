"""The page in a real browser: it works, on a wide screen and a phone, and asks no other host for anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homing.tracking.validation import event_from

from api_ground import NOW, TENANT, build, home_row, listening  # isort: skip

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

if not CHROMIUM.exists() and os.environ.get("CI") != "true":
    pytest.skip(f"No Chromium at {CHROMIUM}, so the page is not tried in a browser.", allow_module_level=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    ground = build(tmp_path_factory.mktemp("page"))
    ground.put(*map(home_row, range(15)))
    row = {"event_type": "property_view", "lead_id": "lead-1", "property_id": "home-14"}
    ground.store.append(TENANT, [event_from(row, tenant=TENANT, now=NOW, received_at=NOW)])
    return ground


@pytest.fixture(scope="module")
def address(served):
    with listening(served.app) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def opened(browser, address):
    """Opens a page of some width; at the end nothing may have been complained about or fetched from elsewhere."""
    complaints, elsewhere = [], []

    def of_width(width, **more):
        page = browser.new_context(viewport={"width": width, "height": 800}, **more).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: elsewhere.append(asked.url) if not asked.url.startswith(address) else None)
        page.goto(address)
        return page

    yield of_width
    assert complaints == []
    assert elsewhere == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1024, "dark"), (390, "light"), (320, "dark")])
def test_a_lead_is_picked_and_its_ten_homes_are_seen_at_any_width(opened, width, scheme):
    page = opened(width, color_scheme=scheme)
    page.get_by_role("link", name="lead-1").first.click()
    page.wait_for_selector(".card")
    assert page.locator(".card").count() == 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_passing_on_a_home_changes_the_list_at_once(opened):
    page = opened(1440)
    page.goto(f"{page.url}leads/lead-2")
    first = page.locator(".card").first.get_attribute("data-home")
    page.get_by_role("button", name="Not for me").first.click()
    page.wait_for_selector(f'.card[data-home="{first}"]', state="detached")
    assert page.locator(".card.new").count() == 1
    assert "Passed on" in page.locator(".timeline").inner_text()
    assert "1 home is new in the list" in page.locator("#said").inner_text()


def test_without_a_script_the_buttons_work_too(opened):
    page = opened(1440, java_script_enabled=False)
    page.goto(f"{page.url}leads/lead-3")
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved").wait_for()
    assert page.locator(".card").count() == 10


def test_typing_narrows_the_list_of_leads(opened):
    page = opened(1440)
    page.get_by_label("Find a lead by its id").type("zebra")
    page.get_by_text("No lead with events has").wait_for()
    assert page.locator(".leads li").count() == 0


def test_the_api_page_opens(opened):
    page = opened(390)
    page.get_by_role("link", name="API").click()
    page.get_by_text("POST").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
