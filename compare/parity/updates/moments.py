"""Mistakes in the moments of Adam and AdamW and in their bias correction [O5]."""

import numpy as np

from compare.parity.updates.defect import made

ADAMS = "adam adamw"

MOMENTS = (
    made(
        "no-bias-correction",
        ADAMS,
        "O5",
        "m and v are not divided by 1 - beta1ᵗ and 1 - beta2ᵗ; they start at 0 and are too small at first.",
        m_hat=lambda s: s.m,
        v_hat=lambda s: s.v,
    ),
    made(
        "no-bias-correction-of-m",
        ADAMS,
        "O5",
        "m is not divided by 1 - beta1ᵗ.",
        m_hat=lambda s: s.m,
    ),
    made(
        "no-bias-correction-of-v",
        ADAMS,
        "O5",
        "v is not divided by 1 - beta2ᵗ.",
        v_hat=lambda s: s.v,
    ),
    made(
        "eps-inside-root",
        ADAMS,
        "O5",
        "eps stands inside the root, √(v̂ + eps). It is added outside: √v̂ + eps.",
        step=lambda s: s.lr * s.m_hat / np.sqrt(s.v_hat + s.eps),
    ),
    made(
        "eps-before-correction",
        ADAMS,
        "O5",
        "eps is added to √v before the bias correction, the paper's faster variant (eps-hat). Algorithm 1 "
        "adds it to √v̂, after it; the two differ in the first steps and for tiny gradients.",
        step=lambda s: s.lr * s.m_hat * np.sqrt(1 - s.beta2**s.t) / (np.sqrt(s.v) + s.eps),
    ),
    made(
        "eps-inside-root-before-correction",
        ADAMS,
        "O5",
        "eps is added to v inside the root and before the bias correction. It is added to √v̂, after both.",
        step=lambda s: s.lr * s.m_hat * np.sqrt(1 - s.beta2**s.t) / np.sqrt(s.v + s.eps),
    ),
    made(
        "eps-forgotten",
        ADAMS,
        "O5",
        "eps is not added to the root; a gradient of 0 will give 0 / 0.",
        step=lambda s: s.lr * s.m_hat / np.sqrt(s.v_hat),
    ),
    made(
        "betas-swapped",
        ADAMS,
        "O5",
        "beta1 and beta2 are swapped: beta1 belongs to m, the mean of g, and beta2 to v, the mean of g².",
        m=lambda s: s.beta2 * s.m + (1 - s.beta2) * s.g,
        v=lambda s: s.beta1 * s.v + (1 - s.beta1) * s.g**2,
        m_hat=lambda s: s.m / (1 - s.beta2**s.t),
        v_hat=lambda s: s.v / (1 - s.beta1**s.t),
    ),
    made(
        "corrections-swapped",
        ADAMS,
        "O5",
        "beta1 and beta2 are swapped in the bias corrections alone.",
        m_hat=lambda s: s.m / (1 - s.beta2**s.t),
        v_hat=lambda s: s.v / (1 - s.beta1**s.t),
    ),
    made(
        "square-missing",
        ADAMS,
        "O5",
        "v is a running mean of g, not of g²; its root is not a number where g is negative.",
        v=lambda s: s.beta2 * s.v + (1 - s.beta2) * s.g,
    ),
    made(
        "square-missing",
        ADAMS,
        "O5",
        "v is a running mean of |g|, not of g².",
        v=lambda s: s.beta2 * s.v + (1 - s.beta2) * np.abs(s.g),
    ),
    made(
        "root-missing",
        ADAMS,
        "O5",
        "m̂ is divided by v̂ itself instead of its root.",
        step=lambda s: s.lr * s.m_hat / (s.v_hat + s.eps),
    ),
    made(
        "bias-correction-one-step-late",
        ADAMS,
        "O5",
        "The bias correction has t - 1 where t belongs: t starts at 0 (and 1 - beta⁰ is 0, so the first step "
        "divides by it). Count the step before using t.",
        m_hat=lambda s: s.m / (1 - s.beta1 ** (s.t - 1)),
        v_hat=lambda s: s.v / (1 - s.beta2 ** (s.t - 1)),
    ),
    made(
        "bias-correction-one-step-early",
        ADAMS,
        "O5",
        "The bias correction has t + 1 where t belongs: the first step is t = 1.",
        m_hat=lambda s: s.m / (1 - s.beta1 ** (s.t + 1)),
        v_hat=lambda s: s.v / (1 - s.beta2 ** (s.t + 1)),
    ),
    made(
        "t-stands-still",
        ADAMS,
        "O5",
        "The bias correction stays that of the first step: t is not counted, or not kept in the state.",
        m_hat=lambda s: s.m / (1 - s.beta1),
        v_hat=lambda s: s.v / (1 - s.beta2),
    ),
    made(
        "t-counted-per-tensor",
        ADAMS,
        "O5",
        "t is counted up once a tensor instead of once a step; count outside the loop over the parameters.",
        m_hat=lambda s: s.m / (1 - s.beta1 ** ((s.t - 1) * s.tensors + s.tensor + 1)),
        v_hat=lambda s: s.v / (1 - s.beta2 ** ((s.t - 1) * s.tensors + s.tensor + 1)),
    ),
    made(
        "correction-by-product",
        ADAMS,
        "O5",
        "The bias correction has beta times t where beta to the power of t belongs.",
        m_hat=lambda s: s.m / (1 - s.beta1 * s.t),
        v_hat=lambda s: s.v / (1 - s.beta2 * s.t),
    ),
    made(
        "factor-missing-in-m",
        ADAMS,
        "O5",
        "The factor 1 - beta1 before g is missing in m: every step is 1 / (1 - beta1) times too long.",
        m=lambda s: s.beta1 * s.m + s.g,
    ),
    made(
        "factor-missing-in-v",
        ADAMS,
        "O5",
        "The factor 1 - beta2 before g² is missing in v.",
        v=lambda s: s.beta2 * s.v + s.g**2,
    ),
    made(
        "state-forgotten",
        ADAMS,
        "O5",
        "Every step is taken as if it were the first: m, v and t are not kept in the state.",
        m_hat=lambda s: s.g,
        v_hat=lambda s: s.g**2,
    ),
)
