"""Every importer with rows of its own dialect, and the same broken on purpose."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from homing.core.errors import BadInput
from homing.core.laws import Excepted
from homing.core.settings import Settings
from homing.services.checks import Importer, tables_are_refused, tables_say_the_same
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.services.import_people import ImportAgents, ImportLeads
from homing.services.import_report import Advance, Refused
from homing.store.events import EventQuery
from homing.wiring import Homing

NOW = 1_790_000_000_000_000
PERSON = "carla.perez@example.com"


def house(folder: Path, tenant: str) -> Homing:
    return Homing(Settings(data_dir=folder, tenant=tenant), lambda: NOW)


def run(importer: Callable[[Homing], Any], folder: Path, tenant: str, file: Path, progress: Any, **options: Any) -> Any:
    homing = house(folder, tenant)
    try:
        return importer(homing)(file, progress=progress, **options)
    finally:
        homing.database.close()


def kept(read: Callable[[Homing], Any], folder: Path, tenant: str) -> Any:
    homing = house(folder, tenant)
    try:
        return read(homing)
    finally:
        homing.database.close()


def all_events(homing: Homing) -> Any:
    return homing.tracker.store.select(homing.settings.tenant, EventQuery())


def all_homes(homing: Homing) -> Any:
    market = homing.catalogue.snapshot()
    return [market.home(row) for row in range(len(market))]


def all_people(homing: Homing) -> Any:
    return homing.directory.leads(), [homing.directory.agent(name) for name in homing.directory.agent_ids()]


def event(number: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}", "event_type": "property_view", "timestamp": f"2026-05-01T12:{number % 60:02}:00Z",
        "lead_id": f"l{number % 7}", "property_id": f"h{-number}", "event_data": {"view_duration_seconds": number % 90},
    }  # fmt: skip


def tracking(number: int) -> dict[str, Any]:
    return {
        "EventKey": f"t{number}", "EventType": "Detailed View", "EventTimestamp": f"2026-05-01T12:{number % 60:02}:00Z",
        "ActorType": "Consumer", "ActorKey": "c1", "ObjectIdType": "ListingKey", "ObjectKey": f"h{-number}",
    }  # fmt: skip


def listing(number: int) -> dict[str, Any]:
    return {
        "ListingKey": f"h{number}", "ListPrice": 500_000 + number, "PropertySubType": "Condominium",
        "ModificationTimestamp": f"2026-05-01T12:{number % 60:02}:00Z",
    }  # fmt: skip


def offer(number: int) -> dict[str, Any]:
    return {"key": f"h{number}", "price": str(500_000 + number), "kind": "Condominium"}


def sale(number: int) -> dict[str, Any]:
    names = "bathrooms sqft_living sqft_lot floors waterfront view condition grade sqft_above sqft_basement yr_built"
    numbers = dict.fromkeys(names.split(), "1") | {"yr_built": "1990", "waterfront": "0", "sqft_living": "900"}
    rest = {"yr_renovated": "0", "zipcode": "98101", "lat": "47.5", "long": "-122.3"}
    rest |= {"sqft_living15": "900", "sqft_lot15": "5000"}
    return {
        "id": f"{number:010}",
        "date": "2014-10-13",
        "price": str(300_000 + number),
        "bedrooms": "3",
        **numbers,
        **rest,
    }


def lead(number: int) -> dict[str, Any]:
    return {"lead_id": f"l{number}", "time_zone": "America/Denver", "limits": {"price_max": 400_000 + number}}


def agent(number: int) -> dict[str, Any]:
    return {"agent_id": f"a{number}", "capacity": 10 + number}


def mapped(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
    """A CSV of somebody's own with a mapping beside it."""
    mapping = file.with_name("mapping.toml")
    mapping.write_text('[columns]\nListingKey = "key"\nListPrice = "price"\nPropertySubType = "kind"\n')
    return run(_listings, folder, tenant, file, progress, mapping=mapping)


def act(number: int) -> dict[str, Any]:
    return {
        "when": f"05/01/2026 12:{number % 60:02}", "did": "Looked", "who": f"l{number % 7}", "home": f"h{-number}",
        "seconds": str(number % 90), "note": "as the agent put it down " * 8,
    }  # fmt: skip


