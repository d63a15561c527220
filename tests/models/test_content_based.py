"""Content: words of remarks, the cosine, changes of taste, and what is chosen on the data, with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from homing.core.clock import DAY
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.models import ContentBasedModel, HybridRecommendationModel, Interactions, Query
from homing.models.content_based import REMARKS_WEIGHT
from homing.models.evidence import evidence_of
from homing.models.remarks import NO_LEXICON, Remarks, learned_lexicon, terms_of
from homing.trust.text_guard import shipped_text_guard

VIEWS = ("A deck over the lake. Boat house", "Lake view and a boat dock", "Wide deck, lake at the door")
CITY = ("Loft by the station with brick walls", "Brick loft, tall windows", "Tall windows near the station")


def described(count=24):
    """Homes of which only the remarks are known: by the lake where the number is even, lofts in town where odd."""
    return [{"ListingKey": f"h{n:02}", "PublicRemarks": (VIEWS, CITY)[n % 2][n // 2 % 3]} for n in range(count)]


def acts(*homes):
    return Interactions.from_columns(["a"] * len(homes), list(homes))


def parity(names):
    return {int(name[1:]) % 2 for name in names}


@pytest.mark.parametrize("options", [{}, {"tune": False}, {"similarity": "cosine"}, {"weighting": "bm25"}])
def test_where_only_words_are_known_homes_described_alike_are_found(options):
    model = ContentBasedModel(**options).fit(acts("h00", "h02"), homes=described())
    assert parity(model.recommend("a", k=8)[0]) == {0}
    assert set(model.explain("a", "h04")) == {"remarks"}
    assert model.score("a", ["h04"])[0] > model.score("a", ["h05"])[0]


def test_a_home_described_a_minute_ago_counts_at_once():
    model = ContentBasedModel().fit(acts("h00", "h02"), homes=described())
    new = [
        {"ListingKey": "n1", "PublicRemarks": "Deck at the lake"},
        {"ListingKey": "n2", "PublicRemarks": "Brick loft"},
    ]
    scores = model.with_homes([*described(), *new]).score("a", ["n1", "n2"])
    assert scores[0] > 0 > scores[1]


def test_homes_nobody_acted_on_are_ranked_as_well_as_others():
    data = Interactions.from_columns(["a", "a", "b", "b"], ["h00", "h02", "h01", "h03"])
    model = ContentBasedModel().fit(data, homes=described())
    cold = [f"h{n:02}" for n in range(4, 24)]
    assert parity(model.recommend("a", k=10, candidates=cold)[0]) == {0}
    assert parity(model.recommend("b", k=10, candidates=cold)[0]) == {1}


def test_words_of_a_home_passed_on_count_against_it():
    model = ContentBasedModel().fit(acts("h00"), homes=described())
    liked, passed = Query("x", ["h00"]), Query("x", ["h00", "h01"], [1.0, -1.0])
    assert model.score(passed, ["h07"])[0] < model.score(liked, ["h07"])[0]


def test_a_home_without_words_or_attributes_has_no_score():
    model = ContentBasedModel().fit(acts("h00"), homes=[*described(), {"ListingKey": "bare"}])
    assert np.isnan(model.score("a", ["bare"])[0])
    assert model.explain("a", "bare") == model.words("a", "bare") == model.words("a", "nowhere") == {}


def test_the_words_that_carry_the_part_are_told():
    model = ContentBasedModel(tune=False).fit(acts("h00", "h02"), homes=described())
    words = model.words("a", "h04", 2)
    assert set(" ".join(words).split()) <= {"deck", "lake", "wide", "door", "boat"}
    assert len(words) == 2
    assert all(part > 0 for part in words.values())
    assert model.words("a", "h05") == model.words("stranger", "h04") == {}


@pytest.mark.parametrize("similarity", ["learned", "cosine"])
def test_all_the_words_of_a_home_and_the_words_it_lacks_make_the_part(similarity):
    model = ContentBasedModel(tune=False, similarity=similarity).fit(acts("h00", "h02"), homes=described())
    taste, code = model._taste(model._past("a")), model.items.code("h04")
    home = np.zeros(len(model.lexicon_))
    terms, parts = model.remarks_.row(code)
    home[terms] = parts
    usual = model.market_terms_ if similarity == "learned" else 0.0
    whole = taste.terms @ (home - usual) * model.beta_[-1] / model._lengths(taste, np.array([code]))[0]
    assert model.explain("a", "h04")["remarks"] == pytest.approx(whole)


def test_our_weights_are_those_of_scikit_learn():
    texts = [row["PublicRemarks"] for row in described(9)]
    lexicon = learned_lexicon(texts)
    theirs = TfidfVectorizer(analyzer=terms_of, vocabulary=lexicon.terms.ids, sublinear_tf=True).fit(texts)
    new = ["Lake, lake, lake and a deck", "nothing known", *texts]
    ours = lexicon.encoded(new, "tfidf")
    for row, expected in enumerate(theirs.transform(new).toarray()):
        terms, parts = ours.row(row)
        np.testing.assert_allclose(parts, expected[terms], rtol=1e-6)
        assert (expected > 0).sum() == terms.size


def test_bm25_is_the_formula():
    lexicon = learned_lexicon(["lake deck", "lake dock dock", "loft", "loft dock"])
    n, length = 4, np.mean([1, 3, 1, 2])  # deck stands in one text alone, so it is no term
    rarity = np.log1p((n - 2 + 0.5) / (2 + 0.5))
    raw = np.array([tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * 3 / length)) * rarity for tf in (2, 1)])
    terms, parts = lexicon.encoded(["dock lake dock"], "bm25").row(0)
    assert [lexicon.terms.ids[term] for term in terms] == ["dock", "lake"]
    np.testing.assert_allclose(parts, raw / np.linalg.norm(raw), rtol=1e-6)


def test_a_word_of_every_home_or_of_one_alone_is_no_term():
    assert learned_lexicon(["light"] * 5) is NO_LEXICON
    assert learned_lexicon(["light", "dark", ""]) is NO_LEXICON


def test_numbers_mail_and_web_addresses_are_no_terms():
    text = "Call 555-0100 or write me@home.example, see https://home.example/x <br/>Deck"
    assert not {term for term in terms_of(text) if "example" in term or "555" in term or "br" in term.split()}
    assert "deck" in terms_of(text)


FLAGGED = ("Perfect for families with kids", "Adults only", "Great schools nearby", "Safe neighborhood", "No children!")


@pytest.mark.parametrize("similarity", ["learned", "cosine"])
@pytest.mark.parametrize("phrase", FLAGGED)
def test_phrases_that_may_not_be_said_change_nothing_however_they_go_with_what_is_liked(phrase, similarity):
    plain = described()
    sown = [
        {**row, "PublicRemarks": f"{phrase}. {row['PublicRemarks']}. {phrase}."} if n % 2 else row
        for n, row in enumerate(plain)
    ]
    data = Interactions.from_columns(["a", "a", "b"], ["h01", "h03", "h04"])
    without, with_it = (ContentBasedModel(similarity=similarity).fit(data, homes=homes) for homes in (plain, sown))
    learned = [
        {name: array.tobytes() for name, array in model.packed().items() if name != "own.digests"}
        for model in (without, with_it)
    ]
    assert learned[0] == learned[1]
    assert without.score_all("a").tobytes() == with_it.score_all("a").tobytes()


def test_every_term_may_be_said():
    texts = [f"{phrase.lower()} {text}" for phrase in FLAGGED for text in (*VIEWS, *CITY, "church street", "kids pool")]
    guard = shipped_text_guard()
    assert [term for term in learned_lexicon(texts).terms.ids if not guard.allows(term)] == []


def test_a_model_may_be_told_to_read_no_remarks():
    model = ContentBasedModel(remarks=False).fit(acts("h00"), homes=described())
    assert np.isnan(model.score("a", ["h02"])[0])


def test_remarks_of_a_snapshot_are_those_of_rows():
    snapshot = snapshot_of([Property(str(row["ListingKey"]), 0, 0, row) for row in described()])
    by_rows, by_snapshot = (ContentBasedModel().fit(acts("h00"), homes=homes) for homes in (described(), snapshot))
    assert by_rows.score_all("a").tobytes() == by_snapshot.score_all("a").tobytes()
    changed = snapshot.replaced([Property("a0", 1, 1, {}), Property("h01", 1, 1, {"PublicRemarks": VIEWS[0]})])
    assert changed.remarks[:3] == ("", VIEWS[0], VIEWS[0])
    assert len(changed.remarks) == len(snapshot.remarks) + 1


def test_a_loaded_model_reads_only_texts_that_changed(tmp_path):
    ContentBasedModel().fit(acts("h00"), homes=described()).save(tmp_path / "model")
    model = ContentBasedModel.load(tmp_path / "model")
    changed = described()
    changed[3]["PublicRemarks"] = VIEWS[0]
    other = model.with_homes(changed)
    moved = [n for n in range(24) if model.remarks_.row(n)[0].tolist() != other.remarks_.row(n)[0].tolist()]
    assert moved == [3]
    assert model.with_homes(described()).remarks_ is model.remarks_


def test_a_home_that_went_away_may_come_back_without_words(tmp_path):
    ContentBasedModel().fit(acts("h00"), homes=described()).save(tmp_path / "model")
    gone = ContentBasedModel.load(tmp_path / "model").with_homes(described()[1:])
    assert gone.remarks_.row(0)[0].size
    back = gone.with_homes([{"ListingKey": "h00"}, *described()[1:]])
    assert not back.remarks_.row(0)[0].size
    assert back.remarks_.row(1)[0].size


def test_rows_written_anew_take_their_places():
    def of(*rows):
        ends = np.cumsum([0, *map(len, rows)])
        terms = np.array([term for row in rows for term in row], dtype=np.int32)
        return Remarks(ends, terms, terms.astype(np.float32))

    found = of([1, 2], [], [3]).rewritten(5, [4, 0], of([7, 8], [9]))
    assert [found.row(n)[0].tolist() for n in range(5)] == [[9], [], [3], [], [7, 8]]


def test_the_cosine_is_the_cosine_of_two_vectors():
    rows = [{"ListingKey": f"h{n}", "ListPrice": 2e5 + 4e4 * n, "BedroomsTotal": n % 4} for n in range(12)]
    homes = [
        {**row, **words}
        for row, words in zip(rows, ({"PublicRemarks": text} for text in (*VIEWS, *CITY) * 2), strict=True)
    ]
    model = ContentBasedModel(similarity="cosine", tune=False).fit(acts("h2", "h4"), homes=homes)
    taste, encoding = model._taste(model._past("a")), model.encoding_
    root = np.sqrt(np.repeat(model.beta_[:2], np.diff(encoding.starts)))
    wanted = np.concatenate((root * taste.bins, np.sqrt(model.beta_[2]) * taste.terms))
    vectors = np.zeros((12, wanted.size))
    for home in range(12):
        np.add.at(vectors[home], encoding.bins[home], root[encoding.bins[home]] * encoding.parts[home])
        terms, parts = model.remarks_.row(home)
        vectors[home, root.size + terms] = np.sqrt(model.beta_[2]) * parts
    expected = vectors @ wanted / np.linalg.norm(vectors, axis=1) / np.linalg.norm(wanted)
    np.testing.assert_allclose(model.score_all("a"), expected, rtol=1e-5)
    assert np.abs(model.score_all("a")).max() <= 1.0


def valley(count=60):
    """Cheap homes in the north, where the number is even, and dear ones in the south."""
    rng = np.random.default_rng(4)
    return [
        {
            "ListingKey": f"h{n:02}", "ListPrice": (400_000, 900_000)[n % 2] * float(rng.uniform(0.85, 1.15)),
            "Latitude": (47.8, 47.4)[n % 2] + 0.03 * float(rng.normal()),
            "Longitude": -122.2 + 0.03 * float(rng.normal()), "BedroomsTotal": int(rng.integers(2, 5)),
        }
        for n in range(count)
    ]  # fmt: skip


def test_a_lead_that_moves_on_is_followed_within_seven_acts():
    model = ContentBasedModel(tune=False, half_life_days=1e6).fit(acts("h00"), homes=valley())
    north, south = [f"h{n:02}" for n in range(0, 40, 2)], [f"h{n:02}" for n in range(1, 15, 2)]
    moved = Query("x", north + south, at=np.arange(27) * DAY)
    mixed = Query("x", [*north[:10], *south, *north[10:]], at=np.arange(27) * DAY)
    assert parity(model.recommend(moved, k=10)[0]) == {1}
    assert parity(model.recommend(mixed, k=3)[0]) == {0}


def test_one_evening_elsewhere_is_no_new_taste():
    model = ContentBasedModel(tune=False, half_life_days=1e6).fit(acts("h00"), homes=valley())
    homes = [f"h{n:02}" for n in (*range(0, 40, 2), *range(1, 15, 2))]
    evening = np.append(np.arange(20) * DAY, 20 * DAY + np.arange(7) * 60_000_000)
    past = model._past(Query("x", homes, at=evening))
    assert evidence_of(past, model.half_life_days_, model._traits).mass.sum() == pytest.approx(27.0, rel=1e-3)


def test_an_earlier_taste_counts_as_one_act_at_most():
    model = ContentBasedModel(tune=False, half_life_days=1e6).fit(acts("h00"), homes=valley())
    homes = [f"h{n:02}" for n in (*range(0, 40, 2), *range(1, 15, 2))]
    past = model._past(Query("x", homes, at=np.arange(27) * DAY))
    mass = evidence_of(past, model.half_life_days_, model._traits).mass
    codes = np.unique(past.items)
    assert mass[codes % 2 == 0].sum() == pytest.approx(1.0)
    assert mass[codes % 2 == 1] == pytest.approx(np.ones(7), rel=1e-3)


def shopping(years, leads=80):
    """Leads that like one place; with `years` what they did before was something else, else it was the same."""
    rng = np.random.default_rng(5)
    rows = []
    for lead in range(leads):
        for place in range(12):
            side = (lead + (years and place < 5)) % 2
            rows.append(
                (f"l{lead:02}", f"h{2 * int(rng.integers(0, 30)) + side:02}", (place + 200 * (place >= 5)) * DAY)
            )
    return Interactions.from_columns(
        *zip(*((lead, home) for lead, home, _ in rows), strict=True), None, [at for *_, at in rows]
    )


def test_what_was_left_open_is_chosen_on_the_data_and_kept(tmp_path):
    model = ContentBasedModel().fit(shopping(years=True), homes=valley())
    assert 4 <= len(model.trials_) <= 9
    best = max(model.trials_, key=lambda trial: trial.ndcg).settings
    assert (model.prior_, model.half_life_days_) == (best["prior"], best["half_life_days"])
    model.save(tmp_path / "model")
    assert ContentBasedModel.load(tmp_path / "model").trials_ == model.trials_


def test_what_is_given_is_kept():
    model = ContentBasedModel(half_life_days=9.0, prior=3.0).fit(shopping(years=False), homes=valley())
    assert (model.half_life_days_, model.prior_, model.trials_) == (9.0, 3.0, ())
    assert ContentBasedModel(tune=False).fit(shopping(years=False), homes=valley()).half_life_days_ == 30.0


def test_words_get_weight_where_leads_choose_by_them():
    rng = np.random.default_rng(2)
    homes = [{**row, "ListPrice": float(rng.uniform(3e5, 9e5))} for row in described(60)]
    rows = [(f"l{lead:02}", f"h{2 * int(rng.integers(0, 30)) + lead % 2:02}") for lead in range(60) for _ in range(6)]
    model = ContentBasedModel().fit(Interactions.from_columns(*zip(*rows, strict=True)), homes=homes)
    assert model.beta_[-1] > 1.5 * REMARKS_WEIGHT
    assert model.beta_[0] < 1.2


def test_the_blend_tells_the_words_of_its_content_part():
    model = HybridRecommendationModel(tune=False).fit(acts("h00", "h02"), homes=described())
    assert model.words("a", "h04") == model.parts["content"].words("a", "h04") != {}
    assert "content:remarks" in model.explain("a", "h04")
    assert HybridRecommendationModel.untrained(acts("h00"), described()).words("a", "h04") == {}
