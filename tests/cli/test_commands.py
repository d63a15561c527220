from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars
import pytest
from cli_ground import END, MIDDAY, command, home, view

from homing.feature_engineering import FEATURES

BEFORE = "2026-01-01T00:00:00Z"
FILES = ("listings", "leads", "agents", "events", "truth")


def lines(path):
    return [json.loads(line) for line in gzip.open(path, "rt", encoding="utf-8")]


@pytest.fixture(scope="session")
def busy(simulated):
    """The lead who did most, and how many events that were."""
    leads = [row["lead_id"] for row in lines(simulated[0] / "events.jsonl.gz") if "lead_id" in row]
    return max(sorted(set(leads)), key=leads.count)


def test_simulate_writes_five_files_that_end_in_time(simulated):
    folder, said = simulated
    assert (said.code, sorted(path.name for path in folder.iterdir())) == (0, sorted(f"{n}.jsonl.gz" for n in FILES))
    assert set(said.json["files"]) == set(said.json["counts"]) == set(FILES)
    assert {name: len(lines(folder / f"{name}.jsonl.gz")) for name in FILES} == said.json["counts"]
    assert max(row["timestamp"] for row in lines(folder / "events.jsonl.gz")) <= END


def test_simulate_gives_the_same_bytes_for_the_same_seed_end_and_listings(simulated, town, tmp_path):
    again = ["simulate", "--leads", 40, "--days", 30, "--listings", town, "--end", END]
    assert command(*again, "--seed", 5, "--out", tmp_path / "same").code == 0
    assert command(*again, "--seed", 6, "--out", tmp_path / "other").code == 0
    for name in FILES:
        made = (simulated[0] / f"{name}.jsonl.gz").read_bytes()
        assert (tmp_path / "same" / f"{name}.jsonl.gz").read_bytes() == made
    assert (tmp_path / "other" / "events.jsonl.gz").read_bytes() != (simulated[0] / "events.jsonl.gz").read_bytes()


def test_what_was_simulated_is_imported_without_a_refusal(shop, simulated):
    said = shop("import", "events", simulated[0] / "events.jsonl.gz")
    counts = simulated[1].json["counts"]
    assert (said.json["read"], said.json["duplicates"], said.json["refused"]) == (
        counts["events"],
        counts["events"],
        [],
    )


def test_train_names_every_model_with_version_samples_seconds_and_metrics(shop):
    said = shop.trained
    assert said.code == 0
    assert all(set(row) == {"name", "version", "samples", "seconds", "metrics"} for row in said.json["models"])
    assert [row["name"] for row in said.json["models"]][-1] == "hybrid"
    assert {row["version"] for row in said.json["models"]} == {"1"}


@pytest.mark.parametrize("protocol", ["temporal", "leave_last"])
def test_evaluate_grades_the_models_asked_for_with_intervals(shop, protocol):
    document = shop("evaluate", "--protocol", protocol, "--k", 5, "--models", "popularity,hybrid").json
    assert (document["protocol"], document["k"]) == (protocol, 5)
    assert [row["model"] for row in document["rows"]] == ["popularity", "hybrid"]
    for row in document["rows"]:
        measures = {"recall", "ndcg", "precision", "map", "mrr"}
        assert measures | {"model", "coverage", "ci"} <= set(row)
        assert all(row["ci"][name][0] <= row[name] <= row["ci"][name][1] for name in measures)


def test_a_report_is_written_with_the_figures_that_it_answers(shop, tmp_path):
    said = shop("report", "--out", tmp_path / "report", "--models", "popularity,hybrid", "--simulated")
    assert said.code == 0, said.err
    assert {Path(name).name for name in said.json["files"]} >= {"evaluation.html", "evaluation.md", "evaluation.json"}
    assert all(Path(name).is_file() for name in said.json["files"])
    beside = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert beside["rows"] == said.json["rows"]
    assert beside["origin"]["command"] == "homing evaluate --models popularity,hybrid"
    assert said.json["simulated"] is beside["origin"]["simulated"] is True
    assert "Simulated shoppers." in (tmp_path / "report" / "evaluation.html").read_text()


def kinds(value):
    """The shape of a document: its keys all the way down, and the kinds of its ends."""
    if isinstance(value, dict):
        return {name: kinds(inner) for name, inner in value.items()}
    return "list" if isinstance(value, list) else type(value).__name__


