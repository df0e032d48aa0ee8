"""A number with what it counts: "1 row", "5 rows"."""


def counted(count: int, noun: str) -> str:
    """Return "1 row" or "5 rows"; the noun is given in the singular."""
    return f"{count} {noun}{'s' * (count != 1)}"
