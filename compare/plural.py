"""A number with what it counts, "1 epoch", "5 epochs", and the verb that goes with it."""


def counted(count: float, noun: str) -> str:
    """Return "1 seed", "5 seeds" or "0.5 seconds"; the noun is given in the singular."""
    number = f"{count:g}" if isinstance(count, float) else str(count)
    return number_of(number, noun)


def number_of(number: str, noun: str) -> str:
    """Return a number that is written already with its noun, in the singular behind "1" alone."""
    ending = "" if number == "1" else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"


def verb_of(singular: str, plural: str, count: float) -> str:
    """Return the form of the verb that goes with a count."""
    return singular if count == 1 else plural


def part_of(part: int, whole: int, noun: str, singular: str = "is", plural: str = "are") -> str:
    """Return "1 of 5 runs is", "5 of 5 runs are" or "0 of 1 run is": the noun is in the number of the whole.

    The verb is in that of the part, where the whole is more than one.
    """
    verb = verb_of(singular, plural, 1 if whole == 1 else part)
    return f"{part} of {counted(whole, noun)} {verb}"
