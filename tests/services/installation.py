"""A data folder with people and models of two tenants, and ways to look at it and to damage it."""

import json
from pathlib import Path

from homing.core.settings import Settings
from homing.models import HybridRecommendationModel, Interactions
from homing.models.registry import ModelRegistry
from homing.services.back_up import BackUp
from homing.services.restore import Restore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase

NOW = 1_780_000_000_000_000


class Installation:
    """A data folder with a few people of two tenants and a model of each."""

    def __init__(self, folder: Path, people: int = 3, tenants: tuple[str, ...] = ("default", "a/b")) -> None:
        self.settings = Settings(folder)
        self.database = SqliteDatabase(self.settings.sqlite_path)
        for tenant in tenants if people else ():
            rows = [(f"lead-{n}", json.dumps({"lead_id": f"lead-{n}"})) for n in range(people)]
            ProfileStore(self.database).put(tenant, "lead", rows, NOW)
            model = HybridRecommendationModel(tune=False).fit(Interactions.from_columns(["a"], ["h1"]))
            ModelRegistry(self.settings.models_dir, tenant).publish(model, NOW, {})

    def back_up(self, file):
        return BackUp(self.settings, self.database, lambda: NOW, "9.9")(file)

    def restore(self, file, **options):
        self.database.close()
        return Restore(self.settings)(file, **options)

    def leads(self, tenant="default"):
        return ProfileStore(SqliteDatabase(self.settings.sqlite_path)).ids(tenant, "lead")


def files(folder):
    """Every file below a folder and its bytes, but for SQLite's logs and locks."""
    wanted = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in wanted
        if not path.name.endswith(("-wal", "-shm", ".lock"))
    }


def damage(path):
    """Overwrite the pages that hold the index of profiles."""
    database = SqliteDatabase(path)
    (page,) = next(database.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'versions_of_profile'"))
    (size,) = next(database.rows("PRAGMA page_size"))
    database.close()
    with path.open("rb+") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
