"""What an experiment may name, and the nearest spelling of what it may not.

Plain constants, so that the command line can answer ``--help`` without loading anything heavy.
"""

from collections.abc import Iterable

IMPLEMENTATIONS = (
    *("numpy", "torch", "numpy-textbook", "torch-manual", "torch-compile"),
    *("torch-dataloader", "torch-fused", "sklearn", "jax"),
)
ACTIVATIONS = ("sigmoid", "tanh", "relu", "identity")
DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda")
INITS = ("pytorch", "xavier", "he")

OUTPUTS_OF_LOSS = {
    "squared_error": ("identity", "sigmoid", "tanh", "relu", "softmax"),
    "binary_cross_entropy": ("sigmoid", "softmax"),
    "cross_entropy": ("sigmoid", "softmax"),
}
OBJECTIVES = tuple(f"{output}+{loss}" for loss, outputs in OUTPUTS_OF_LOSS.items() for output in outputs)

OPTIONS_OF_OPTIMIZER = {
    "sgd": ("lr", "momentum", "dampening", "nesterov", "weight_decay"),
    "rmsprop": ("lr", "momentum", "alpha", "eps", "weight_decay"),
    "adam": ("lr", "beta1", "beta2", "eps", "weight_decay"),
    "adamw": ("lr", "beta1", "beta2", "eps", "weight_decay"),
}
OPTIMIZERS = tuple(OPTIONS_OF_OPTIMIZER)
# Learning rates of torch.optim where the experiment gives none.
DEFAULT_LR = {"sgd": 1e-3, "rmsprop": 1e-2, "adam": 1e-3, "adamw": 1e-3}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the one of `known` that `word` was most likely meant to be, or None where nothing is near."""
    import difflib

    matches = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggest(word: str, known: Iterable[str]) -> str:
    """Say what would do instead of `word`: the nearest of `known`, or else all of them."""
    choices = list(known)
    match = nearest(word, choices)
    return f"did you mean {match}?" if match else f"known: {', '.join(choices)}"
