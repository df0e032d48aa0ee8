"""A mistake in an update rule: a few equations of the textbook's exchanged for others."""

from collections.abc import Mapping
from dataclasses import dataclass

from compare.parity.updates.rules import Equation, Rule


@dataclass(frozen=True)
class UpdateDefect:
    """One mistake.

    Args:
        id: its name.
        rules: the rules it can be made in.
        equation: label in docs/derivation.md of the equation at fault.
        message: what was done instead, in words.
        changes: the equations exchanged, by the quantity they compute; new quantities are computed last.
    """

    id: str
    rules: tuple[str, ...]
    equation: str
    message: str
    changes: Mapping[str, Equation]

    def applied(self, rule: Rule) -> Rule:
        """Return a rule with this mistake made in it."""
        return {**rule, **self.changes}


def made(id: str, rules: str, equation: str, message: str, **changes: Equation) -> UpdateDefect:
    """Return a defect from its rules, separated by blanks, and its equations as keywords."""
    return UpdateDefect(id, tuple(rules.split()), equation, message, changes)
