"""What commands, routes, pages, backup and restore refuse, by the sentence it brings."""

from __future__ import annotations

import fcntl
import io
import json
import math
import socket
import subprocess
import sys
import tarfile
from contextlib import redirect_stderr
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from api_ground import build
from cli_ground import Said
from installation import Installation, damage

from homing.api.tracing import trace
from homing.cli.main import _told, run
from homing.core.settings import Settings
from homing.core.telemetry import configure_logs
from homing.interfaces import LearningContext
from homing.personalization.ask import Ask
from homing.personalization.in_context import ask_in
from homing.personalization.realtime_engine import RealtimePersonalization
from homing.personalization.turns import in_turn
from homing.services.restore import Restore, finish_restore
from homing.services.simulate import Simulate

__all__ = ["TABLE"]


def get(path):
    return lambda ground: ground.served.client.get(path)


def post(path, body=None, **more):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda ground: ground.served.client.post(path, content=content, **more)


def put(path, body):
    return lambda ground: ground.served.client.put(path, content=json.dumps(body).encode())


def merged_elsewhere(ground):
    client = ground.served.client
    client.post("/v1/leads/ann/merge", json={"anonymous_id": "v"})
    return client.post("/v1/leads/bob/unmerge", json={"anonymous_id": "v"})


def one_listener_too_many(ground):
    served = ground.served
    realtime = RealtimePersonalization(lambda ask: ask, served.store, served.catalogue, most=0)
    return realtime.listen(Ask(lead_id="ann"))


def in_context(**fields):
    return lambda _: ask_in(LearningContext(**fields), "ann", 1, None)


def taken_port(ground):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return ground.homing("serve", "--port", taken.getsockname()[1])


def without_opentelemetry(_ground):
    with patch.dict(sys.modules, {"opentelemetry.sdk.resources": None}):
        return told_by(lambda: trace("http://127.0.0.1:1"))


def another_demo(ground):
    (ground.folder / "data" / "demo").mkdir(parents=True)
    return ground.homing("demo", "--once")


def installed(ground, **more):
    return Installation(ground.new(), people=0, **more)


def filled(ground):
    one = Installation(ground.new(), people=0)
    with one.database.write():
        pass
    return one


def archive(ground):
    file = ground.new("backup.tar")
    filled(ground).back_up(file)
    return file


def members(file):
    with tarfile.open(file) as found:
        return [(entry.name, found.extractfile(entry).read()) for entry in found]


def restored(ground, *contents):
    """What comes of an archive of these members."""
    file = ground.new("other.tar")
    with tarfile.open(file, "w") as made:
        for name, content in contents:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return Restore(Settings(ground.new()))(file)


def told(manifest, **changes):
    return "manifest.json", json.dumps(json.loads(manifest) | changes).encode()


def with_files(ground, change):
    """A backup whose manifest names other files, or whose files are others."""
    (_, manifest), *rest = members(archive(ground))
    files = json.loads(manifest)["files"]
    return restored(ground, *change(manifest, files, rest))


def one_of(content):
    return {"sha256": sha256(content).hexdigest(), "size": len(content)}


def undone(ground):
    """A restore that was decided and cannot be finished."""
    folder = ground.new()
    (folder / "restored").mkdir()
    (folder / "restored" / "homing.sqlite3").touch()
    plan = {"database": str(ground.file("x", "") / "y" / "homing.sqlite3"), "simulated": False}
    (folder / "restored" / "plan.json").write_text(json.dumps(plan))
    return finish_restore(folder)


def damaged(ground):
    one = Installation(ground.new())
    one.database.close()
    damage(one.settings.sqlite_path)
    return one.back_up(ground.new("backup.tar"))


def back_up_twice(ground):
    one, file = filled(ground), ground.new("backup.tar")
    one.back_up(file)
    return one.back_up(file)


def backup_at_work(ground):
    file = ground.new("backup.tar")
    with file.with_name(f"{file.name}.database.part").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return filled(ground).back_up(file)


