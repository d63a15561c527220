"""Running commands in this process, and rows of small files for them."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from homing.cli.main import run

MIDDAY = "2026-05-01T12:00:00Z"
END = "2026-11-01T00:00:00Z"


@dataclass(frozen=True)
class Said:
    """What a command did: its exit code and both of its streams."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """The one document on stdout."""
        return json.loads(self.out)


def command(*words) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(word) for word in words])
    return Said(code, out.getvalue(), err.getvalue())


def home(number, **fields):
    """One of a small town's homes; every number gives another one."""
    return {
        "ListingKey": f"home-{number:03d}",
        "ListPrice": 300_000 + 7_000 * (number % 60),
        "BedroomsTotal": 1 + number % 5,
        "BathroomsTotalInteger": 1 + number % 3,
        "LivingArea": 800 + 25 * (number % 80),
        "YearBuilt": 1930 + number % 90,
        "Latitude": 47.5 + 0.003 * (number % 20),
        "Longitude": -122.3 + 0.004 * (number // 20),
        "PostalCode": f"9810{number % 4}",
        "City": "Kent",
        "PropertyType": "Residential",
        "ModificationTimestamp": "2026-01-01T00:00:00Z",
        **fields,
    }


def view(lead="lead-1", place="home-001", at=MIDDAY, **fields):
    """A row of an event file."""
    return {"event_type": "property_view", "timestamp": at, "lead_id": lead, "property_id": place, **fields}
