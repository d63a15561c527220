"""Entry: global options anywhere, faults and exit codes in one place.

Exit 0 done, 1 failed, 2 bad input (each fault on a line of its own on stderr).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from typer.exceptions import TyperException

from homing.cli.app import app
from homing.cli.usage import usage_fault
from homing.core.errors import BadInput, Fault, HomingError, one_line

__all__ = ["main"]

_WITH_VALUE = ("--data-dir", "--database", "--tenant")
_FLAGS = ("--json",)
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. With `python -X dev` what nobody foresaw is raised, else it is told."""
    try:
        code = app(globals_first(arguments), prog_name="homing", standalone_mode=False) or 0
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the rim of the process
        return _told(error)
    return _failed("Stopped.") if code == _INTERRUPTED else int(code)


def _told(error: Exception) -> int:
    """Say on stderr what went wrong, sorted by who can act; the exit code."""
    if isinstance(error, TyperException):
        return _refused([usage_fault(error)])
    if isinstance(error, BadInput):
        return _refused(error.faults)
    if isinstance(error, HomingError):
        return _failed(str(error))
    if isinstance(error, OSError):
        return _failed(f"{error.filename or 'the system'}: {error.strerror or error}.")
    if sys.flags.dev_mode:
        raise error
    return _failed(f"This is a fault of homing itself: {type(error).__name__}: {one_line(str(error))}.")


def _refused(faults: Sequence[Fault]) -> int:
    for fault in faults:
        print(f"{fault.where}: {fault}", file=sys.stderr)
    return 2


def _failed(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the global options moved to the front, where they count for every command.

    >>> globals_first(["recommend", "lead-1", "--json", "--tenant", "acme", "-k", "3"])
    ['--json', '--tenant', 'acme', 'recommend', 'lead-1', '-k', '3']
    """
    first: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for word in left:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *left]
        elif word in _FLAGS:
            first.append(word)
        elif name in _WITH_VALUE:
            first += [name, _given(name, value if equals else next(left, ""))]
        else:
            rest.append(word)
    return first + rest


def _given(name: str, value: str) -> str:
    if not value:
        raise BadInput.of(name, "come with a value that is not empty", value)
    return value
