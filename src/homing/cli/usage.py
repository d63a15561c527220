"""What the parser found wrong with a command line, as a fault like any other."""

from __future__ import annotations

from typing import Any

from typer import BadParameter
from typer.exceptions import TyperException

from homing.core.errors import Fault, shown

__all__ = ["usage_fault"]


def usage_fault(error: TyperException) -> Fault:
    """Which option or argument is wrong, what it must be, and what came."""
    if isinstance(error, BadParameter):
        return _of_value(error)
    name = getattr(error, "option_name", None)
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "homing"
    if name is None:
        return _of_words(error.message, command, context)
    if "no such option" in error.message.lower():
        near = getattr(error, "possibilities", None)
        return Fault(name, f"be an option of {command} (see --help)" + (f", such as {near[0]}" if near else ""), name)
    got = "nothing" if "requires" in error.message else "one"
    return Fault(name, "come with a value" if got == "nothing" else "come without a value", got)


def _of_value(error: BadParameter) -> Fault:
    parameter: Any = error.param
    where = "the value" if parameter is None else _name(parameter)
    found: Any = getattr(error.__cause__, "errors", None)
    if found is None:
        return Fault(where, "be given", "nothing") if not error.message else Fault(where, "be right", error.message)
    first = found()[0]
    must = str(first["msg"]).partition(",")[0].removeprefix("Input should ")
    return Fault(
        where,
        must.replace("be greater than or equal to", "be at least")
        .replace("be less than or equal to", "be at most")
        .replace("a valid integer", "a whole number"),
        shown(first["input"]),
    )


def _name(parameter: Any) -> str:
    """What a person calls it: the option's long form, the argument's name in the usage line."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return str(max(parameter.opts, key=len))


def _of_words(message: str, command: str, context: Any) -> Fault:
    """A word too many, a command that is missing or that is none."""
    if "extra argument" in message:
        return Fault(command, "be given no further argument", message[message.find("(s)") + 4 :].strip("()"))
    commands = ", ".join(getattr(context.command, "commands", ())) if context is not None else "those of --help"
    got = "nothing" if "Missing" in message else message.removeprefix("No such command ").rstrip(".")
    return Fault("COMMAND", f"be one of {commands}", got)
