"""Calling a student's function with fresh arrays, and recording what came back and what it changed."""

from collections.abc import Mapping
from typing import Any

from compare.parity.student.signature import gradient_function, hyperparameters_taken
from compare.parity.student.values import (
    Array,
    Arrays,
    Failure,
    differs,
    loss_and_gradients,
    named_type,
    pair,
    plain_array,
)

Record = dict[str, Any]
CALLS = 2
"""How often everything is done: two different answers show a hidden state."""


def call_for_gradients(found: Any, request: Record, arrays: Mapping[str, Array]) -> tuple[Record, Arrays]:
    """Call a function, class or object for loss and gradients.

    Args:
        found: what the file defines.
        request: not needed here.
        arrays: "parameter W1", ..., "X" and "Y".

    Returns:
        For each call the keys that came back and which of them as lists, and the arguments it changed;
        arrays "0 loss", "0 W1", ... of the first call, "1 loss", ... of the second.
    """
    given = parameters_from(arrays)
    function, built = gradient_function(found, given)
    calls: list[Record] = []
    changed: set[str] = set()
    answers: Arrays = {}
    for call in range(CALLS):
        given = given if built else parameters_from(arrays)
        X, Y, handed = arrays["X"].copy(), arrays["Y"].copy(), dict(given)
        loss, gradients = loss_and_gradients(function(handed, X, Y))
        changed |= {name for name in given if differs(given[name], arrays[f"parameter {name}"])}
        changed |= {name for name in given if handed.get(name) is not given[name]}
        changed |= {name for name, values in (("X", X), ("Y", Y)) if differs(values, arrays[name])}
        answers[f"{call} loss"] = plain_array(loss, "the loss")
        wanted = [name for name in given if name in gradients]
        for name in wanted:
            answers[f"{call} {name}"] = plain_array(gradients[name], f"the gradient {name}")
        keys = [key if isinstance(key, str) else repr(key) for key in gradients]
        lists = [name for name in wanted if isinstance(gradients[name], list | tuple)]
        calls.append({"keys": keys, "lists": lists})
    return {"calls": calls, "changed": sorted(changed)}, answers


def call_for_updates(found: Any, request: Record, arrays: Mapping[str, Array]) -> tuple[Record, Arrays]:
    """Call an update rule for a number of steps, each with the parameters and the state it gave back.

    Args:
        found: FUNCTION(parameters, gradients, state, **hyperparameters) -> (parameters, state).
        request: "hyperparameters", one dict a step, and "neutral", names that a function need not take.
        arrays: "parameter W1", ..., and "gradient 1 W1", ... for the steps 1, 2, ...

    Returns:
        The gradients it changed and the hyperparameters it does not take; arrays "0 1 W1", ...: the
        parameters of the first run after step 1, and so on.
    """
    taken, left_out = hyperparameters_taken(found, request["hyperparameters"][0], request["neutral"])
    changed: set[str] = set()
    answers: Arrays = {}
    for call in range(CALLS):
        start = parameters_from(arrays)
        parameters: Any = dict(start)
        state: Any = {}
        for step, values in enumerate(request["hyperparameters"], start=1):
            gradients = {name: arrays[f"gradient {step} {name}"].copy() for name in start}
            options = {name: values[name] for name in taken}
            result = found(parameters, dict(gradients), state, **options)
            changed |= {name for name in start if differs(gradients[name], arrays[f"gradient {step} {name}"])}
            parameters, state = pair(result, "(parameters, state)")
            for name in start:
                answers[f"{call} {step} {name}"] = parameter_after(parameters, name, step, start[name].shape)
    return {"changed": sorted(changed), "left_out": left_out}, answers


def parameters_from(arrays: Mapping[str, Array]) -> Arrays:
    """Return fresh copies of the parameters."""
    prefix = "parameter "
    return {key.removeprefix(prefix): arrays[key].copy() for key in arrays if key.startswith(prefix)}


def parameter_after(parameters: Any, name: str, step: int, shape: tuple[int, ...]) -> Array:
    """Return a parameter after a step as an array, or raise Failure."""
    if not isinstance(parameters, Mapping):
        raise Failure("return", f"after step {step} the parameters are {named_type(parameters)}, not a dict")
    if name not in parameters:
        raise Failure("keys", f"after step {step} the parameters lack {name}")
    array = plain_array(parameters[name], f"{name} after step {step}")
    if array.shape != shape:
        raise Failure("shape", f"{name} has the shape {array.shape} after step {step}; it was {shape}")
    return array
