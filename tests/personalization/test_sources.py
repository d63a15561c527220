"""Each source names the homes it should, and the union of them holds what it must."""

import numpy as np
import pytest

from homing.core.clock import DAY, HOUR, MINUTE
from homing.models.interactions import Interactions
from homing.models.pasts import MOST_TOLD, Pasts
from homing.models.query import Codes
from homing.people.lead import Limits, lead_from
from homing.personalization import ranking
from homing.personalization.areas import places_for_other_areas
from homing.personalization.ask import Ask
from homing.personalization.cohort import cohort_likes
from homing.personalization.histories import history
from homing.personalization.serving import LiveServing
from homing.personalization.shopper import shopper
from homing.personalization.sources import BEST, Nominated, _blend, fewest, most, nominated
from homing.personalization.stated import with_stated
from homing.services.train_models import TrainModels

from test_property_engine import NOW, Market  # isort: skip

HOMES = 600


class Big(Market):
    """600 homes in six areas, dearer with their number, and what the sources name for a lead."""

    def fill(self, count=HOMES):
        self.put(*[home(n) for n in range(count)], at=NOW - 60 * DAY)
        return self

    def change(self, n, ago, **fields):
        self.put({**home(n), **fields}, at=self.now - ago)

    def serving(self):
        return LiveServing(self.tracker.store, self.catalogue, self.registry, clock=lambda: self.now).at()

    def who(self, serving, lead, limits=None):
        ask = Ask(lead_id=lead)
        read = history(self.tracker.store, "default", ask, self.now)
        found = shopper(read, ask, limits, serving.market, self.now, weights=serving.weights)
        return with_stated(found, serving.within)

    def asked(self, lead, k=10, limits=None, news=()):
        serving = self.serving()
        who = self.who(serving, lead, limits)
        rows = np.flatnonzero(serving.market.active & ~np.isin(np.arange(len(serving.market)), who.seen))
        return serving, who, rows, nominated(serving, who, rows, k, news)

    def named(self, lead, source, **options):
        serving, _, _, found = self.asked(lead, **options)
        return [serving.market.ids.ids[row] for row in found.by_source.get(source, ())]


def home(n):
    return {
        "ListingKey": f"h{n:03d}",
        "ListPrice": 300_000 + 1_000 * n,
        "BedroomsTotal": 2 + n % 4,
        "LivingArea": 1_000 + 2 * n,
        "Latitude": 47.3 + 0.001 * n,
        "Longitude": -122.3,
        "PostalCode": f"981{n // 100:02d}",
        "ListingContractDate": "2026-03-01",
    }


