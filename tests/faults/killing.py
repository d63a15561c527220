"""Runs an act again and again in a process of its own, and kills that process each time at a later point.

Two kinds of points: every change of the file system that Python makes (an audit hook counts them, so none is missed),
and moments spread over the time that the act takes (for what happens inside SQLite). `python killing.py ACT FOLDER`
prints a line a point, and fails at the first after which the next start would need a hand.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree", "os.link"}
MOMENTS = 8
_TICKS = 0.05


@dataclass(frozen=True)
class Act:
    """`prepare` makes a folder, `do` is what gets killed, `check` raises unless all is well after the kill.

    `check` is told whether the act had come to its end, which is what a caller would have been told too.
    """

    prepare: Callable[[Path], None]
    do: Callable[[Path], None]
    check: Callable[[Path, bool], str]


@dataclass(frozen=True)
class Tried:
    """Whether the act was killed, and how long it took."""

    killed: bool
    seconds: float


def in_child(work: Callable[[], None]) -> int:
    """Run in a fork; the exit status, negative if a signal ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
        os._exit(0)
    except BaseException as error:  # noqa: BLE001  # the rim of the process
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)


def at_change(number: int) -> Callable[[], None]:
    """Arm: die right before the change of the file system of that number."""

    def arm() -> None:
        left = number

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if event in CHANGES or writes:
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)

    return arm


def after(seconds: float) -> Callable[[], None]:
    """Arm: die after so many seconds of computing, wherever the process is; a busy machine changes nothing.

    Computing is counted in ticks of the clock, of which a short act has few; so there it is seconds of time.
    """
    timer, number = (signal.ITIMER_PROF, signal.SIGPROF) if seconds > _TICKS else (signal.ITIMER_REAL, signal.SIGALRM)

    def arm() -> None:
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, seconds)

    return arm


def run(act: Act, folder: Path, *, moments: bool) -> None:
    ready = folder / "ready"
    ready.mkdir(parents=True)
    if in_child(lambda: act.prepare(ready)):
        sys.exit("the ground could not be prepared")
    if moments:
        whole = tried(act, ready, folder / "whole", lambda: None, "to the end").seconds
        for number in range(MOMENTS):
            share = (number + 0.5) / MOMENTS
            tried(act, ready, folder / f"moment-{number}", after(share * whole), f"{share:.0%} of the time")
        return
    number = 1
    while tried(act, ready, folder / f"change-{number}", at_change(number), f"change {number}").killed:
        number += 1


def computed() -> float:
    """The seconds of computing of all children that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def tried(act: Act, ready: Path, place: Path, arm: Callable[[], None], name: str) -> Tried:
    """Do the act on a copy, armed; check what is left."""
    shutil.copytree(ready, place)

    def armed() -> None:
        arm()
        act.do(place)

    began = computed()
    ended = in_child(armed)
    seconds = computed() - began
    if ended > 0:
        sys.exit(f"{name}: the act failed by itself")
    said = place.with_suffix(".said")
    if in_child(lambda: said.write_text(act.check(place, ended == 0)) and None):
        sys.exit(f"{name}: not well after the kill")
    sys.stdout.write(json.dumps({"point": name, "killed": ended != 0, "found": said.read_text()}) + "\n")
    shutil.rmtree(place)
    return Tried(ended != 0, seconds)
