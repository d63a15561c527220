"""Sends what schemathesis makes of the OpenAPI document to a real server, without a key and with one of each scope.

Run: make fuzz [n=200]; n is how many requests an operation gets in each of the runs. It ends with exit code 1 if any
answer was a 5xx, had a status that the document does not know, or was an error without the one shape of errors.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from schemathesis.generation import GenerationMode

from homing.core.clock import system_clock
from homing.core.settings import Settings
from homing.services.keys import SCOPES, CreateKey
from homing.wiring import build

SEED = 11
ERRORS = {400, 401, 403, 404, 405, 408, 413, 415, 422, 429}
PROBLEM = "application/problem+json"


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A server over a folder of its own, stopped at the end; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "homing", "--data-dir", str(folder), "serve", "--port", str(port)]
    child = subprocess.Popen(words, env=os.environ | {"HOMING_RATE_LIMIT": "100000"})
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{address}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        child.terminate()
        child.wait()


def fault(operation: Any, answer: Any) -> str | None:
    """What is wrong with an answer, None if nothing is."""
    status = answer.status_code
    known = {int(one) for one in operation.definition.raw["responses"] if one.isdigit()}
    if status >= 500 or status not in known | ERRORS:
        return f"{status}: {answer.text[:200]}"
    if status in ERRORS and answer.headers.get("content-type", [""])[0] != PROBLEM:
        return f"{status} is no problem+json: {answer.text[:200]}"
    return None


def fuzz(address: str, cases: int, headers: dict[str, str]) -> tuple[Counter[int], list[str]]:
    """How often each status was answered, and the faults."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", headers=headers)
    statuses: Counter[int] = Counter()
    faults: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode, share in ((GenerationMode.POSITIVE, cases - cases // 2), (GenerationMode.NEGATIVE, cases // 2)):
            one_mode(operation, mode, share, headers, statuses, faults)
    return statuses, faults


def one_mode(
    operation: Any, mode: Any, cases: int, headers: dict[str, str], statuses: Counter[int], faults: list[str]
) -> None:
    """So many requests of a mode to an operation."""

    @seed(SEED)
    @settings(
        max_examples=cases, deadline=None, database=None, phases=[Phase.generate], verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        answer = case.call(headers=headers)
        statuses[answer.status_code] += 1
        if (wrong := fault(operation, answer)) is not None:
            faults.append(f"{operation.label} {case.as_curl_command()[:400]}\n  {wrong}")

    send()


def main() -> None:
    """Fuzz without keys, then with a key of each scope."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    all_faults: list[str] = []
    for scope in ("none", *SCOPES):
        with tempfile.TemporaryDirectory() as name, server(Path(name)) as address:
            headers = {}
            if scope != "none":
                keys = build(Settings(data_dir=Path(name))).keys
                admin = CreateKey(keys, "default", system_clock)("admin").text
                headers["Authorization"] = f"Bearer {CreateKey(keys, 'default', system_clock)(scope).text}"
                document = httpx.get(f"{address}/openapi.json", headers={"Authorization": f"Bearer {admin}"})
                assert document.is_success
            statuses, faults = fuzz(address, cases, headers)
            print(
                f"scope {scope}: {statuses.total():,} requests, {dict(sorted(statuses.items()))}, {len(faults)} faults"
            )
            all_faults += faults
    print("\n".join(all_faults[:20]))
    sys.exit(bool(all_faults))


if __name__ == "__main__":
    main()
