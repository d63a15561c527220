"""The schema of a PostgreSQL database as Alembic keeps it: one file a step in `steps`, each up and down.

The steps are written out as SQL (`script`) for the database's own connection to run, so that no second driver is
needed. SQLAlchemy and Alembic load only where a database is not up to date.
"""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Final

__all__ = ["BASE", "HEAD", "VERSION_TABLE", "script"]

HEAD: Final = "0002"
"""The newest step, which this version of homing reads and writes."""

BASE: Final = "base"
"""Before the first step: no tables."""


VERSION_TABLE: Final = "homing_schema"
"""The table that holds the last step done; it is made with the first and dropped with the last."""

_WRITING: Final = threading.Lock()
"""Alembic works for one caller at a time."""


def script(present: str, wanted: str) -> str:
    """The SQL that brings a database from one step to another, be it later or earlier; to be run in one transaction.

    >>> "DROP TABLE events" in script(HEAD, BASE), script(HEAD, HEAD)
    (True, '')
    """
    from alembic import command  # SQLAlchemy
    from alembic.config import Config

    if present == wanted:
        return ""
    text = io.StringIO()
    config = Config(output_buffer=text)
    config.set_main_option("script_location", str(Path(__file__).parent / "steps"))
    down = wanted == BASE or wanted < present != BASE
    with _WRITING:
        (command.downgrade if down else command.upgrade)(config, f"{present}:{wanted}", sql=True)
    return text.getvalue() + (f"DROP TABLE {VERSION_TABLE};" if wanted == BASE else "")
