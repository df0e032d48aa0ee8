"""What goes wrong with data: one exception type, one line each."""

_LONGEST = 40


class DataError(ValueError):
    """A dataset cannot be used; the message is one line that says what, where and what would do."""

    def __init__(self, message: str) -> None:
        """Keep the message, with what cannot be printed escaped: names of files may hold anything."""
        super().__init__("".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message))


class DatasetNotFound(DataError):  # noqa: N818 - a state the caller may well expect
    """A dataset is known by name, but its files are neither here nor to be had."""


def shown(text: str) -> str:
    """Quote what stands in a file, cut to a length that fits one line."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")
