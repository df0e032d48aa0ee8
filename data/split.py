"""Splitting rows into training and test, for sources that come without a split.

Rows are drawn in the order of a keyed hash of their features, so the split depends on the rows alone: not on
their order in the file, not on NumPy's generators or their versions. An exported dataset splits into the same
parts when it is read again. Within each part rows keep the order of the source. Where the split is to vary, a
seed becomes part of the key.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError
from data.plural import counted

DEFAULT_TEST_FRACTION = 0.2
_KEY = b"side-by-side split 1"
_ROWS_PER_MOVE = 1024


def check_fraction(test_fraction: float) -> float:
    """Return the fraction if it lies strictly between 0 and 1.

    Raises:
        DataError: it does not.
    """
    if (
        isinstance(test_fraction, bool)
        or not isinstance(test_fraction, int | float)
        or not 0 < test_fraction < 1
    ):
        raise DataError(f"the test fraction is {test_fraction!r}; it must lie between 0 and 1, e.g. 0.2")
    return float(test_fraction)


def choose_test_rows(
    features: NDArray[np.float32],
    groups: NDArray[np.int64],
    names: Sequence[str],
    test_fraction: float,
    seed: int | None = None,
) -> NDArray[np.bool_]:
    """Choose the test rows, each group in proportion (largest remainder).

    Args:
        features: ``(rows, features)``, in the source's own units.
        groups: ``(rows,)``, the class of each row; all 0 for regression.
        names: the name of each group, for messages.
        test_fraction: between 0 and 1.
        seed: of a split of its own; None for the fixed one.

    Returns:
        ``(rows,)``, True for a test row.

    Raises:
        DataError: a group would have no training or no test row.
    """
    sizes = np.bincount(groups, minlength=len(names))
    shares = _apportion(sizes, test_fraction)
    _check_shares(sizes, shares, names, test_fraction)
    key = _KEY if seed is None else _KEY + f", seed {seed}".encode()
    digests = np.array(
        [blake2b(row, digest_size=16, key=key).digest() for row in features.astype("<f4", copy=False)]
    )
    is_test = np.zeros(len(features), dtype=np.bool_)
    for group, share in enumerate(shares):
        members = np.flatnonzero(groups == group)
        drawn = members[np.argsort(digests[members], kind="stable")[:share]]
        is_test[drawn] = True
    return is_test


def take_out(
    features: NDArray[np.float32], is_test: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Part ``features (rows, features)`` without a second copy of the larger part.

    The training rows are moved forward within ``features``, whose content is used up.

    Returns:
        The training rows, a view of ``features``, and the test rows, a copy.
    """
    test = features[is_test]
    kept = np.flatnonzero(~is_test)
    for start in range(0, len(kept), _ROWS_PER_MOVE):
        rows = kept[start : start + _ROWS_PER_MOVE]
        features[start : start + len(rows)] = features[rows]
    return features[: len(kept)], test


def _apportion(sizes: NDArray[np.int64], fraction: float) -> NDArray[np.int64]:
    """Share ``round(fraction * total)`` among the groups: whole quotas first, then the largest remainders."""
    quotas = sizes * fraction
    shares: NDArray[np.int64] = np.floor(quotas).astype(np.int64)
    missing = math.floor(sizes.sum() * fraction + 0.5) - int(shares.sum())
    shares[np.argsort(shares - quotas, kind="stable")[:missing]] += 1
    return shares


def _check_shares(
    sizes: NDArray[np.int64], shares: NDArray[np.int64], names: Sequence[str], fraction: float
) -> None:
    for name, size, share in zip(names, sizes, shares, strict=True):
        if not 0 < share < size:
            part = "testing" if share == 0 else "training"
            rows = counted(int(size), "row")
            raise DataError(
                f"{name}: a test fraction of {fraction:g} of {rows} leaves none for {part}; "
                "choose another fraction or give more rows"
            )
