"""A report says what was measured, of whom and how, and claims no more than its intervals do."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET

import pytest

from homing.evaluation.report import Origin, written
from homing.evaluation.report.charts import Mark, forest, reliability_chart
from homing.evaluation.report.words import LEFT_OUT, MEASURES, PROTOCOLS, headline, subject
from homing.measures.ranking import MEASURES as RANKING
from homing.services.evaluate_models import PROTOCOLS as NAMES

ORIGIN = Origin("homing evaluate --seed 3", "0.9.1", "2026-11-29T00:00:00Z", True)


def row(model, ndcg, low, baselines=()):
    return {
        "model": model, "coverage": 0.2, "novelty": 5.0, "area_diversity": None, "price_diversity": 0.3,
        **dict.fromkeys(RANKING, ndcg),
        "ci": {"ndcg": [ndcg - 0.01, ndcg + 0.01]},
        "differences": {name: {"ndcg": {"mean": low + 0.01, "ci": [low, low + 0.02]}} for name in baselines},
    }  # fmt: skip


DOCUMENT = {
    "protocol": "temporal", "k": 10, "level": 0.95, "cut": "2026-11-01T00:00:00Z", "end": "2026-11-20T00:00:00Z",
    "leads": 1234, "candidates": 99, "test_items": 7, "seed": 3,
    "left_out": {"leads_without_test_items": 5, "items_not_for_sale": 0},
    "rows": [row("popularity", 0.01, 0), row("als", 0.03, 0), row("hybrid", 0.08, 0.02, ("popularity", "als"))],
    "absent": [{"model": "item_knn", "why": "There is <nothing> to say."}],
    "calibration": {
        "n": 500, "positives": 50, "method": "isotonic", "ece": 0.004, "slope": 1.0, "intercept": 0.0, "brier": 0.08,
        "brier_skill": 0.1, "ece_ci": [-0.01, 0.02], "opened_stand_in_for_shown": True,
        "slices": [{"slice": "leads without acts", "n": 77, "said": 0.1, "seen": 0.12, "ece": 0.021,
                    "ece_ci": [0.001, 0.041]}],
        "bins": [{"n": 250, "said": 0.05, "seen": 0.06}, {"n": 250, "said": 0.2, "seen": 0.19}],
    },
}  # fmt: skip


@pytest.mark.parametrize("file", ["evaluation.html", "evaluation.md"])
@pytest.mark.parametrize(
    "said", ["Simulated shoppers.", "homing evaluate", "0.9.1", "2026-11-29", "1,234", "2026-11-01", "opened"]
)
def test_both_say_of_whom_by_which_command_version_and_day(file, said):
    text = written(DOCUMENT, ORIGIN)[file]
    assert said in text


def test_real_and_unsaid_are_told_apart():
    says = {kind: Origin("", "", "", kind).kind for kind in (True, False, None)}
    assert len(set(says.values())) == 3
    assert "nobody said" in says[None]


def test_every_row_and_its_figure_stand_in_both():
    files = written(DOCUMENT, ORIGIN)
    for name in ("popularity", "implicit ALS", "hybrid", "item kNN"):
        assert name in files["evaluation.html"]
        assert name in files["evaluation.md"]
    assert ".080" in files["evaluation.html"]


def test_each_chart_is_an_image_that_stands_alone():
    files = written(DOCUMENT, ORIGIN)
    charts = {name for name in files if name.endswith(".svg")}
    assert charts == {"ndcg.svg", "differences.svg", "coverage.svg", "reliability.svg"}
    for name in charts:
        assert ET.fromstring(files[name]).tag == "{http://www.w3.org/2000/svg}svg"
        assert f"]({name})" in files["evaluation.md"]


def test_the_page_loads_nothing_and_runs_nothing():
    page = written(DOCUMENT, ORIGIN)["evaluation.html"]
    assert not re.search(r"<script|<link|<img|url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page)


def test_what_data_say_is_never_markup():
    files = written(DOCUMENT, ORIGIN)
    assert "&lt;nothing&gt;" in files["evaluation.html"]
    assert "<nothing>" not in files["evaluation.html"]
    assert r"\<nothing\>" in files["evaluation.md"]


def test_the_figures_are_beside_it():
    read = json.loads(written(DOCUMENT, ORIGIN)["evaluation.json"])
    assert read["rows"] == DOCUMENT["rows"]
    assert read["origin"]["simulated"] is True


def test_a_win_is_claimed_only_where_the_interval_does():
    assert "above each of the 2 baselines" in headline(DOCUMENT)
    doubtful = copy.deepcopy(DOCUMENT)
    doubtful["rows"][2]["differences"]["als"]["ndcg"]["ci"] = [-0.001, 0.02]
    assert "above 1 of 2 baselines" in headline(doubtful)
    assert "not shown above implicit ALS" in headline(doubtful)


def test_without_a_model_of_ours_no_claim_is_made():
    only = {**DOCUMENT, "rows": DOCUMENT["rows"][:2]}
    assert subject(only) is None
    assert headline(only) == "Only baselines were graded."
    assert "differences.svg" not in written(only, ORIGIN)


def test_calibration_that_was_not_measured_says_why():
    document = {**DOCUMENT, "calibration": {"n": 0, "positives": 0, "method": "platt", "why": "too few"}}
    assert "Not measured: too few" in written(document, ORIGIN)["evaluation.html"]


def test_every_protocol_and_measure_is_explained():
    assert set(PROTOCOLS) == set(NAMES)
    assert set(RANKING) < set(MEASURES)
    assert set(DOCUMENT["left_out"]) <= set(LEFT_OUT)


@pytest.mark.parametrize("values", [[0.0], [0.05, -0.02], [1e-5, 3e-5], [250.0], []])
def test_every_mark_lies_inside_its_chart(values):
    svg = ET.fromstring(forest("t", [Mark("m", value, (value - 0.01, value + 0.01)) for value in values]))
    places = [float(one.get("cx")) for one in svg.iter("{http://www.w3.org/2000/svg}circle")]
    ends = [float(one.get(end)) for one in svg.iter("{http://www.w3.org/2000/svg}line") for end in ("x1", "x2")]
    assert all(204 - 0.1 <= place <= 820 - 150 + 0.1 for place in [*places, *ends])


def test_a_chart_of_nothing_but_zeros_has_an_axis():
    svg = ET.fromstring(forest("t", [Mark("m", 0.0, (0.0, 0.0))]))
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}line"))) > 2
    assert 'class="path"' in reliability_chart("t", [{"said": 0.0, "seen": 0.0}])


def test_the_place_of_a_mark_goes_by_its_value():
    svg = ET.fromstring(forest("t", [Mark(str(value), value) for value in (0.0, 0.05, 0.1)]))
    first, middle, last = (float(one.get("cx")) for one in svg.iter("{http://www.w3.org/2000/svg}circle"))
    assert middle == pytest.approx((first + last) / 2, abs=0.1)


@pytest.mark.parametrize("file", ["evaluation.html", "evaluation.md"])
def test_confidence_is_told_with_its_interval_and_by_slice(file):
    text = written(DOCUMENT, ORIGIN)[file]
    for said in ("leads without acts", "77", ".021", ".041", "95 % interval by lead"):
        assert said in text
