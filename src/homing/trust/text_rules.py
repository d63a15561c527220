"""Rules of what must not be said, as data: the package's dated file, and a deployer's own file over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from homing.core.errors import BadInput, Fault, reason, shown
from homing.trust.phrases import phrase_fault

__all__ = ["Category", "TextRules", "shipped_text_rules", "text_rules"]

_SHIPPED: Final = Path(__file__).parent / "data" / "text_rules.toml"
_TEXTS: Final = ("why", "instead")
_LISTS: Final = ("phrases", "unless", "without", "sources")
_TOP: Final = ("as_of", "place", "names_end_with", "sources", "words", "categories")


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of what must not be said: the phrases that say it, and the innocent ones that look like it.

    `why` and `instead` are sentences for the writer; `sources` name where the rule comes from.
    """

    name: str
    why: str
    instead: str
    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextRules:
    """All rules as of a date. `words` are the lists that phrases refer to; `names_end_with` the words after a name."""

    as_of: str
    words: Mapping[str, tuple[str, ...]]
    names_end_with: frozenset[str]
    categories: Mapping[str, Category]
    sources: Mapping[str, str]


@cache
def shipped_text_rules() -> TextRules:
    """The rules that come with the package.

    >>> rules = shipped_text_rules()
    >>> rules.as_of, rules.categories["schools"].instead[:13]
    ('2026-11-22', 'leave schools')
    """
    return _with(_EMPTY, _content(_SHIPPED), str(_SHIPPED))


def text_rules(own: Path | None) -> TextRules:
    """The shipped rules with a deployer's file over them; `BadInput` with every fault of that file.

    In a category of ours the file's `phrases` and `unless` are added, `without` takes phrases of ours out, `why` and
    `instead` replace ours, and `off = true` drops the category. A category that is new needs `why`, `instead`, phrases.
    """
    return shipped_text_rules() if own is None else _with(shipped_text_rules(), _content(own), str(own))


_EMPTY: Final = TextRules("", {}, frozenset(), {}, {})


def _content(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(Fault(str(path), "be a file of text rules in TOML", reason(error))) from None


def _with(rules: TextRules, content: Mapping[str, Any], file: str) -> TextRules:
    faults = _faults(rules, content)
    if faults:
        raise BadInput([fault.under(file) for fault in faults])
    words = {name: (*rules.words.get(name, ()), *text.split()) for name, text in content.get("words", {}).items()}
    categories = dict(rules.categories)
    for name, told in content.get("categories", {}).items():
        if told.get("off"):
            categories.pop(name, None)
        else:
            categories[name] = _category(categories.get(name, Category(name, "", "", ())), told)
    return TextRules(
        as_of=str(content.get("as_of", rules.as_of)),
        words={**rules.words, **words},
        names_end_with=rules.names_end_with | set(content.get("names_end_with", "").split()),
        categories=categories,
        sources={**rules.sources, **content.get("sources", {})},
    )


def _category(ours: Category, told: Mapping[str, Any]) -> Category:
    without = set(told.get("without", ()))
    return replace(
        ours,
        why=told.get("why", ours.why),
        instead=told.get("instead", ours.instead),
        phrases=tuple(one for one in ours.phrases if one not in without) + tuple(told.get("phrases", ())),
        unless=ours.unless + tuple(told.get("unless", ())),
        sources=tuple(told.get("sources", ours.sources)),
    )


def _faults(rules: TextRules, content: Mapping[str, Any]) -> list[Fault]:
    faults = [Fault(name, f"be one of {', '.join(_TOP)}", shown(name)) for name in content if name not in _TOP]
    tables = {name: content.get(name, {}) for name in ("sources", "words", "categories")}
    faults += [Fault(name, "be a table", shown(it)) for name, it in tables.items() if not isinstance(it, dict)]
    if faults:
        return faults
    texts = {"names_end_with": content.get("names_end_with", ""), **_under("words", tables["words"])}
    texts |= _under("sources", tables["sources"])
    faults += [Fault(where, "be a text", shown(it)) for where, it in texts.items() if not isinstance(it, str)]
    lists = rules.words.keys() | tables["words"].keys()
    for name, told in tables["categories"].items():
        if not isinstance(told, dict):
            faults.append(Fault(f"categories.{name}", "be a table", shown(told)))
        else:
            faults += [
                fault.under(f"categories.{name}") for fault in _category_faults(rules.categories.get(name), told, lists)
            ]
    return faults


def _under(place: str, table: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{place}.{name}": value for name, value in table.items()}


def _category_faults(ours: Category | None, told: Mapping[str, Any], lists: set[str]) -> list[Fault]:
    known = (*_TEXTS, *_LISTS, "off")
    faults = [Fault(name, f"be one of {', '.join(known)}", shown(name)) for name in told if name not in known]
    if ours is None and not told.get("off"):
        faults += [Fault(name, "be given", "nothing") for name in (*_TEXTS, "phrases") if not told.get(name)]
    faults += [
        Fault(name, "be a text", shown(told[name])) for name in _TEXTS if not isinstance(told.get(name, ""), str)
    ]
    for name in _LISTS:
        given: Sequence[object] = told.get(name, [])
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            faults.append(Fault(name, "be a list of texts", shown(given)))
        elif name in ("phrases", "unless"):
            faults += [Fault(name, wrong, shown(one)) for one in given if (wrong := phrase_fault(str(one), lists))]
    if ours is not None:
        strange = [one for one in told.get("without", ()) if one not in ours.phrases]
        faults += [Fault("without", "name a phrase that stands in the shipped rules", shown(one)) for one in strange]
    return faults
