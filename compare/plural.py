"""A number with what it counts: "1 epoch", "5 epochs"."""


def counted(count: float, noun: str) -> str:
    """Return "1 seed", "5 seeds" or "0.5 seconds"; the noun is given in the singular."""
    number = f"{count:g}" if isinstance(count, float) else str(count)
    return number_of(number, noun)


def number_of(number: str, noun: str) -> str:
    """Return a number that is written already with its noun, in the singular behind "1" alone."""
    ending = "" if number == "1" else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"
