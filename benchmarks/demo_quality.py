"""The figures of the demo for the ledger: `.venv/bin/python benchmarks/demo_quality.py --ledger`.

Runs `homing demo --once --json` in a folder of its own and prints what its evaluation found: NDCG, recall and precision
at 10 of every row, the mean over the leads that were graded and its 95 % interval. The homes are real, the shoppers
simulated. The market of the demo ends at the last midnight, so another day has other figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from recommender_quality import Row, about_now, keep

DATA = "600 shoppers simulated with seed 7, over real King County homes"
MEASURES = ("ndcg", "recall", "precision")


def rows_of(document, about):
    """A row for each measure of each model of the answer of `homing demo --once --json`."""
    found = document["evaluation"]
    told = {**about, "seed": found["seed"], "data": DATA, "protocol": f"{found['protocol']}, cut {found['cut'][:10]}"}
    for row in found["rows"]:
        for measure in MEASURES:
            low, high = row["ci"][measure]
            figures = [round(float(figure), 4) for figure in (row[measure], low, high)]
            yield Row(**told, model=row["model"], measure=f"{measure}@{found['k']}", value=figures[0], low=figures[1],
                      high=figures[2], published=None, leads=found["leads"], fit_seconds=None)  # fmt: skip


def main(arguments):
    """Run the demo, print its rows, and with --ledger append them."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "homing", "--data-dir", folder, "demo", "--once", "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    about = about_now(arguments) | {"command": " ".join(["benchmarks/demo_quality.py", *arguments])}
    rows = list(rows_of(json.loads(done.stdout), about))
    for row in rows:
        print(f"{row.model:<16}{row.measure:<14}{row.value:.4f} [{row.low:.4f}, {row.high:.4f}]")
    if "--ledger" in arguments:
        keep(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
