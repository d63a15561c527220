"""What is killed: imports, a training that publishes, a first start, a backup, a restore."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from killing import Act, run

from homing.core.clock import SECOND, format_moment
from homing.core.settings import Settings
from homing.models import HybridRecommendationModel, Interactions
from homing.models.registry import ModelRegistry, sealed
from homing.services.back_up import BackUp
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.services.restore import Restore
from homing.store.events import EventQuery
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase, faults_of
from homing.wiring import build

NOW = 1_780_000_000_000_000
ROWS = 25_000


def homing(folder: Path):
    """A fresh start over the data of a folder."""
    return build(Settings(folder / "data"), lambda: NOW)


def whole(folder: Path) -> None:
    path = folder / "data" / "homing.sqlite3"
    if path.exists() and (faults := faults_of(path)):
        raise AssertionError(faults)


def write_events(folder: Path) -> None:
    rows = (
        {
            "event_type": "property_view",
            "timestamp": format_moment(NOW - (ROWS - n) * SECOND),
            "lead_id": f"lead-{n % 50}",
            "property_id": f"home-{n % 900}",
            "event_id": f"e{n:06d}",
        }
        for n in range(ROWS)
    )
    (folder / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def import_events(folder: Path):
    here = homing(folder)
    return ImportEvents(here.tracker.store, "default", here.catalogue, here.clock)(folder / "events.jsonl")


def after_import_of_events(folder: Path, ended: bool) -> str:
    whole(folder)
    store = homing(folder).tracker.store
    stored = [event.event_id for event in store.select("default", EventQuery())]
    assert stored == [f"e{n:06d}" for n in range(len(stored))], "not the first rows of the file"
    assert not ended or len(stored) == ROWS
    again = import_events(folder)
    assert (again.stored, again.duplicates) == (ROWS - len(stored), len(stored))
    assert store.count("default", EventQuery()) == ROWS
    return f"{len(stored)} stored, {again.stored} by the next import"


def write_homes(folder: Path) -> None:
    rows = ({"ListingKey": f"home-{n:06d}", "ListPrice": 300_000 + n, "City": "Kent"} for n in range(ROWS))
    (folder / "homes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def import_homes(folder: Path):
    here = homing(folder)
    return ImportListings(here.catalogue, here.clock)(folder / "homes.jsonl")


def after_import_of_homes(folder: Path, ended: bool) -> str:
    whole(folder)
    stored = len(homing(folder).catalogue.snapshot().ids)
    assert not ended or stored == ROWS
    again = import_homes(folder)
    assert (again.created, again.unchanged) == (ROWS - stored, stored)
    assert len(homing(folder).catalogue.snapshot().ids) == ROWS
    return f"{stored} stored, {again.created} by the next import"


def model(home: str) -> HybridRecommendationModel:
    return HybridRecommendationModel(tune=False).fit(Interactions.from_columns(["ann"], [home]))


def registry(folder: Path) -> ModelRegistry:
    return ModelRegistry(folder / "data" / "models")


def train_once(folder: Path) -> None:
    registry(folder).publish(model("old"), NOW, {})


def train_again(folder: Path) -> None:
    registry(folder).publish(model("new"), NOW, {})


def after_training(folder: Path, ended: bool) -> str:
    versions = registry(folder).versions()
    newest = registry(folder).newest()
    loaded = registry(folder).load(newest).items.ids
    assert (newest, loaded) in (("1", ("old",)), ("2", ("new",)))
    assert not ended or newest == "2"
    registry(folder).publish(model("next"), NOW, {})
    assert registry(folder).load(registry(folder).newest()).items.ids == ("next",)
    assert registry(folder).left_over() == []
    return f"version {newest} served of {versions}"


def nothing(folder: Path) -> None:
    """An empty ground."""


def first_write(folder: Path) -> None:
    ProfileStore(homing(folder).database).put("default", "lead", [("ann", "{}")], NOW)


def after_first_write(folder: Path, ended: bool) -> str:
    whole(folder)
    there = ProfileStore(homing(folder).database).ids("default", "lead")
    assert there in ((), ("ann",))
    assert not ended or there == ("ann",)
    first_write(folder)
    assert ProfileStore(homing(folder).database).ids("default", "lead") == ("ann",)
    return f"{len(there)} stored"


def data(folder: Path, kind: str, people: int) -> SqliteDatabase:
    database = SqliteDatabase(folder / "homing.sqlite3")
    ProfileStore(database).put(
        "default", "lead", [(f"{kind}-{n}", f'{{"lead_id": "{kind}-{n}"}}') for n in range(people)], NOW
    )
    ModelRegistry(folder / "models").publish(model(kind), NOW, {})
    return database


def old_data(folder: Path) -> None:
    data(folder / "data", "old", 2).close()


def old_data_and_new_backup(folder: Path) -> None:
    old_data(folder)
    database = data(folder / "other", "new", 3)
    BackUp(Settings(folder / "other"), database, lambda: NOW, "0")(folder / "backup.tar")
    database.close()


def kind_of(folder: Path) -> str:
    """Whether old or new data serve; a mixture is neither."""
    here = homing(folder)
    kinds = {name.partition("-")[0] for name in ProfileStore(here.database).ids("default", "lead")}
    loaded = here.registry.load(here.registry.newest() or "").items.ids
    assert (kinds, loaded) in (({"old"}, ("old",)), ({"new"}, ("new",))), (kinds, loaded)
    return loaded[0]


def back_up(folder: Path) -> None:
    here = homing(folder)
    BackUp(here.settings, here.database, here.clock, "0")(folder / "backup.tar")


def after_backup(folder: Path, ended: bool) -> str:
    assert kind_of(folder) == "old"
    there = (folder / "backup.tar").exists()
    assert there or not ended
    if not there:
        back_up(folder)
    assert {path.name for path in folder.iterdir()} == {"data", "backup.tar"}
    Restore(Settings(folder / "other" / "data"))(folder / "backup.tar")
    assert kind_of(folder / "other") == "old"
    return "an archive" if there else "no archive"


def restore(folder: Path) -> None:
    Restore(homing(folder).settings)(folder / "backup.tar", replace=True)


def after_restore(folder: Path, ended: bool) -> str:
    found = kind_of(folder)
    assert not ended or found == "new"
    restore(folder)
    assert kind_of(folder) == "new"
    assert {path.name for path in (folder / "data").iterdir()} <= {
        "homing.sqlite3", "homing.sqlite3-wal", "homing.sqlite3-shm", "models",
    }  # fmt: skip
    return found


def train_card_first(folder: Path) -> None:
    """A careless training: the card, by which a version counts, is there before the model."""
    place = registry(folder).folder / "2"
    place.mkdir()
    card = registry(folder).card("1") | {"version": "2"}
    (place / "card.json").write_bytes(sealed(card | {"checksum": "0" * 64}))
    card["checksum"] = model("new").save(place / "hybrid")
    (place / "card.json").write_bytes(sealed(card))


def restore_at_once(folder: Path) -> None:
    """A careless restore: models and database are put in their places one after the other, undecided."""
    Restore(homing(folder).settings)._decide(folder / "backup.tar", folder / "data" / "restoring")
    staged = (folder / "data" / "restored").rename(folder / "data" / "undecided")
    shutil.rmtree(folder / "data" / "models")
    (staged / "models").rename(folder / "data" / "models")
    (staged / "homing.sqlite3").replace(folder / "data" / "homing.sqlite3")
    shutil.rmtree(staged)


def back_up_in_place(folder: Path) -> None:
    """A careless backup: written under its final name from the start."""
    here = homing(folder)
    made = folder / "made.tar"
    BackUp(here.settings, here.database, here.clock, "0")(made)
    with (folder / "backup.tar").open("wb") as file:
        file.write(made.read_bytes()[:100])
        made.rename(folder / "backup.tar")


ACTS = {
    "import-events": (Act(write_events, import_events, after_import_of_events), True),
    "import-homes": (Act(write_homes, import_homes, after_import_of_homes), True),
    "first-write": (Act(nothing, first_write, after_first_write), True),
    "training": (Act(train_once, train_again, after_training), False),
    "backup": (Act(old_data, back_up, after_backup), False),
    "restore": (Act(old_data_and_new_backup, restore, after_restore), False),
    "careless-training": (Act(train_once, train_card_first, after_training), False),
    "careless-backup": (Act(old_data, back_up_in_place, after_backup), False),
    "careless-restore": (Act(old_data_and_new_backup, restore_at_once, after_restore), False),
}

if __name__ == "__main__":
    act, moments = ACTS[sys.argv[1]]
    run(act, Path(sys.argv[2]), moments=moments)
