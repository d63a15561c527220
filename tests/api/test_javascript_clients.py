"""Segment's and RudderStack's own JavaScript clients, unchanged: in Node, and in the page of a site in Chromium.

They are looked for where Node finds its packages (NODE_PATH):
npm install @segment/analytics-node @segment/analytics-next @rudderstack/rudder-sdk-node @rudderstack/analytics-js
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from homing.services.keys import CreateKey
from homing.store.events import EventQuery

from api_ground import NOW, TENANT, build, listening  # isort: skip

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 30.0

IN_NODE = {
    "@segment/analytics-node": """
        const { Analytics } = require("@segment/analytics-node");
        const client = new Analytics({ writeKey: KEY, host: HOST });
        client.on("error", (error) => { throw error; });
        const end = () => client.closeAndFlush();
    """,
    "@rudderstack/rudder-sdk-node": """
        const Analytics = require("@rudderstack/rudder-sdk-node");
        const client = new (Analytics.default ?? Analytics)(KEY, { dataPlaneUrl: HOST, gzip: true });
        const end = () => client.flush();
    """,
}
ACTS = """
    client.track({ anonymousId: "v", event: "Listing Viewed", properties: { listing_id: "h1" } });
    client.track({ userId: "ann", event: "Listing Saved", properties: { listing_id: "h2" } });
    client.page({ userId: "ann", name: "Search", properties: { url: "https://x.example/?q=1" } });
    client.identify({ userId: "ann", anonymousId: "v", traits: { email: "ann@example.com", stage: "new" } });
    client.group({ userId: "ann", groupId: "g1", traits: { name: "household" } });
    Promise.resolve(end()).then(() => console.log("sent"), (error) => { console.error(error); process.exit(1); });
"""


def where(package):
    """The folder of a package of Node's; the test is skipped where there is none."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("No node on the path, so the JavaScript clients are not tried.")
    asked = [node, "-p", "require.resolve.paths('any').join('\\n')"]
    looked = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
    found = next((Path(one, package) for one in looked.splitlines() if Path(one, package).is_dir()), None)
    if found is None:
        pytest.skip(f"Node does not find {package} (NODE_PATH), so this client is not tried.")
    return found


@pytest.mark.parametrize("package", list(IN_NODE))
def test_the_client_of_node_is_understood(served, package):
    where(package)
    key = CreateKey(served.keys, TENANT, lambda: NOW)("write").text
    with listening(served.app) as address:
        told = f"const KEY = {json.dumps(key)}, HOST = {json.dumps(address)};"
        ran = subprocess.run(
            ["node", "-e", told + IN_NODE[package] + ACTS],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert (ran.returncode, ran.stdout) == (0, "sent\n"), ran.stderr
    found = served.store.select(TENANT, EventQuery(lead_id="ann"))
    assert sorted(event.event_type.value for event in found) == [
        "custom", "page_view", "property_save", "property_view",
    ]  # fmt: skip
    assert served.directory.lead("ann").stage == "new"


SOURCE = {
    "source": {
        "id": "s", "name": "homing", "writeKey": "", "enabled": True, "workspaceId": "w", "destinations": [],
        "config": {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}},
    },
    "updatedAt": "2026-01-01T00:00:00Z",
}  # fmt: skip
IN_A_PAGE = {
    "@segment/analytics-next": (
        "dist/umd/index.js",
        """
        const told = { apiKey: KEY, apiHost: HOST + "/v1", protocol: "http" };
        const client = AnalyticsNext.AnalyticsBrowser.load(
          { writeKey: KEY, cdnSettings: { integrations: { "Segment.io": told } } },
          { integrations: { "Segment.io": told } });
        """,
    ),
    "@rudderstack/analytics-js": (
        "dist/npm/modern/bundled/umd/index.js",
        """
        const client = new (rudderanalytics.RudderAnalytics ?? rudderanalytics.default ?? rudderanalytics)();
        client.load(KEY, "http://" + HOST, { getSourceConfig: () => (SOURCE), plugins: [], loadIntegration: false });
        """,
    ),
}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing of it."""

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def site(folder):
    """The origin of a listing site, whose pages lie in a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="this needs the package playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"No Chromium at {CHROMIUM}, so the clients are not tried in a browser.")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def page_of(folder, package, key, address):
    """A page of a site that sends what its visitor does; the client lies beside it."""
    script, load = IN_A_PAGE[package]
    shutil.copytree((where(package) / script).parent, folder / "client")
    told = f"const KEY = {json.dumps(key)}, HOST = {json.dumps(address)}, SOURCE = {json.dumps(SOURCE)};"
    acts = """
        client.track("Listing Viewed", { listing_id: "h1" });
        client.identify("ann", { email: "x@evil.example", stage: "hot" });
        client.track("Listing Saved", { listing_id: "h2" });
    """
    scripts = f"<script src=client/{Path(script).name}></script><script>{told}{load}{acts}</script>"
    (folder / "index.html").write_text(f"<!doctype html><title>Homes</title>{scripts}")


@pytest.mark.parametrize("package", list(IN_A_PAGE))
def test_the_client_of_a_page_is_understood_and_puts_nothing_to_a_lead(tmp_path, browser, package):
    served = build(tmp_path)
    folder = tmp_path / "site"
    folder.mkdir()
    with listening(served.app) as address, site(folder) as origin:
        key = CreateKey(served.keys, TENANT, lambda: NOW)("site", [origin]).text
        page_of(folder, package, key, address.removeprefix("http://"))
        page, complaints = browser.new_page(), []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(origin)
        end = time.monotonic() + PATIENCE
        while len(found := served.store.select(TENANT, EventQuery())) < 3 and time.monotonic() < end:
            page.wait_for_timeout(50)
    kinds = sorted(event.event_type.value for event in found)
    assert kinds == ["custom", "property_save", "property_view"], complaints
    assert len({event.anonymous_id for event in found}) == 1
    assert {event.lead_id for event in found} == {None}
    assert served.directory.lead("ann") is None
