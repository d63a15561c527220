"""`homing audit fair-housing` over a small simulated market: what it answers, and that it keeps nothing."""

from __future__ import annotations

import json
import random

import pytest
from cli_ground import END, command, home

CHECKS = {"area_spread", "group_reach", "area_variation", "area_ratio"}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """The data folder of 200 simulated leads, whose groups were drawn by lot."""
    folder = tmp_path_factory.mktemp("market")
    homes = folder / "homes.jsonl"
    homes.write_text("".join(json.dumps(home(number)) + "\n" for number in range(400)))
    command("simulate", "--leads", 200, "--days", 20, "--seed", 3, "--listings", homes, "--end", END, "--out", folder)
    for what in ("listings", "leads", "events"):
        command("--data-dir", folder / "data", "import", what, folder / f"{what}.jsonl.gz")
    draw = random.Random(1)
    rows = "".join(f"lead-{number:05d},{draw.choice(['amber', 'blue'])}\n" for number in range(1, 201))
    (folder / "groups.csv").write_text(f"lead_id,group\n{rows}stranger,blue\n")
    return folder


def audit(market, *words):
    return command("--data-dir", market / "data", "audit", "fair-housing", "--as-of", END, *words)


def test_groups_drawn_by_lot_are_shown_the_same_market(market):
    told = audit(market, "--groups", market / "groups.csv", "--k", 5, "--strict", "--json")
    assert told.code == 0
    document = told.json
    assert {one["name"] for one in document["checks"] + document["left_out"]} == CHECKS
    assert all(one["passed"] for one in document["checks"])
    for one in document["checks"]:
        assert one["value"] is not None
        assert len(one["interval"]) == 2
        assert one["limit"] in {0.1, 0.8}
    assert [one["group"] for one in document["groups"]] == ["amber", "blue"]
    # of 400 homes none meets the limits of a few leads
    assert all(0.8 * one["leads"] <= one["reached"] <= one["leads"] and one["homes"] > 0 for one in document["groups"])
    assert document["not_audited"] >= 1
    assert document["area_field"] == "PostalCode"


def test_without_groups_it_says_what_is_left_out(market):
    told = audit(market, "--most", 50)
    assert told.code == 0
    assert "area_variation was left out: no groups were supplied" in told.out
    assert "Lists of 10 for 50 of" in told.out


def test_the_same_seed_judges_the_same_sample(market):
    one, same, other = (audit(market, "--most", 50, "--seed", seed, "--json").json for seed in (1, 1, 2))
    assert one == same
    assert one["checks"] != other["checks"]


def test_people_see_the_groups_and_the_share_of_leads_with_a_match(market):
    told = audit(market, "--groups", market / "groups.csv")
    assert "amber" in told.out
    assert "have a match in another group" in told.out


def test_no_group_is_kept(market):
    audit(market, "--groups", market / "groups.csv")
    kept = b"".join(path.read_bytes() for path in (market / "data").rglob("*") if path.is_file())
    assert b"amber" not in kept
    assert b"lead-00001" in kept


def test_a_list_is_the_one_that_the_lead_itself_gets(market):
    from homing.core.clock import parse_moment
    from homing.wiring import build, read_settings

    engine = build(read_settings(data_dir=market / "data")).engine
    at = parse_moment(END)
    _, lists = engine.shown_to(5, most=10, as_of=at)
    for one in lists:
        asked = engine.recommend(one.lead_id, 5, as_of=at)
        assert [item.property_id for item in asked.items] == [one.market.ids.ids[row] for row in one.shown]
        assert asked.trace[0].kept == len(one.open_to)
