from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homing.core.clock import from_micros, to_micros
from homing.core.errors import BadInput
from homing.tracking.local_time import local_micros

ZONES = ["America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Phoenix", "UTC"]
CHANGES = [to_micros(datetime(2026, month, day, hour, tzinfo=UTC)) for month, day, hour in ((3, 8, 10), (11, 1, 9))]
MOMENTS = st.one_of(
    st.integers(to_micros(datetime(2000, 1, 1, tzinfo=UTC)), to_micros(datetime(2036, 1, 1, tzinfo=UTC))),
    st.sampled_from([at + d for at in CHANGES for d in (-1, 0, 1)]),
)


@given(st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from(ZONES))
def test_the_wall_clock_is_that_of_the_standard_library(moments, zone):
    expected = [from_micros(at).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) for at in moments]
    assert local_micros(np.array(moments), zone).tolist() == list(map(to_micros, expected))


def test_an_unknown_zone_is_refused():
    with pytest.raises(BadInput, match="time_zone must be an IANA time zone"):
        local_micros(np.array([0]), "Mars/Olympus")


def test_a_night_of_25_hours_keeps_its_order_by_moment_not_by_clock():
    first = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    local = local_micros(np.array([to_micros(first), to_micros(first + timedelta(hours=1))]), "America/Los_Angeles")
    assert local[0] == local[1]
