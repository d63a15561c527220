"""Sends what schemathesis makes of the OpenAPI document to a real server, without a key and with one of each scope.

Run: make fuzz [n=200], or `python benchmarks/fuzz.py 200 write admin` for some scopes; n is how many requests an
operation gets in each of the runs. It ends with exit code 1 if any answer was a 5xx, had a status that the document
does not know, or was an error without the one shape of errors.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "faults"))

from serving import Server

from homing.core.clock import system_clock
from homing.core.settings import Settings
from homing.services.keys import SCOPES, CreateKey
from homing.wiring import build

SEED = 11
ERRORS = {400, 401, 403, 404, 405, 408, 413, 415, 422, 429}
PROBLEM = "application/problem+json"


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A server over a folder of its own, ended with the context; its address."""
    with closing(Server(folder, HOMING_RATE_LIMIT="100000")) as started:
        started.ready()
        yield f"http://127.0.0.1:{started.port}"


def fault(operation: Any, answer: Any) -> str | None:
    """What is wrong with an answer, None if nothing is."""
    status = answer.status_code
    known = {int(one) for one in operation.definition.raw["responses"] if one.isdigit()}
    if status >= 500 or status not in known | ERRORS:
        return f"{status}: {answer.text[:200]}"
    if status in ERRORS and answer.headers.get("content-type", [""])[0] != PROBLEM:
        return f"{status} is no problem+json: {answer.text[:200]}"
    return None


def fuzz(address: str, document: Any, cases: int, headers: dict[str, str]) -> tuple[Counter[int], list[str]]:
    """How often each status was answered, and the faults."""
    statuses: Counter[int] = Counter()
    faults: list[str] = []

    def sent(operation: Any, case: Any) -> None:
        answer = case.call(base_url=address, headers=headers)
        statuses[answer.status_code] += 1
        if (wrong := fault(operation, answer)) is not None:
            faults.append(f"{operation.label}: {wrong}\n  {case.as_curl_command()[:400]}")

    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if not headers and operation.label == "POST /v1/keys":
            continue  # the first key would lock everybody out, this program too
        half = cases // 2
        if not tried(operation, GenerationMode.NEGATIVE, half, sent):
            half = 0  # nothing of it can be wrong
        tried(operation, GenerationMode.POSITIVE, cases - half, sent)
    return statuses, faults


def tried(operation: Any, mode: Any, cases: int, sent: Callable[[Any, Any], None]) -> bool:
    """Send so many requests of a mode to an operation; False if there is none of this mode."""

    @seed(SEED)
    @settings(
        max_examples=cases, deadline=None, database=None, phases=[Phase.generate], verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        sent(operation, case)

    try:
        send()
    except Unsatisfiable:
        return False
    return True


def of_scope(scope: str, cases: int) -> tuple[Counter[int], list[str]]:
    """Fuzz a new server with a key of a scope; with none where the scope is "none"."""
    with tempfile.TemporaryDirectory() as name, server(Path(name)) as address:
        document = httpx.get(f"{address}/openapi.json").json()
        headers = {}
        if scope != "none":
            homing = build(Settings(data_dir=Path(name)))
            headers["Authorization"] = f"Bearer {CreateKey(homing.keys, 'default', system_clock)(scope).text}"
        return fuzz(address, document, cases, headers)


def main() -> None:
    """Fuzz without keys, then with a key of each scope; or with those named alone."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    said: list[str] = []
    for scope in sys.argv[2:] or ("none", *SCOPES):
        statuses, faults = of_scope(scope, cases)
        counts = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
        print(f"scope {scope}: {statuses.total():,} requests ({counts}), {len(faults):,} faults", flush=True)
        said += faults
    print("\n".join(said[:20]))
    sys.exit(bool(said))


if __name__ == "__main__":
    main()