def test_recommend_gives_the_answer_of_the_contract(shop, busy):
    said = shop("recommend", busy, "-k", 4)
    answer = said.json
    assert said.code == 0
    assert kinds({name: value for name, value in answer.items() if name != "models"}) == {
        "recommendation_id": "str", "lead_id": "str", "as_of": "str", "event_count": "int", "experiment": "NoneType",
        "degraded": "list", "items": "list", "trace": "list",
    }  # fmt: skip
    assert (answer["lead_id"], answer["models"], answer["degraded"]) == (busy, {"hybrid": "1"}, [])
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3, 4]
    assert all(set(stage) == {"stage", "kept", "removed"} for stage in answer["trace"])
    for item in answer["items"]:
        assert set(item) == {"property_id", "rank", "score", "confidence", "interval", "confidence_level", "stretch",
                             "home", "reasons", "rest"}  # fmt: skip
        assert set(item["home"]) == {"address", "ListPrice", "beds", "baths", "area", "photo", "url", "attribution",
                                     "updated_at"}  # fmt: skip
        low, high = item["interval"]
        assert 0 <= low <= item["confidence"] <= high <= 1
        assert item["confidence_level"] in {"high", "medium", "low", "uncertain"}
        shares = sum(reason["share"] for reason in item["reasons"])
        assert 0.6 - 1e-6 <= shares <= 1 + 1e-6
        assert shares + item["rest"] == pytest.approx(1, abs=1e-5)
        for reason in item["reasons"]:
            assert set(reason) == {"kind", "share", "text", "say", "evidence"}
            assert set(reason["evidence"]) == {"events", "attributes"}


def test_recommend_as_of_the_past_sees_only_the_past_and_of_the_future_is_allowed(shop, busy):
    long_ago = shop("recommend", busy, "--as-of", "2020-01-01T00:00:00Z").json
    assert (long_ago["as_of"], long_ago["event_count"]) == ("2020-01-01T00:00:00Z", 0)
    assert long_ago["models"] == {}
    later = shop("recommend", busy, "--as-of", "2999-01-01T00:00:00Z")
    assert (later.code, later.json["as_of"]) == (0, "2999-01-01T00:00:00Z")


def test_a_stranger_still_gets_homes_and_is_told_so(shop):
    said = shop("recommend", "somebody-new")
    assert (said.code, said.json["event_count"], len(said.json["items"])) == (0, 0, 10)
    assert all(item["reasons"] for item in said.json["items"])


def test_asking_for_more_homes_than_there_are_gives_all_that_are_left(shop):
    answer = shop("recommend", "somebody-new", "-k", 1000).json
    assert len(answer["items"]) == answer["trace"][0]["kept"] <= 1000


def test_features_of_a_lead_are_raw_and_name_what_is_missing(shop, busy):
    document = shop("features", busy, "--as-of", END).json
    assert set(document) == {
        "entity_id", "entity_type", "as_of", "event_count", "numeric", "categorical", "missing", "behind",
    }  # fmt: skip
    assert (document["entity_id"], document["entity_type"], document["as_of"]) == (busy, "lead", END)
    declared = {one.name for one in FEATURES["lead"]}
    assert set(document["numeric"]) | set(document["categorical"]) == declared
    assert {name for name, value in document["numeric"].items() if value is None} <= set(document["missing"])


def test_features_of_a_stranger_are_all_there_and_those_without_evidence_null(shop):
    said = shop("features", "somebody-new")
    assert (said.code, said.json["event_count"]) == (0, 0)
    assert said.json["numeric"]["total_events"] == 0
    assert said.json["numeric"]["days_since_last_activity"] is None
    assert "days_since_last_activity" in said.json["missing"]


@pytest.mark.parametrize("kind", ["lead", "agent", "property"])
def test_features_of_all_are_a_parquet_file_of_one_column_a_feature(shop, tmp_path, kind):
    out = tmp_path / "new" / "all.parquet"
    document = shop("features", "--all", "--type", kind, "--as-of", END, "--out", out).json
    table = polars.read_parquet(out)
    assert (document["rows"], document["columns"]) == table.shape
    assert set(table.columns) == {"entity_id", *(one.name for one in FEATURES[kind])}
    assert table["entity_id"].n_unique() == table.height > 0
    assert [path.name for path in out.parent.iterdir()] == ["all.parquet"]


