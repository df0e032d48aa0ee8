"""What goes wrong with data: one exception type, one line each."""


class DataError(ValueError):
    """A dataset cannot be used; the message is one line that says what, where and what would do."""


class DatasetNotFound(DataError):  # noqa: N818 - a state the caller may well expect
    """A known dataset whose files are not on this machine; the message says which files go where."""
