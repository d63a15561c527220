"""What the rows, measures and protocols of an evaluation are called, and what they mean, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homing.evaluation.grading import BASELINES

__all__ = ["LEFT_OUT", "MEASURES", "PROTOCOLS", "ROWS", "headline", "label", "number", "spread", "subject"]

_LABELS: Final = {
    "recency": "newest first",
    "content": "content",
    "item_item": "item to item",
    "saved_search": "saved search",
    "content_knn": "content kNN",
    "item_knn": "item kNN",
    "als": "implicit ALS",
    "selected": "selected before the cut",
}

MEASURES: Final[Mapping[str, tuple[str, str]]] = {
    "ndcg": ("NDCG", "gain discounted by place, over that of the ideal list cut at k"),
    "ndcg_full_ideal": ("NDCG, full ideal", "the same, over that of the ideal list of all test homes"),
    "recall": ("recall", "share of the lead's test homes that are in the list"),
    "precision": ("precision", "share of the k places that hold a test home"),
    "map": ("MAP", "mean of the precisions at the places of the hits, over the smaller of k and the test homes"),
    "mrr": ("MRR", "one over the place of the first hit"),
    "hit_rate": ("hit rate", "share of leads with at least one hit"),
    "coverage": ("coverage", "share of the homes open to anybody that stand in at least one list"),
    "novelty": ("novelty", "bits of surprise: minus log2 of the share of leads that knew a listed home"),
    "area_diversity": ("areas", "share of pairs of listed homes that lie in different areas"),
    "price_diversity": ("prices", "mean difference in log price of pairs of listed homes; .69 is twice the price"),
}
"""The name of each measure, and what it is."""

PROTOCOLS: Final = {
    "temporal": "Models knew what was known before a cut in time. Each is graded on the homes that leads engaged with "
    "for the first time after it, among the homes for sale then, those listed since among them.",
    "leave_last": "Of each lead the home it engaged with last is hidden, with all the lead did from then on. "
    "Candidates are the homes that were for sale at that moment. Other leads' later acts stay known, so this is "
    "kinder than a cut in time.",
    "k_fold": "The homes each lead engaged with are dealt into folds, and each fold is hidden in turn. Later acts stay "
    "known, so this compares models and says least about tomorrow.",
    "nested": "The best row was chosen on a cut inside the time before the outer cut; then all were fitted anew and "
    "graded on what came after the outer cut. The selected row says what that choice is worth.",
}

ROWS: Final[Mapping[str, str]] = {
    "popularity": "the homes with the most acts of late, the same for everybody",
    "recency": "the homes listed last, the same for everybody",
    "saved_search": "the homes that meet the search the lead saved last (else asked last), listed last first",
    "content_knn": "homes whose attributes are nearest to those the lead liked",
    "item_knn": "homes liked by the leads who liked the lead's homes, BM25 neighbours",
    "als": "the package implicit's ALS with its own defaults",
}
"""What each baseline does."""

LEFT_OUT: Final = {
    "leads_without_test_items": "leads engaged with no home that could be graded",
    "leads_without_earlier_acts": "leads had done nothing before",
    "leads_without_other_acts": "leads acted on no other home",
    "items_acted_on_before": "homes had been acted on before by the lead",
    "items_not_for_sale": "homes were not for sale, or no listing describes them",
}

_PREFERRED: Final = ("selected", "hybrid")


def label(model: str) -> str:
    """What people call a row."""
    return _LABELS.get(model, model)


def number(value: float | None, digits: int | None = None) -> str:
    """A figure as tables print it; three decimals below 1 and two above, if it is not said how many.

    >>> number(0.08149), number(None), number(-0.02), number(1.5)
    ('.081', '–', '−.020', '1.50')
    """
    if value is None:
        return "–"
    if digits is None:
        digits = 3 if abs(value) < 1 else 2
    text = f"{abs(value):.{digits}f}"
    sign = "−" if value < 0 and float(text) else ""
    return sign + (text[1:] if text.startswith("0.") else text)


def spread(bounds: Any) -> str:
    """An interval as tables print it; nothing where there is none."""
    return f"[{number(bounds[0])}, {number(bounds[1])}]" if bounds else ""


def subject(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row that is compared with the baselines: `selected`, else `hybrid`, else the best that is no baseline."""
    rows = {row["model"]: row for row in document["rows"]}
    found = next((rows[name] for name in _PREFERRED if name in rows), None)
    own = [row for name, row in rows.items() if name not in BASELINES]
    return found or max(own, key=lambda row: row["ndcg"], default=None)


def headline(document: Mapping[str, Any]) -> str:
    """The one sentence that a reader takes away; it claims a win only where the interval does."""
    row = subject(document)
    if row is None:
        return "Only baselines were graded."
    others = {name: found["ndcg"] for name, found in row["differences"].items()}
    beaten = [name for name, found in others.items() if found["ci"][0] > 0]
    name = label(row["model"])
    says = f"{name[0].upper()}{name[1:]}: NDCG@{document['k']} {number(row['ndcg'])} {spread(row['ci'].get('ndcg'))}"
    if not others:
        return f"{says}; no baseline was graded beside it."
    if len(beaten) == len(others):
        return f"{says}, above each of the {len(others)} baselines, by the interval of the difference."
    rest = ", ".join(label(name) for name in others if name not in beaten)
    of_all = f"above {len(beaten)} of {len(others)} baselines by the interval of the difference"
    return f"{says}, {of_all}; not shown above {rest}."