def mapped_events(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
    """A CSV of acts of somebody's own with a mapping beside it."""
    mapping = file.with_name("mapping.toml")
    mapping.write_text(
        '[columns]\ntimestamp = "when"\nevent_type = "did"\nlead_id = "who"\nproperty_id = "home"\n'
        'event_data.view_duration_seconds = "seconds"\n[event_types]\nLooked = "property_view"\n'
        '[timestamps]\nformat = "%m/%d/%Y %H:%M"\ntime_zone = "America/Denver"\n'
    )
    return run(_events, folder, tenant, file, progress, mapping=mapping)


def _events(homing: Homing) -> ImportEvents:
    return ImportEvents(homing.tracker.store, homing.settings.tenant, homing.catalogue, homing.clock)


def _listings(homing: Homing) -> ImportListings:
    return ImportListings(homing.catalogue, homing.clock)


def _leads(homing: Homing) -> ImportLeads:
    return ImportLeads(homing.directory)


def _agents(homing: Homing) -> ImportAgents:
    return ImportAgents(homing.directory)


IMPORTERS = {
    "events": Importer(
        partial(run, _events), partial(kept, all_events), event,
        bad=event(9) | {"event_type": "teleport", "lead_id": ""}, faults=("event_type must be", "lead_id must"),
    ),
    "events_with_a_mapping": Importer(
        mapped_events, partial(kept, all_events), act,
        bad=act(9) | {"when": "soon", "did": "Danced"}, faults=("timestamp must", "event_type must"), own="rows.csv",
    ),
    "reso_tracking": Importer(
        partial(run, _events), partial(kept, all_events), tracking,
        bad=tracking(9) | {"EventTimestamp": "soon", "ActorKey": ""}, faults=("timestamp must", "lead_id must"),
        personal={"ActorEmail": PERSON, "ActorPhone": PERSON, "ActorIP": PERSON},
    ),
    "listings": Importer(
        partial(run, _listings), partial(kept, all_homes), listing,
        bad=listing(9) | {"ListPrice": -4, "BedroomsTotal": "many"}, faults=("ListPrice must", "BedroomsTotal must"),
    ),
    "listings_with_a_mapping": Importer(
        mapped, partial(kept, all_homes), offer,
        bad=offer(9) | {"key": "", "price": "much"}, faults=("ListingKey must", "ListPrice must"), own="rows.csv",
    ),
    "king_county": Importer(
        partial(run, _listings), partial(kept, all_homes), sale,
        bad=sale(9) | {"price": "-1", "bedrooms": "many"}, faults=("ListPrice must", "BedroomsTotal must"),
        own="rows.csv",
    ),
    "leads": Importer(
        partial(run, _leads), partial(kept, all_people), lead,
        bad={"lead_id": "", "time_zone": "Nowhere"}, faults=("lead_id must", "time_zone must"),
        personal={"email": PERSON, "first_name": PERSON},
    ),
    "agents": Importer(
        partial(run, _agents), partial(kept, all_people), agent,
        bad={"agent_id": "", "capacity": "many"}, faults=("agent_id must", "capacity must"),
        personal={"email": PERSON, "phone": PERSON},
    ),
}  # fmt: skip

_NESTED = "limits, answers and consent are nested, so a table of people has no columns for them and is refused whole"
_HEADER = "the sales of King County are known by the header of a table, which rows of JSON do not have"
EXCEPTED = (
    Excepted("king_county", "every_layout_says_the_same", _HEADER, tables_say_the_same),
    Excepted("leads", "every_layout_says_the_same", _NESTED, tables_are_refused),
    Excepted("agents", "every_layout_says_the_same", _NESTED, tables_are_refused),
)

EVENTS, TRACKING = IMPORTERS["events"], IMPORTERS["reso_tracking"]


def altered(change: Callable[[Any], Any], of: Importer = EVENTS) -> Importer:
    """An importer that says something else of what it did."""
    return replace(of, run=lambda *given: change(of.run(*given)))


def rewritten(change: Callable[[Path], bytes]) -> Importer:
    """An importer that reads another content than the file has."""

    def running(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
        if file.is_file():
            file.write_bytes(change(file))
        return EVENTS.run(folder, tenant, file, progress)

    return replace(EVENTS, run=running)


def losing_the_last_of(ending: str) -> Callable[[Path], bytes]:
    def content(file: Path) -> bytes:
        lines = file.read_bytes().splitlines(keepends=True)
        return b"".join(lines[:-1] if file.name.endswith(ending) else lines)

    return content


def zipping_less(file: Path) -> bytes:
    content = file.read_bytes()
    try:
        return gzip.compress(gzip.decompress(content).splitlines()[0]) if file.suffix == ".gz" else content
    except EOFError:
        return content


def by_arrival(folder: Path, tenant: str) -> Any:
    def arrived(homing: Homing) -> list[str]:
        columns = homing.tracker.store.columns(tenant, EventQuery())
        return [columns.event_ids[place] for place in columns.sequence.argsort()]

    return kept(arrived, folder, tenant)


def particular(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
    if file.is_file() and file.read_bytes().startswith(b"\xef\xbb\xbf"):
        raise BadInput.of(str(file), "begin with a brace", "a byte order mark")
    return EVENTS.run(folder, tenant, file, progress)


def half_done(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
    try:
        return EVENTS.run(folder, tenant, file, progress)
    except BadInput:
        if file.is_file():
            whole = file.with_name("whole.csv")
            whole.write_text("event_type,timestamp,lead_id\npage_view,2026-05-01T12:00:00Z,l1\n")
            EVENTS.run(folder, tenant, whole, None)
        raise


def eager(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
    folder.mkdir(exist_ok=True)
    (folder / "lock").touch()
    return EVENTS.run(folder, tenant, file, progress)


def silent(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
    report = EVENTS.run(folder, tenant, file, None)
    if progress is not None:
        progress(Advance(report.read, file.stat().st_size, file.stat().st_size))
    return report


def gossiping(folder: Path, tenant: str, file: Path, progress: Any) -> Any:
    report = TRACKING.run(folder, tenant, file, progress)
    folder.mkdir(exist_ok=True)
    (folder / "log.txt").write_bytes(file.read_bytes())
    return report


def kept_of_all(folder: Path, tenant: str) -> Any:
    others = {"default", "other"} - {tenant}
    return [
        *EVENTS.kept(folder, tenant),
        *(replace(one, tenant=tenant) for name in others for one in EVENTS.kept(folder, name)),
    ]


MUTANTS = {
    "what_a_file_says_is_stored": altered(
        lambda report: report if report.refused else replace(report, read=report.read + 1)
    ),
    "the_same_file_again_stores_nothing": altered(
        lambda report: replace(report, stored=report.read - len(report.refused))
    ),
    "order_of_rows_is_irrelevant": replace(EVENTS, kept=by_arrival),
    "a_bad_row_is_refused_by_its_number_and_loses_no_other": altered(
        lambda report: replace(report, refused=tuple(Refused(row.row - 1, row.why) for row in report.refused))
    ),
    "all_faults_of_a_row_are_told": altered(
        lambda report: replace(report, refused=tuple(Refused(row.row, row.why.split(";")[0]) for row in report.refused))
    ),
    "a_file_of_bad_rows_only_is_no_success": altered(
        lambda report: replace(report, suppressed=1) if len(report.refused) > 1 else report
    ),
    "zipped_is_plain": rewritten(zipping_less),
    "every_layout_says_the_same": rewritten(losing_the_last_of(".csv")),
    "a_byte_order_mark_and_ends_of_lines_are_no_content": replace(EVENTS, run=particular),
    "a_file_that_breaks_off_stores_nothing": replace(EVENTS, run=half_done),
    "a_file_that_is_not_there_makes_no_store": replace(EVENTS, run=eager),
    "tenants_are_kept_apart": replace(EVENTS, kept=kept_of_all),
    "rows_are_taken_in_as_they_come": replace(EVENTS, run=silent),
    "nothing_is_kept_of_who_a_person_is": replace(TRACKING, run=gossiping),
}
