"""Mistakes in the running mean square of RMSprop [O4]."""

import numpy as np

from compare.parity.updates.defect import made

MEAN_SQUARE = (
    made(
        "eps-inside-root",
        "rmsprop",
        "O4",
        "eps stands inside the root, √(s + eps). It is added outside: √s + eps.",
        scaled=lambda s: s.g / np.sqrt(s.s + s.eps),
    ),
    made(
        "eps-forgotten",
        "rmsprop",
        "O4",
        "eps is not added to the root; a gradient of 0 will give 0 / 0.",
        scaled=lambda s: s.g / np.sqrt(s.s),
    ),
    made(
        "square-missing",
        "rmsprop",
        "O4",
        "The running mean is of g, not of g²; its root is not a number where g is negative.",
        s=lambda s: s.alpha * s.s + (1 - s.alpha) * s.g,
    ),
    made(
        "square-missing",
        "rmsprop",
        "O4",
        "The running mean is of |g|, not of g².",
        s=lambda s: s.alpha * s.s + (1 - s.alpha) * np.abs(s.g),
    ),
    made(
        "root-missing",
        "rmsprop",
        "O4",
        "The gradient is divided by s itself instead of its root.",
        scaled=lambda s: s.g / (s.s + s.eps),
    ),
    made(
        "factor-missing",
        "rmsprop",
        "O4",
        "The factor 1 - alpha before g² is missing.",
        s=lambda s: s.alpha * s.s + s.g**2,
    ),
    made(
        "sum-instead-of-mean",
        "rmsprop",
        "O4",
        "The squares are added up for ever, as in Adagrad; here old ones fade by alpha.",
        s=lambda s: s.s + s.g**2,
    ),
    made(
        "alpha-swapped",
        "rmsprop",
        "O4",
        "alpha and 1 - alpha are swapped.",
        s=lambda s: (1 - s.alpha) * s.s + s.alpha * s.g**2,
    ),
    made(
        "bias-correction-not-asked",
        "rmsprop",
        "O4",
        "The mean square is divided by 1 - alphaᵗ, as in Adam; RMSprop does not correct it.",
        scaled=lambda s: s.g / (np.sqrt(s.s / (1 - s.alpha**s.t)) + s.eps),
    ),
    made(
        "state-forgotten",
        "rmsprop",
        "O4",
        "The mean square starts anew at every step: it is not kept in the state.",
        s=lambda s: (1 - s.alpha) * s.g**2,
    ),
)
