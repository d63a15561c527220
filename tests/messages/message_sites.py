"""Where the source makes a message: every call of an error with words, of `Fault`, and of a helper that makes one."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import homing

__all__ = ["SOURCE", "Site", "sites", "sites_of"]

SOURCE = Path(homing.__file__).parent
_HELPERS = {"fault", "_fault"}
"""Methods that make a fault of what they are given."""
_TELLERS = {"problem", "_failed"}
"""Functions that tell what they are given."""
_CARRIERS = {"BadInput", "UnknownId", "_Unread"}
"""They carry faults, whose words stand where the fault is made."""
_FOR_AUTHORS = {"LawBroken", "NotImplementedError"}
"""What the author of a part is told by the check suites, which have tests of their own."""
_SILENT = _CARRIERS | _FOR_AUTHORS
_PHRASES = {"NotJson", "Bomb", "NotOfItsKind"}
"""Errors inside the package whose words become a part of a sentence."""


@dataclass(frozen=True, order=True)
class Site:
    """The lines of one call, the words as they stand there, and whether they are a whole message."""

    file: str
    first: int
    last: int
    words: str
    whole: bool = True

    def __str__(self) -> str:
        return f"src/homing/{self.file}:{self.first}: {self.words}"


def sites() -> list[Site]:
    """All of the package."""
    return [site for path in sorted(SOURCE.rglob("*.py")) for site in sites_of(path.relative_to(SOURCE).as_posix())]


def sites_of(file: str, text: str | None = None) -> list[Site]:
    """Those of one file, or of a text that stands for it."""
    tree = ast.parse((SOURCE / file).read_text() if text is None else text)
    return [
        Site(file, first, node.end_lineno or first, ast.unparse(node), ast.unparse(node.func) not in _PHRASES)
        for first, node in _calls(tree)
        if _makes_message(node)
    ]


def _calls(node: ast.AST) -> Iterator[tuple[int, ast.Call]]:
    """Every call, and the line on which it, or the raise or return of nothing else, begins."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            told = isinstance(node, ast.Raise | ast.Return)
            yield node.lineno if told else child.lineno, child
        yield from _calls(child)


def _makes_message(call: ast.Call) -> bool:
    if not call.args:
        return False
    made = call.func
    if isinstance(made, ast.Attribute):
        of = isinstance(made.value, ast.Name) and _is_error(made.value.id) and made.attr == "of"
        return of or made.attr in _HELPERS or (_is_error(made.attr) and made.attr not in _SILENT)
    name = made.id if isinstance(made, ast.Name) else ""
    return name not in _SILENT and (_is_error(name) or name in _TELLERS or name == "Fault")


def _is_error(name: str) -> bool:
    return name in _ERRORS


def _errors() -> frozenset[str]:
    """The names of exceptions: Python's, those that the package declares, and the web framework's."""
    found = {name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, Exception)}
    found.add("HTTPException")
    declared = [
        (node.name, {ast.unparse(base) for base in node.bases})
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    while more := {name for name, bases in declared if name not in found and bases & found}:
        found |= more
    return frozenset(found)


_ERRORS = _errors()
