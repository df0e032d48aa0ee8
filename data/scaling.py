"""Scaling features to [0, 1], by one rule.

If every training feature is a whole number in 0..255, the values are intensities on one common scale, and all
are divided by its full scale: 255 for IDX bytes, the largest training value for a CSV file. Otherwise each
feature is scaled by itself, from its minimum and maximum in the training rows; a feature that is constant
there becomes 0. Test values are clipped to [0, 1]. Arrays are changed in place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.table import row_blocks

_LARGEST_INTENSITY = 255.0


@dataclass(frozen=True, eq=False)
class Scaling:
    """``x -> (x - low) / span`` for each feature, clipped to [0, 1].

    Attributes:
        low: float32, one value or one a feature.
        span: float32, alike; infinite where the feature is constant, so that it becomes 0.
        sentence: the rule as it was applied.
    """

    low: NDArray[np.float32]
    span: NDArray[np.float32]
    sentence: str

    def apply(self, features: NDArray[np.float32]) -> None:
        """Scale ``features (rows, features)`` in place."""
        for block in row_blocks(features):
            block -= self.low
            block /= self.span
            np.clip(block, 0, 1, out=block)
            block += 0  # -0 becomes 0


def fit_scaling(train: NDArray[np.float32], full_scale: float | None = None) -> Scaling:
    """Choose the scaling of ``train (rows, features)`` by the rule above.

    Args:
        train: the training features in their own units.
        full_scale: the largest value that the source's format can hold, None if it has no limit.

    Returns:
        What to apply to the training and to the test features.
    """
    if not _are_intensities(train):
        return fit_each_column(train)
    largest = float(train.max()) if full_scale is None else full_scale
    origin = "the largest training value" if full_scale is None else "the full scale of its bytes"
    return Scaling(
        low=np.zeros(1, dtype=np.float32),
        span=np.array([largest or np.inf], dtype=np.float32),
        sentence=f"intensities on one scale, divided by {largest:g}, {origin}; test values clipped to [0, 1]",
    )


def fit_each_column(train: NDArray[np.float32]) -> Scaling:
    """Scale each column of ``train (rows, columns)`` by itself, from its minimum and maximum."""
    low = train.min(axis=0)
    span = train.max(axis=0) - low
    span[span == 0] = np.inf
    return Scaling(
        low=low,
        span=span,
        sentence="each feature from its training minimum and maximum to [0, 1]; test values clipped",
    )


def _are_intensities(features: NDArray[np.float32]) -> bool:
    return all(
        block.min() >= 0 and block.max() <= _LARGEST_INTENSITY and bool((block == np.rint(block)).all())
        for block in row_blocks(features)
    )