def held_elsewhere(ground):
    """A restore over a database that another process has open."""
    one = filled(ground)
    one.database.close()
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM events').fetchall(); "
    words = [sys.executable, "-c", hold + "print(flush=True); input()", str(one.settings.sqlite_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        try:
            return one.restore(archive(ground), replace=True)
        finally:
            other.communicate(b"\n")


class Interrupted(list):
    """A command line at which somebody presses Ctrl-C."""

    def __iter__(self):
        raise KeyboardInterrupt


def interrupted(_):
    return told_by(lambda: run(Interrupted()))


def told_by(act):
    """What is said on stderr, and the exit code."""
    err = io.StringIO()
    with redirect_stderr(err):
        code = act()
    return Said(code, "", err.getvalue())


def unforeseen(ground):
    def fails(_):
        raise KeyError("/etc/secret")

    return build(ground.new(), answer=fails).client.get("/v1/leads/a/recommendations")


TABLE = {
    "HOMING_LOG_LEVEL must be one of debug, info, warning, error; got 'loud'": lambda _: told_by(lambda: configure_logs("loud", "text")),
    "HOMING_LOG_FORMAT must be one of text, json; got 'xml'": lambda _: told_by(lambda: configure_logs("info", "xml")),
    "HOMING_OTEL needs OpenTelemetry: pip install 'homing[otel]'.": without_opentelemetry,
    "Stopped.": interrupted,
    "This is a fault of homing itself: KeyError: 'x'": lambda _: told_by(lambda: _told(KeyError("x"))),
    "/full/disk: No space left on device.": lambda _: told_by(lambda: _told(OSError(28, "No space left on device", "/full/disk"))),
    "A page of another site may not write here.": post("/v1/events", {}, headers={"Sec-Fetch-Site": "cross-site"}),
    "Something failed inside the server; its log has the details. The request may be tried again.": unforeseen,
    "This address has no PATCH. It has DELETE, GET, PUT.": lambda ground: ground.served.client.request("PATCH", "/v1/properties/a"),
    "There is no such address. See /docs for those there are.": get("/v1/nowhere"),
    "An array holds at most 1,000 events; got 1,001.": post("/v1/events", [{}] * 1_001),
    "An array holds at most 1,000 homes; got 1,001.": post("/v1/properties", [{}] * 1_001),
    "The body must be at most 1,000,000 bytes.": post("/v1/events", b" " * 1_000_001),
    "The body must be sent without Content-Encoding.": post("/v1/events", b"{}", headers={"Content-Encoding": "gzip"}),
    "The body must be JSON; got nothing.": post("/v1/events", b""),
    "event_type must be one of the event types, such as recommendation_shown; got 'x'": post("/v1/feedback", {"recommendation_id": "r", "property_id": "h", "event_type": "x"}),
    "anonymous_id must be a visitor of 'bob'; got 'v'": merged_elsewhere,
    "lead_id must be a lead with a profile; got 'zoe'": get("/v1/leads/zoe"),
    "agent_id must be an agent with a profile; got 'zoe'": get("/v1/agents/zoe"),
    "limit must be": get("/v1/leads/zoe/timeline?limit=0"),
    "body must be an object with RESO names; got 5": post("/v1/properties", 5),
    "property_id must be the id of a home in the catalogue; got 'zoe'": get("/v1/properties/zoe"),
    "property_ids must hold at most 1,000 homes; got": post("/v1/rank", {"lead_id": "a", "property_ids": ["h"] * 1_001}),
    "colour must be left out: the parameters of this route are k, where, explain, after, without; got 'red'": get("/v1/leads/a/recommendations?colour=red"),
    "k must be a whole number from 1 to 1,000; got '0'": get("/v1/leads/a/recommendations?k=0"),
    "explain must be true or false; got 'maybe'": get("/v1/leads/a/recommendations?explain=maybe"),
    "body must be an object; got 5": post("/v1/rank", 5),
    "colour must be left out: the fields are": post("/v1/rank", {"colour": 1, "property_ids": []}),
    "property_ids must be given; got nothing": post("/v1/rank", {"lead_id": "a"}),
    "property_ids must be an array; got 5": post("/v1/rank", {"lead_id": "a", "property_ids": 5}),
    "body must be an object, lead_id among its fields or left out; got 5": put("/v1/leads/a", 5),
    "lead_id must be left out or be 'a', as in the path; got 'b'": put("/v1/leads/a", {"lead_id": "b"}),
    "There is no such file.": get("/assets/zebra.css"),
    "A form must be at most": post("/leads/a/act", b"a" * 100_000),
    "The body must be a form.": post("/leads/a/act", b"a=1&" * 100),
    "--data-dir must hold no other folder named demo": another_demo,
    "--engine must be local; got 'abacus'": lambda ground: ground.homing("train", "--engine", "abacus"),
    "--out must be a folder; got": lambda ground: ground.homing("report", "--out", ground.file("x", "")),
    "could not be written: ": lambda ground: ground.homing("features", "--all", "--out", ground.file("x", "") / "y.parquet"),
    "Nobody can listen on 127.0.0.1 port": taken_port,
    "0 listen to this process already. Come back in a minute.": one_listener_too_many,
    "This server is more than 5 s behind. Ask again in a second.": lambda _: in_turn(None, Ask(lead_id="ann"), -math.inf),
    "min_confidence must lie between 0 and 1; got 2": in_context(min_confidence=2),
    "max_latency_ms must be at least 1; got 0": in_context(max_latency_ms=0),
    "business_rules.exclude must be a list of ids of homes; got 'h1'": in_context(business_rules={"exclude": "h1"}),
    "business_rules.boost must be left out: there are exclude, where; got 2": in_context(business_rules={"boost": 2}),
    "feature_flags.magic must be left out: there are diversity, reasons; got True": in_context(feature_flags={"magic": True}),
    "business_rules.where must be a filter such as": in_context(business_rules={"where": 5}),
    "There is nothing to back up: ": lambda ground: installed(ground).back_up(ground.new("backup.tar")),
    "FILE must be new, so that no backup is overwritten; got": back_up_twice,
    "FILE must lie in a folder that exists; got": lambda ground: filled(ground).back_up(ground.new() / "none" / "b.tar"),
    "The backup could not be written to": lambda ground: filled(ground).back_up(Path("/proc/backup.tar")),
    "no backup was made of it. homing doctor says more": damaged,
    "FILE must be a backup that homing wrote; got": lambda ground: Restore(Settings(ground.new()))(ground.new()),
    "FILE must be a whole backup that homing wrote; got": lambda ground: Restore(Settings(ground.new()))(ground.file("b", b"none")),
    "FILE must begin with manifest.json, as a backup that homing wrote does; got 'x'": lambda ground: restored(ground, ("x", b"")),
    "manifest.json must hold a manifest that homing backup wrote; got b'{'": lambda ground: restored(ground, ("manifest.json", b"{")),
    "manifest.json must be of the form 'homing backup 1'; got 'zebra'": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text, format="zebra"), *rest]
    ),
    "manifest.json must hold homing.sqlite3 and files below models/, and no other; got": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text, files=files | {"../x": one_of(b"")}), *rest]
    ),
    "FILE must hold every file that its manifest names; got": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text)]
    ),
    "FILE must hold the files of its manifest and nothing else; got 'x'": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text), *rest, ("x", b"")]
    ),
    "FILE must hold the files of its manifest and nothing else, once; got": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text), *rest, *rest]
    ),
    "FILE must hold homing.sqlite3 with SHA-256": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text), (rest[0][0], rest[0][1][:-1] + b"x")]
    ),
    "FILE must hold a whole database of this homing or an older one; got": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text, files={"homing.sqlite3": one_of(b"no")}), ("homing.sqlite3", b"no")]
    ),
    "The backup needs 1,152,921,504,606,846,976 bytes in": lambda ground: with_files(
        ground, lambda text, files, rest: [told(text, files={"homing.sqlite3": one_of(b"") | {"size": 1 << 60}})]
    ),
    "--data-dir must be a folder without data unless --replace gives that up; got": lambda ground: filled(ground).restore(archive(ground)),
    "The backup could not be unpacked into": lambda ground: Restore(Settings(Path("/proc/none")))(archive(ground)),
    "ID must be left out with --all; got 'a'": lambda ground: ground.homing("features", "a", "--all"),
    "Another backup to": backup_at_work,
    "Mend that, then try again.": undone,
    "open. Stop it (homing serve, an import, a training), then try again.": held_elsewhere,
    "out must be a folder or a new name; got": lambda ground: Simulate(leads=1, days=1, seed=0, end=0)("x", ground.file("x", "")),
}  # fmt: skip
