"""Entry: global options anywhere, faults and exit codes in one place.

Exit 0 done, 1 failed, 2 bad input (each fault on a line of its own on stderr).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from homing.cli.app import app
from homing.core.errors import BadInput, HomingError

__all__ = ["main"]

_WITH_VALUE = ("--data-dir", "--database", "--tenant")
_FLAGS = ("--json",)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        app(globals_first(arguments), prog_name="homing")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0
    except BadInput as error:
        for fault in error.faults:
            _, _, what = fault.where.rpartition(".")
            print(f"{fault.where}: {what} must {fault.must}; got {fault.got}", file=sys.stderr)
        return 2
    except HomingError as error:
        print(str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1
    return 0


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the global options moved to the front, where they count for every command.

    >>> globals_first(["recommend", "lead-1", "--json", "--tenant", "acme", "-k", "3"])
    ['--json', '--tenant', 'acme', 'recommend', 'lead-1', '-k', '3']
    """
    first: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for word in left:
        name, _, value = word.partition("=")
        if word == "--":
            rest += [word, *left]
        elif word in _FLAGS or (name in _WITH_VALUE and value):
            first.append(word)
        elif word in _WITH_VALUE:
            first += [word, *([following] if (following := next(left, None)) is not None else [])]
        else:
            rest.append(word)
    return first + rest
