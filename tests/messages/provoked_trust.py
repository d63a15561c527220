"""What the rules of texts and the audits refuse, by the sentence it brings."""

from __future__ import annotations

from cli_ground import command

from homing.trust.text_rules import text_rules

__all__ = ["TABLE"]


def rules(text):
    return lambda ground: text_rules(ground.file("own.toml", text))


def audited(name, content, *words):
    return lambda ground: ground.homing("audit", "text", ground.file(name, content), *words)


def grouped(name, content):
    return lambda ground: ground.homing("audit", "fair-housing", "--groups", ground.file(name, content))


TABLE = {
    "header must have the columns lead_id, group; got 'lead_id, sex'": grouped("groups.csv", "lead_id,sex\na,b\n"),
    "groups.jsonl[1].lead_id must be a text; got 7": grouped("groups.jsonl", [{"lead_id": 7, "group": "a"}]),
    "groups.jsonl[1].group must be a text, or left out; got 3": grouped("groups.jsonl", [{"lead_id": "x", "group": 3}]),
    "groups.csv[3].group must be 'a', as an earlier row says of 'x'; got 'b'": grouped(
        "groups.csv", "lead_id,group\nx,a\nx,b\n"
    ),
    "No lead is known by an act or a stated limit: import events or leads first.": lambda ground: command(
        "--data-dir", ground.new(), "audit", "fair-housing"
    ),
    "must be a file of text rules in TOML; got Expected '=' after a key": rules("words"),
    "word must be one of as_of, place, names_end_with, sources, words, categories; got 'word'": rules("word = 1"),
    "categories must be a table; got 1": rules("categories = 1"),
    "words.far must be a text; got 1": rules("[words]\nfar = 1"),
    "categories.schools must be a table; got 1": rules("[categories]\nschools = 1"),
    "categories.schools.phrase must be one of why, instead, phrases": rules("[categories.schools]\nphrase = []"),
    "categories.mine.instead must be given; got nothing": rules('[categories.mine]\nwhy = "x"\nphrases = ["y"]'),
    "categories.schools.why must be a text; got 1": rules("[categories.schools]\nwhy = 1"),
    "categories.schools.unless must be a list of texts; got 'x'": rules('[categories.schools]\nunless = "x"'),
    "phrases must name lists that there are, not 'nobody'; got '<nobody>'": rules(
        '[categories.schools]\nphrases = ["<nobody>"]'
    ),
    "without must name a phrase that stands in the shipped rules; got 'x'": rules(
        '[categories.schools]\nwithout = ["x"]'
    ),
    "texts.csv must have a column text or PublicRemarks; got 'ListingKey, Remark'": audited(
        "texts.csv", "ListingKey,Remark\n1,x\n"
    ),
    "texts.jsonl must have a column Remark; got 'a'": audited("texts.jsonl", [{"a": "x"}], "--column", "Remark"),
    "row 1: text must be a text; got 1": audited("texts.jsonl", [{"text": 1}]),
    "row 1: row must be text in UTF-8; got b'caf\\xe9'": audited("texts.txt", b"caf\xe9"),
}
