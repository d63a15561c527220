"""How well the text guard judges the labelled sentences: `.venv/bin/python benchmarks/text_guard.py [tune|test]`.

Prints recall (of the sentences that must not be said, those found in any category) and false alarms (of the innocent
ones, those found); of the half `tune` also every sentence it gets wrong, of the half `test` only the figures.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "trust"))

from labelled import INNOCENT, half

from homing.trust.text_guard import shipped_text_guard


def main(name: str) -> None:
    guard, found = shipped_text_guard(), half(name)
    said = {one: [finding.category for finding in guard.findings(one.text)] for one in found}
    bad = [one for one in found if one.category != INNOCENT]
    missed = [one for one in bad if not said[one]]
    alarms = [one for one in found if one.category == INNOCENT and said[one]]
    right = sum(one.category in said[one] for one in bad)
    begun = perf_counter()
    for one in found:
        guard.findings(one.text)
    each = (perf_counter() - begun) / len(found)
    print(
        f"{name}: recall {1 - len(missed) / len(bad):.3f} of {len(bad)} (right category {right / len(bad):.3f});",
        end=" ",
    )
    print(
        f"false alarms {len(alarms) / (len(found) - len(bad)):.3f} of {len(found) - len(bad)}; {1e6 * each:.0f} µs each"
    )
    if name == "tune":
        for one in missed:
            print("  missed:", one)
        for one in alarms:
            print("  alarm:", one.text, [(f.category, f.words) for f in guard.findings(one.text)])


if __name__ == "__main__":
    for half_name in sys.argv[1:] or ["tune", "test"]:
        main(half_name)
