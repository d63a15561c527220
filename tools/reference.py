"""Writes docs/reference/cli.md and http.md from the program itself; `tests/test_docs.py` refuses stale ones.

Run: .venv/bin/python tools/reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from homing.api import create_app
from homing.api.described import openapi
from homing.cli.app import app

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
ANSWERS = {
    "200": "when all is well",
    "201": "when something new was made",
    "204": "when it is done; no body",
    "503": "when it cannot be done now",
}


def commands(command: Any, name: str = "homing") -> Iterator[tuple[str, Any]]:
    """Every command with its full name; a group is opened, not listed."""
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for child, inner in children.items():
        yield from commands(inner, f"{name} {child}")


def cli_page() -> str:
    """The reference of all commands."""
    root = get_command(app)
    lines = [
        "# Command line",
        "",
        "`homing` (also `python -m homing`). Written from the program.",
        "",
        "Exit codes: 0 done, 1 failed, 2 bad input (each fault on the error stream as `where must what; got …`).",
        "",
        "## Options of every command",
        "",
        "They are accepted before and after the command.",
        "",
        *option_table(root),
    ]
    for name, command in commands(root):
        arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
        usage = " ".join([name, *(argument_name(argument) for argument in arguments)])
        lines += ["", f"## `{name}`", "", paragraph(command.help), "", f"    {usage} [OPTIONS]"]
        if arguments:
            lines += ["", "| argument | what |", "|---|---|"]
            lines += [f"| `{argument_name(argument)}` | {paragraph(argument.help)} |" for argument in arguments]
        if table := option_table(command):
            lines += ["", *table]
    return "\n".join(lines) + "\n"


def argument_name(argument: Any) -> str:
    """What an argument is called in a usage line."""
    return str(argument.metavar or argument.name.upper())


def option_table(command: Any) -> list[str]:
    """The options of one command as the rows of a table, empty if it has none."""
    options = [
        one for one in command.params if one.param_type_name == "option" and one.name != "help" and not one.hidden
    ]
    if not options:
        return []
    rows = [f"| `{', '.join(one.opts)}` | {default(one)} | {paragraph(one.help)} |" for one in options]
    return ["| option | default | what |", "|---|---|---|", *rows]


def default(option: Any) -> str:
    """The default in code style, nothing where there is none."""
    value = getattr(option.default, "value", option.default)
    return "" if value is None or value is False or callable(value) else f"`{value}`"


def paragraph(text: str | None) -> str:
    """A text on one line, safe inside a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def http_page() -> str:
    """The reference of all routes."""
    nobody: Any = None
    document = openapi(create_app(nobody, nobody))
    lines = [
        "# HTTP",
        "",
        "Written from the OpenAPI document, which a running server gives at `/openapi.json` and shows at `/docs`.",
        "Once there is a key, each call needs one of the scope named, or a higher one, as `Authorization: Bearer KEY`",
        "or as Basic password ([keys and origins](../how-to/keys-and-origins.md)); scopes rise from site over read and",
        "write to admin. The pages, `/docs` and `/openapi.json` need read.",
        "Every error is `application/problem+json` with `faults` (where, must, got); see [Errors](errors.md).",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += ["", f"## `{method.upper()} {path}`", "", paragraph(operation["description"])]
            lines += ["", f"Scope: {operation['x-scope']}."]
            lines += parameters(operation)
            lines += [""] + [
                answer(status, one) for status, one in operation["responses"].items() if status != "default"
            ]
    lines += ["", "## Shapes", ""]
    for name, schema in document["components"]["schemas"].items():
        lines += shape(name, schema)
    return "\n".join(lines).rstrip("\n") + "\n"


def parameters(operation: Any) -> list[str]:
    """The parameters of an operation as a table, with a blank line before it."""
    rows = [
        f"| `{one['name']}` | {one['in']} | {shown_default(one['schema'])} | {paragraph(one.get('description'))} |"
        for one in operation.get("parameters", [])
    ]
    return ["", "| parameter | in | default | what |", "|---|---|---|---|", *rows] if rows else []


def shown_default(schema: Any) -> str:
    """The default of a parameter, nothing where there is none."""
    value = schema.get("default")
    return "" if value is None else f"`{str(value).lower()}`"


def answer(status: str, response: Any) -> str:
    """One line on what is answered with a status."""
    schema = next(iter(response.get("content", {}).values()), {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    body = f"[`{name}`](#{name.lower()})" if name else ""
    return f"- {status} {ANSWERS.get(status, '')}{': ' + body if body else ''}"


def shape(name: str, schema: Any) -> list[str]:
    """A schema as a table of its keys."""
    required = set(schema.get("required", []))
    rows = [
        f"| `{key}` | {kind(one)} | {'yes' if key in required else 'no'} | {paragraph(one.get('description'))} |"
        for key, one in schema.get("properties", {}).items()
    ]
    table = ["", "| key | kind | required | what |", "|---|---|---|---|", *rows] if rows else []
    return [f"### {name}", "", paragraph(schema.get("description")), *table, ""]


def kind(schema: Any) -> str:
    """The kind of a value in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    found = schema.get("type", "any")
    if found == "array" and "items" in schema:
        return f"array of {kind(schema['items'])}"
    return " or ".join(found) if isinstance(found, list) else found


PAGES = {"cli.md": cli_page, "http.md": http_page}

if __name__ == "__main__":
    for page_name, page in PAGES.items():
        (REFERENCE / page_name).write_text(page())