def test_features_of_all_are_those_of_one(shop, busy, tmp_path):
    out = tmp_path / "all.parquet"
    shop("features", "--all", "--as-of", END, "--out", out)
    row = polars.read_parquet(out).filter(polars.col("entity_id") == busy).row(0, named=True)
    one = shop("features", busy, "--as-of", END).json["numeric"]
    assert {name: row[name] for name, value in one.items() if value is not None} == pytest.approx(
        {name: value for name, value in one.items() if value is not None}
    )


def test_tenants_are_apart(homing, write):
    file = write("events.jsonl", [view()])
    homes = write("homes.jsonl", [home(1)])
    assert homing("import", "events", file, "--tenant", "acme").code == 0
    assert homing("--tenant", "acme", "import", "listings", homes).code == 0
    for tenant, count in (("acme", 1), ("other", 0), ("../acme", 0)):
        assert (
            homing("features", "lead-1", "--as-of", "2026-05-02T00:00:00Z", "--tenant", tenant).json["event_count"]
            == count
        )
        assert homing("recommend", "nobody", "--tenant", tenant).json["trace"][0]["kept"] == count
    assert homing("features", "home-001", "--type", "property").code == 2


@pytest.mark.parametrize("words", ["recommend nobody", "features nobody", "evaluate", "features a --type agent"])
def test_reading_makes_no_data_folder(homing, tmp_path, words):
    homing(*words.split())
    assert list(tmp_path.iterdir()) == []


def test_global_options_stand_before_or_after_the_command(tmp_path, write):
    file, data = write("events.jsonl", [view()]), tmp_path / "data"
    before = command("--json", "--tenant", "acme", "--data-dir", data, "import", "events", file)
    after = command("import", "events", file, f"--data-dir={data}", "--tenant=acme", "--json")
    between = command("import", "--json", "events", "--tenant", "acme", file, "--data-dir", data)
    assert [said.json["stored"] for said in (before, after, between)] == [1, 0, 0]
    assert [said.json["duplicates"] for said in (before, after, between)] == [0, 1, 1]


def test_settings_come_from_the_environment_where_no_option_is_given(tmp_path, write, monkeypatch):
    monkeypatch.setenv("HOMING_DATA_DIR", str(tmp_path / "env"))
    monkeypatch.setenv("HOMING_DATABASE", f"sqlite:///{tmp_path}/elsewhere.sqlite3")
    assert command("import", "events", write("events.jsonl", [view()])).code == 0
    assert (tmp_path / "elsewhere.sqlite3").is_file()
    assert not (tmp_path / "env").exists()


def test_without_json_a_person_reads_plain_words(shop, busy):
    """Every command that only asks; none of them may answer a person with nothing."""
    for words in (["recommend", busy, "-k", 2], ["features", busy], ["evaluate", "--models", "popularity"]):
        said = command("--data-dir", shop.data, *words)
        assert (said.code, said.err) == (0, "")
        assert not said.out.startswith("{")
        assert len(said.out.splitlines()) > 2


def test_a_moment_of_another_zone_is_the_same_moment(homing, write):
    homing("import", "events", write("events.jsonl", [view(at=MIDDAY)]))
    counts = [
        homing("features", "lead-1", "--as-of", at).json["event_count"]
        for at in ("2026-05-01T11:59:59Z", MIDDAY, "2026-05-01T05:00:00-07:00", "2026-05-01T04:59:59-07:00")
    ]
    assert counts == [0, 1, 1, 0]


def test_as_of_sees_only_what_was_also_received_by_then(homing, write):
    homing("import", "events", write("events.jsonl", [view(at=MIDDAY, received_at="2026-05-03T00:00:00Z")]))
    counts = [
        homing("features", "lead-1", "--as-of", f"2026-05-0{day}T00:00:00Z").json["event_count"] for day in (2, 3)
    ]
    assert counts == [0, 1]


def test_a_list_says_which_homes_are_news_again(tmp_path, homing, write):
    versions = [home(1, ListPrice=price, ModificationTimestamp=at) for price, at in ((500_000, BEFORE), (450_000, END))]
    assert homing("import", "listings", write("homes.jsonl", versions)).code == 0
    saved = view(event_type="property_save")
    assert homing("import", "events", write("events.jsonl", [saved])).code == 0
    said = command("recommend", "lead-1", "--data-dir", tmp_path / "data").out
    assert "500,000 to 450,000 USD" in " ".join(said.split())
    assert "1 of the kept news again: price cut" in " ".join(said.split())
