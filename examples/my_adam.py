"""Adam, written from the paper; one thing in it differs from Algorithm 1."""

import numpy as np


def adam(parameters, gradients, state, lr, beta1, beta2, eps):
    """Return the parameters after one step, and the state for the next."""
    t = state.get("t", 0) + 1
    m, v = state.get("m", {}), state.get("v", {})
    updated, new_m, new_v = {}, {}, {}
    for name, g in gradients.items():
        new_m[name] = beta1 * m.get(name, 0) + (1 - beta1) * g
        new_v[name] = beta2 * v.get(name, 0) + (1 - beta2) * g**2
        m_hat = new_m[name] / (1 - beta1**t)
        v_hat = new_v[name] / (1 - beta2**t)
        updated[name] = parameters[name] - lr * m_hat / np.sqrt(v_hat + eps)
    return updated, {"t": t, "m": new_m, "v": new_v}
