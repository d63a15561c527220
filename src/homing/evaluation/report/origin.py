"""Where the figures of a report came from: without that they are no figures."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The command that makes the figures again, the version that made them, when (RFC 3339), and of whom they are.

    `simulated` is True where the leads are simulated, False where whoever runs it says they are real, and None where
    nobody said. `constants` is the hash of the simulation that made the leads, "" where it is not known.
    """

    command: str
    version: str
    at: str
    simulated: bool | None
    constants: str = ""

    @property
    def kind(self) -> str:
        """Whether shoppers are real, in one sentence."""
        if self.simulated is None:
            return "Imported shoppers; nobody said whether they are real or simulated."
        if not self.simulated:
            return "Real shoppers."
        return f"Simulated shoppers, constants {self.constants}." if self.constants else "Simulated shoppers."
