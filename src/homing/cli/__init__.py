"""The command `homing`: parse, call a service, print. One file a group of commands."""

from homing.cli.main import main

__all__ = ["main"]
