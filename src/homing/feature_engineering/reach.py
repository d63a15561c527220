"""What a feature's function reaches: the columns it reads, the helpers it calls, the constants it uses.

From this the compiled kernel is written, and its name hashed, so that an edit anywhere gives a new kernel.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import numpy as np

from homing.core.errors import BadInput, Fault, shown

__all__ = ["Reached", "reach"]

_MODULES = {math: "math", np: "np"}
_UNUSUAL = {"nan": "math.nan", "inf": "math.inf", "-inf": "-math.inf"}
_MUST = "be a number, a tuple of numbers, a plain function, math or np, so that it can be compiled"


@dataclass(frozen=True, slots=True)
class Reached:
    """One function ready to be compiled: `source` takes `arguments`, of which `h_…` are fields of the history.

    `name` is the function's own with a hash of everything it reaches; `fields` are all fields that it needs, `helpers`
    the functions it calls. `shared` are calls that depend on nothing but the history, by the names `s_…` of their
    results: made once for all features that see the same events. `expression` is the body, if it is no more than that.
    """

    name: str
    fields: tuple[str, ...]
    source: str
    helpers: tuple[Reached, ...]
    tables: Mapping[str, tuple[float, ...]]
    arguments: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    expression: str | None = None

    def everything(self) -> dict[str, Reached]:
        """The function and all that it reaches by name, helpers before those that call them."""
        found: dict[str, Reached] = {}
        for helper in self.helpers:
            found |= helper.everything()
        return found | {self.name: self}


def reach(function: Callable[..., Any]) -> Reached:
    """Follow a function through all it calls; refuses, with all faults at once, what could not be compiled."""
    if not isinstance(function, FunctionType):
        raise BadInput.of("a feature", "be declared on a plain function", function)
    return _reach(function, shares=True)


@lru_cache(maxsize=4096)
def _reach(function: FunctionType, *, shares: bool) -> Reached:
    tree = _tree(function)
    rewriter = _Rewriter(function, tree, shares)
    body = rewriter.rewritten(tree)
    if rewriter.faults:
        raise BadInput(rewriter.faults)
    text = ast.unparse(body)
    parts = [text, *rewriter.helpers, *(f"{name}={value!r}" for name, value in sorted(rewriter.tables.items()))]
    name = f"{function.__name__}_{sha256(chr(0).join(parts).encode()).hexdigest()[:10]}"
    source = text.replace(f"def {function.__name__}(", f"def {name}(", 1)
    helpers = tuple(rewriter.helpers.values())
    arguments, shared = rewriter.arguments, rewriter.shared
    return Reached(name, rewriter.fields, source, helpers, rewriter.tables, arguments, shared, _expression(body))


def _expression(body: ast.FunctionDef) -> str | None:
    only = body.body[0]
    return ast.unparse(only.value) if len(body.body) == 1 and isinstance(only, ast.Return) and only.value else None


def _tree(function: FunctionType) -> ast.FunctionDef:
    try:
        lines, _ = inspect.findsource(function)
        first, last = _spans("".join(lines))[function.__code__.co_firstlineno]
        tree = ast.parse(textwrap.dedent("".join(lines[first - 1 : last]))).body[0]
    except (OSError, TypeError, SyntaxError, KeyError):
        raise BadInput.of(function.__name__, "be a plain def in a file whose source can be read", function) from None
    return cast("ast.FunctionDef", tree)


@lru_cache(maxsize=64)
def _spans(text: str) -> Mapping[int, tuple[int, int]]:
    """The first and last line of every def of a file, by the line where it, or its first decorator, begins."""
    spans = {}
    below: list[ast.stmt] = list(ast.parse(text).body)
    while below:
        node = below.pop()
        below += getattr(node, "body", ())
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            spans[first] = (node.lineno, node.end_lineno or node.lineno)
    return spans


class _Rewriter(ast.NodeTransformer):
    """Rewrites `h.price[i]` to `h_price[i]`, `helper(h, i)` to `helper_<hash>(h_price, i)`, and constants in place."""

    def __init__(self, function: FunctionType, tree: ast.FunctionDef, shares: bool) -> None:
        self.function, self.shares = function, shares
        self.history = next((one.arg for one in tree.args.args if _is_history(one)), None)
        self.local = _locals(function.__code__)
        self.helpers: dict[str, Reached] = {}
        self.tables: dict[str, tuple[float, ...]] = {}
        self.used: set[str] = set()
        self.shared: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.arguments: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(sorted(self.used))

    def rewritten(self, tree: ast.FunctionDef) -> ast.FunctionDef:
        body = [self.visit(node) for node in _without_docstring(tree.body)]
        of_history = [f"h_{used}" for used in self.fields]
        if self.shares:
            named = {node.id for part in body for node in ast.walk(part) if isinstance(node, ast.Name)}
            of_history = [name for name in (*of_history, *sorted(self.shared)) if name in named]
        self.arguments = tuple(of_history)
        arguments = [
            ast.arg(name) for one in tree.args.args for name in (of_history if one.arg == self.history else [one.arg])
        ]
        if tree.args.kwonlyargs or tree.args.vararg or tree.args.kwarg or tree.args.defaults:
            self._fault("the arguments", "be plain, without defaults", ast.unparse(tree.args))
        taken = ast.arguments(posonlyargs=[], args=arguments, kwonlyargs=[], kw_defaults=[], defaults=[])
        return ast.FunctionDef(tree.name, taken, body, [], None, lineno=tree.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == self.history and self.history:
            self.used.add(node.attr)
            return ast.Name(f"h_{node.attr}", node.ctx)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.Assign([self.visit(node.target)], self.visit(node.value))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = self._value(node.func.id) if isinstance(node.func, ast.Name) else None
        if getattr(called, "__supertype__", None) is int:  # a NewType such as Category is nothing at run time
            return ast.Call(ast.Name("int", ast.Load()), [self.visit(one) for one in node.args], [])
        if not isinstance(called, FunctionType):
            return self.generic_visit(node)
        if node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
            self._fault(called.__name__, "be called with plain arguments in their order", ast.unparse(node))
        helper = self._helper(called)
        arguments: list[ast.expr] = []
        for one in node.args:
            if isinstance(one, ast.Name) and one.id == self.history:
                self.used.update(helper.fields)
                arguments += [ast.Name(f"h_{name}", ast.Load()) for name in helper.fields]
            else:
                arguments.append(self.visit(one))
        call = ast.Call(ast.Name(helper.name, ast.Load()), list(map(_typed, arguments)), [])
        return self._once(call) if self.shares and all(map(self._is_of_history, arguments)) else call

    def _is_of_history(self, node: ast.expr) -> bool:
        """Whether a value is the same for all features that see the same events."""
        if isinstance(node, ast.UnaryOp):
            return self._is_of_history(node.operand)
        if isinstance(node, ast.Name):
            return node.id not in self.local and (node.id[2:] in self.used or node.id in self.shared)
        return isinstance(node, ast.Constant)

    def _once(self, call: ast.Call) -> ast.Name:
        text = ast.unparse(call)
        name = f"s_{sha256(text.encode()).hexdigest()[:10]}"
        self.shared[name] = text
        return ast.Name(name, ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id == self.history:
            self._fault(node.id, "be used only as h.column, or passed to a function that takes a History", node.id)
        return node if node.id in self.local else self._global(node)

    def _global(self, node: ast.Name) -> ast.AST:
        """What stands for a name of the function's module, or a fault."""
        value = self._value(node.id)
        if isinstance(value, FunctionType):
            return ast.Name(self._helper(value).name, node.ctx)
        if isinstance(value, ModuleType) and value in _MODULES:
            return ast.Name(_MODULES[value], node.ctx)
        if isinstance(value, (bool, int, float)):
            return _number(value)
        if isinstance(value, tuple) and value and all(isinstance(one, (int, float)) for one in value):
            return ast.Name(self._table(value), node.ctx)
        if not (hasattr(builtins, node.id) and value is getattr(builtins, node.id)):
            self._fault(node.id, _MUST, value)
        return node

    def _table(self, values: tuple[float, ...]) -> str:
        name = f"T_{sha256(repr(values).encode()).hexdigest()[:10]}"
        self.tables[name] = values
        return name

    def _helper(self, function: FunctionType) -> Reached:
        if function is self.function:
            self._fault("the function", "not call itself", function.__name__)
            return Reached(function.__name__, (), "", (), {})
        helper = _reach(function, shares=False)
        self.helpers[helper.name] = helper
        return helper

    def _value(self, name: str) -> object:
        if name in self.local:
            return None
        return self.function.__globals__.get(name, getattr(builtins, name, None))

    def _fault(self, where: str, must: str, got: object) -> None:
        self.faults.append(Fault(f"{self.function.__name__}: {where}", must, shown(got)))


def _typed(node: ast.expr) -> ast.expr:
    """A whole number or truth as one of its type: of a bare one the compiler makes a copy of the function each."""
    bare = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    if not isinstance(bare, ast.Constant) or not isinstance(bare.value, int):
        return node
    return ast.Call(ast.Name("np.bool_" if isinstance(bare.value, bool) else "np.int64", ast.Load()), [node], [])


def _locals(code: CodeType) -> set[str]:
    """The names that a function, or a comprehension inside it, gives values to."""
    inside = [_locals(one) for one in code.co_consts if isinstance(one, CodeType)]
    return {*code.co_varnames, *code.co_cellvars}.union(*inside)


def _number(value: float) -> ast.expr:
    """A number as it is written; a negative one with its sign outside, as Python reads it."""
    if not math.isfinite(value):
        return ast.parse(_UNUSUAL[str(value)], mode="eval").body
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def _is_history(argument: ast.arg) -> bool:
    return argument.annotation is not None and ast.unparse(argument.annotation).strip("'\"") == "History"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_doc = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] or [ast.Pass()] if is_doc else body
