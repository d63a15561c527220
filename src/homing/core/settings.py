"""What a deployment may set. Read from the environment once, by `wiring`; everything else is passed the values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homing.core.errors import BadInput

__all__ = ["MEASURED_TOGETHER", "POSTGRES", "SIMULATED_MARK", "Settings"]

POSTGRES: Final = ("postgresql://", "postgres://")
"""How the address of a PostgreSQL database begins."""

MEASURED_TOGETHER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment's name of the folder where the workers of one server keep what they measure; prometheus-client reads
it when it is first imported."""

SIMULATED_MARK: Final = "simulated-shoppers"
"""A file of this name in the data folder says that its leads are simulated; the pages then say so too."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where data live and whose they are.

    `data_dir` is the folder for the database, models and caches; it is made at the first write.
    `database` is `sqlite:///PATH` or `postgresql://USER@HOST/NAME`; left out, a SQLite file in the data folder.
    `tenant` is the brokerage (for GoHighLevel the location id) whose data every call reads and writes.
    `listing_url` is where the tenant's own site shows a home, such as `https://homes.example/{ListingKey}`; left out,
    answers carry the address that the listing came with.
    `text_rules` is a file of the tenant's own over the rules of what must not be said; left out, those of the package.
    `denied_fields` is a TOML file of further rules about fields that may never be used; left out, those that ship.
    `replica` is the address of a streaming replica of a PostgreSQL database, from which events are then read.
    `log_level` (debug, info, warning, error) and `log_format` (text, json) are those of the lines on standard error; at
    `info` a server says a line of each request. `otel` is where an OpenTelemetry collector takes spans by OTLP over
    HTTP, such as `http://127.0.0.1:4318/v1/traces`; left out, none are made.
    `origins` are web sites whose pages may call the API with any key; site keys bring their own.
    `rate_limit` is how many requests a second each worker takes of one key; twice as many may come at once.
    `body_seconds` is how long the body of a request may take to arrive.
    `head_seconds` (at most 60) is how long its head may take, from when the connection was made or the last request on
    it was answered.
    `cache` is the folder of compiled kernels, which may be read-only; left out, `cache` in the data folder.
    """

    data_dir: Path = Path("homing-data")
    database: str | None = None
    tenant: str = "default"
    listing_url: str | None = None
    text_rules: Path | None = None
    cache: Path | None = None
    denied_fields: Path | None = None
    replica: str | None = None
    log_level: str = "warning"
    log_format: str = "text"
    otel: str | None = None
    origins: tuple[str, ...] = ()
    rate_limit: float = 2_000.0
    body_seconds: float = 20.0
    head_seconds: float = 60.0

    @property
    def sqlite_path(self) -> Path:
        """The SQLite file; any other kind of database is refused."""
        if self.database is None:
            return self.data_dir / "homing.sqlite3"
        scheme, _, path = self.database.partition(":///")
        if scheme != "sqlite" or not path:
            raise BadInput.of("--database", "be sqlite:///PATH or postgresql://USER@HOST/NAME", self.database)
        return Path(path)

    @property
    def postgres_url(self) -> str | None:
        """The address of the PostgreSQL database; None where it is a SQLite file."""
        url = self.database or ""
        return url if url.startswith(POSTGRES) else None

    @property
    def models_dir(self) -> Path:
        """The folder of saved models, one folder a tenant."""
        return self.data_dir / "models"

    @property
    def cache_dir(self) -> Path:
        """The folder of compiled kernels; safe to delete."""
        return self.data_dir / "cache" if self.cache is None else self.cache