@pytest.fixture
def market(tmp_path):
    return Big(tmp_path).fill()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Twelve leads who each like ten homes one after the other, and a model that learned from them."""
    market = Big(tmp_path_factory.mktemp("trained")).fill()
    for lead in range(12):
        for n in range(10):
            market.act(f"lead-{lead}", f"h{(16 * lead + 8 * n) % HOMES:03d}", "property_save", ago=(40 - n) * DAY)
    TrainModels(market.tracker, market.catalogue, market.registry)(NOW)
    return market


def test_every_part_names_what_it_scores_highest(trained):
    serving, who, rows, found = trained.asked("lead-3")
    codes = Codes(serving.codes[rows])
    for name in ("collaborative", "content", "online", "recency"):
        scores = serving.model.parts[name].score(who.query, codes)
        best = rows[np.lexsort((rows, -scores))][: BEST[name]]
        assert found.by_source[name].tolist() == best.tolist(), name
    assert {"item_item", "sequence", "popularity", "blend", "cohort", "exploration"} <= set(found.by_source)


def test_a_part_with_nothing_to_say_names_nothing(trained):
    *_, found = trained.asked("nobody")
    assert not {"collaborative", "item_item", "sequence", "content", "online", "got_away"} & set(found.by_source)
    assert {"popularity", "recency", "exploration"} <= set(found.by_source)
    *_, found = trained.asked("nobody", limits=Limits(price_max=400_000))
    assert "collaborative" in found.by_source


def test_no_home_counts_as_popular_that_nobody_liked(trained):
    serving, _, _, found = trained.asked("lead-3")
    liked = serving.model.popularity()
    for name in ("popularity", "cohort"):
        assert (liked[serving.codes[found.by_source[name]]] > 0).all()


def test_a_price_cut_into_what_the_lead_likes_is_named_the_newest_first(market):
    for n in (100, 120):
        market.act("ann", f"h{n:03d}", "property_save", ago=9 * DAY)
    market.change(300, 3 * DAY, ListPrice=410_000)
    market.change(301, 2 * DAY, ListPrice=420_000)
    market.change(302, 2 * DAY, ListPrice=550_000)  # still dearer than anything liked
    market.change(303, 15 * DAY, ListPrice=410_000)  # too long ago
    market.change(90, 2 * DAY, ListPrice=395_000)  # dearer than before
    market.change(91, 3 * DAY, ListPrice=380_000)
    market.change(91, 2 * DAY, ListPrice=391_000)  # cut, and put back
    market.change(304, 4 * DAY, ListPrice=400_000)
    market.change(304, 1 * DAY, ListPrice=400_000, BedroomsTotal=9)  # a version later, the price is the same
    assert market.named("ann", "price_cut") == ["h301", "h300", "h304"]


def test_for_a_lead_who_only_stated_limits_every_cut_within_them_is_named(market):
    market.change(300, 3 * DAY, ListPrice=410_000)
    assert market.named("ann", "price_cut") == []
    assert market.named("ann", "price_cut", limits=Limits(price_max=800_000)) == ["h300"]


def test_what_is_new_where_the_lead_looks_is_named_the_newest_first(market):
    new = [("near-1", 2 * DAY, "98101"), ("near-2", HOUR, "98101"), ("old", 8 * DAY, "98101"), ("far", DAY, "98105")]
    for name, ago, area in new:
        row = {key: value for key, value in home(150).items() if key != "ListingContractDate"}
        market.put({**row, "ListingKey": name, "PostalCode": area}, at=NOW - ago)
    assert market.named("ann", "new_in_area") == ["near-2", "far", "near-1"]
    market.act("ann", "h120", "property_save", ago=9 * DAY)
    assert market.named("ann", "new_in_area") == ["near-2", "near-1"]
    assert market.named("ann", "new_in_area", limits=Limits(areas=("98105",)))[1] == "far"  # limits hold already


def test_new_homes_are_looked_through_until_enough_may_be_shown(market):
    """As after the import of a whole market: the 190 newest of 250 may not be shown, the next 40 are named."""
    row = {key: value for key, value in home(150).items() if key != "ListingContractDate"}
    for n in range(250):
        market.put({**row, "ListingKey": f"new-{n:03d}"}, at=NOW - (n + 1) * MINUTE)
    serving, who, rows, _ = market.asked("ann")
    names = [serving.market.ids.ids[row] for row in rows]
    allowed = rows[[not "new-000" <= name < "new-190" for name in names]]
    found = nominated(serving, who, allowed, 10).by_source["new_in_area"]
    assert [serving.market.ids.ids[row] for row in found] == [f"new-{n}" for n in range(190, 190 + BEST["new_in_area"])]


def test_homes_like_the_one_that_got_away(market):
    market.act("ann", "h500", "property_save", ago=9 * DAY)
    market.act("ann", "h050", "property_save", ago=9 * DAY)
    assert market.named("ann", "got_away") == []
    market.change(50, DAY, StandardStatus="Closed")
    found = market.named("ann", "got_away")
    assert len(found) == BEST["got_away"]
    assert {int(name[1:]) for name in found[:10]} <= set(range(30, 71))
    assert {int(name[1:]) for name in found} <= set(range(101))


def test_a_cohort_is_who_liked_the_same_homes():
    pairs = "a x, a y, b x, b z, c x, c z, d y, e w, me x, a v"
    leads, homes = zip(*(pair.split() for pair in pairs.split(", ")), strict=True)
    data = Interactions.from_columns(leads, homes, weights=[1.0] * 9 + [-1.0])
    pasts, codes = Pasts.of(data), data.properties.codes(["v", "w", "x", "y", "z"])
    counts = cohort_likes(pasts, data.properties.codes(["x"]), "me", 6)
    assert counts[codes].tolist() == [0, 0, 3, 1, 2]
    assert counts.size == 6
    assert cohort_likes(pasts, data.properties.codes(["w"]), "me", 6) is None
    assert cohort_likes(pasts, np.array([-1, 7]), None, 6) is None
    nobody = Interactions.from_columns([], [])
    assert cohort_likes(Pasts.of(nobody), np.array([0]), None, 3) is None


def test_without_a_cohort_what_is_popular_where_and_as_the_lead_looks(market):
    for lead, n in (("bob", 110), ("cy", 130), ("dee", 190), ("eve", 310)):
        market.act(lead, f"h{n:03d}", "property_save", ago=2 * DAY)
    market.act("ann", "h120", "property_save", ago=2 * DAY)
    assert set(market.named("ann", "cohort")) == {"h110", "h130"}


def test_exploration_is_the_same_all_day_and_another_the_next(trained):
    today = trained.named("lead-3", "exploration")
    assert 0 < len(today) <= BEST["exploration"]
    trained.now = NOW + 1
    same = trained.named("lead-3", "exploration")
    trained.now = NOW + DAY
    tomorrow = trained.named("lead-3", "exploration")
    trained.now = NOW
    assert same == today != tomorrow
    assert trained.named("lead-4", "exploration") != today


def test_without_a_model_that_knows_what_is_possible_homes_nobody_acted_on_are_explored(market):
    for n in range(0, HOMES, 2):
        market.act("bob", f"h{n:03d}", "property_view")
    found = market.named("ann", "exploration")
    assert len(found) == BEST["exploration"]
    assert all(int(name[1:]) % 2 for name in found)


def test_news_is_always_a_candidate(market):
    market.act("ann", "h500", "property_save", ago=9 * DAY)
    serving, *_ = market.asked("ann")
    row = serving.market.ids.code("h003")
    *_, found = market.asked("ann", news={row})
    assert found.by_source["news"].tolist() == [row]
    assert row in found.rows


@pytest.mark.parametrize("k", [5, 10, 24])
def test_the_floor_for_other_areas_can_be_kept_whichever_areas_stand_first(trained, k):
    serving, _, _, found = trained.asked("lead-3", k=k)
    area = serving.area[found.by_source["other_areas"]]
    wanted = places_for_other_areas(k)
    sizes = np.bincount(area, minlength=6)
    assert np.count_nonzero(sizes) == min(6, -(-k // 2) + wanted)
    assert (sizes[sizes > 0] >= wanted).all()


@pytest.mark.parametrize("k", [1, 10, 24])
def test_the_union_holds_every_home_once_and_neither_too_few_nor_too_many(trained, k):
    _, _, rows, found = trained.asked("lead-3", k=k)
    assert (np.diff(found.rows) > 0).all()
    assert np.isin(found.rows, rows).all()
    beside = sum(found.by_source[name].size for name in ("exploration", "other_areas") if name in found.by_source)
    assert fewest(k) <= found.rows.size <= most(k) + beside
    *_, found = trained.asked("nobody", k=k)
    assert found.rows.size >= fewest(k)


def test_in_brief_only_the_blend_names_homes_besides_what_must_be_there(trained):
    serving, who, rows, whole = trained.asked("lead-3", news=[5])
    brief = nominated(serving, who, rows, 10, [5], brief=True)
    assert set(brief.by_source) == {"blend", "other_areas", "news"} < set(whole.by_source)
    for name, named in brief.by_source.items():
        assert named.tolist() == whole.by_source[name].tolist(), name
        assert np.isin(named, brief.rows).all()
    assert fewest(10) <= brief.rows.size < whole.rows.size


def test_few_homes_are_all_ranked(trained):
    serving, who, rows, _ = trained.asked("lead-3")
    found = nominated(serving, who, rows[:400], 10)
    assert (found.rows.tolist(), dict(found.by_source)) == (rows[:400].tolist(), {})
    assert nominated(serving, who, rows, 100).rows.size == rows.size


def test_the_trace_counts_the_homes_that_no_source_named(trained):
    answer = trained.engine.recommend("lead-3", 10)
    assert [stage.stage for stage in answer.trace] == ["candidates", "sources", "ranked", "chosen"]
    before, after = answer.trace[:2]
    assert dict(after.removed) == {"not_nominated": before.kept - after.kept}
    assert fewest(10) <= after.kept < before.kept


def test_homes_that_the_caller_named_are_all_scored(trained):
    names = [f"h{n:03d}" for n in range(HOMES)]
    every = trained.engine.answer(Ask(lead_id="lead-3", k=10, candidates=names))
    assert (every.trace[1].kept, dict(every.trace[1].removed)) == (every.trace[0].kept, {})
    ranked = trained.engine.answer(Ask(lead_id="lead-3", candidates=names, rank_all=True))
    assert [stage.stage for stage in ranked.trace] == ["candidates"]
    assert len(ranked) == HOMES


def test_the_list_is_that_of_ranking_every_home(trained, monkeypatch):
    leads = [f"lead-{n}" for n in range(12)]
    named = [[item.property_id for item in trained.engine.recommend(lead, 10)] for lead in leads]
    monkeypatch.setattr(ranking, "nominated", lambda _serving, _who, rows, _k, _news, **_: Nominated(rows, {}))
    full = [[item.property_id for item in trained.engine.recommend(lead, 10)] for lead in leads]
    assert np.mean([len({*one} & {*other}) / 10 for one, other in zip(named, full, strict=True)]) >= 0.95


def test_what_a_lead_stated_is_told_to_the_models(market):
    serving = market.serving()
    stated = serving.within(Limits(price_max=310_000))
    assert [serving.model.items.ids[code] for code in stated.array.tolist()] == [f"h{n:03d}" for n in range(11)]
    assert serving.within(Limits(price_max=900_000)).array.size == 600
    assert serving.within(Limits(price_max=1)) is None
    assert market.who(serving, "ann", Limits(price_max=310_000)).query.within is stated
    assert market.who(serving, "ann").query.within is None


def test_a_form_alone_moves_the_list_and_the_answer_says_what_it_stands_on(trained):
    trained.directory.put_leads([lead_from({"lead_id": "new", "limits": {"price_min": 500_000}})])
    answer = trained.engine.recommend("new", 10)
    assert "ranked by its stated limits" in answer.degraded[-1]
    assert "stated_limits" in {reason.kind for item in answer for reason in item.reasons}
    assert all(note.startswith("content") for note in trained.engine.recommend("nobody").degraded[-1:])


def test_the_blend_is_each_parts_distance_from_its_mean_in_spreads_and_silence_is_the_mean():
    rng = np.random.default_rng(4)
    scores = rng.normal(5.0, 2.0, (4, 501)).astype(np.float32)
    scores[1, rng.random(501) < 0.8] = np.nan
    scores[2] = 3.0
    weights = np.array([1.0, 0.5, 7.0, -0.2])
    spread = np.nanstd(scores, axis=1, keepdims=True)
    away = (scores - np.nanmean(scores, axis=1, keepdims=True)) / np.where(spread > 0, spread, np.inf)
    assert _blend(scores, weights) == pytest.approx(weights @ np.nan_to_num(away), abs=1e-4)


def test_a_search_tells_all_homes_that_satisfy_it_and_binds_nobody(market):
    market.act("ann", None, "search_query", ago=HOUR, search_filters={"areas": ["98103"]})
    serving, who, rows, _ = market.asked("ann")
    told = who.query.searched.array
    assert sorted(told.tolist()) == sorted(serving.codes[300:400].tolist())
    assert who.query.within is None
    assert rows.size == HOMES


def test_of_many_homes_within_the_limits_all_are_told(tmp_path):
    serving = Big(tmp_path).fill(2 * MOST_TOLD).serving()
    assert serving.within(Limits(bedrooms_min=3)).array.size == 2 * MOST_TOLD * 3 // 4
