"""Accepting an answer: keys, shapes and types of loss and gradients; what is let pass, and what is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.names import nearest
from compare.network import Network
from compare.parity.student.process import CheckError


@dataclass(frozen=True, eq=False)
class Answer:
    """Loss and gradients in float64, the dtype they came in ("float32" if any did), and remarks.

    Shapes are those of the parameters, except where a known mistake explains another: a transposed W, or a
    b (n, outputs) with a row a sample.
    """

    loss: float
    gradients: dict[str, Array]
    dtype: str
    notes: tuple[str, ...]


def accept(
    arrays: Mapping[str, Array],
    keys: Sequence[str],
    lists: Sequence[str],
    network: Network,
    rows: int,
    dtype: str,
    columns: bool,
) -> Answer:
    """Return the answer, or refuse it.

    Args:
        arrays: "loss" and the gradients that were found, by name.
        keys: all keys of the student's dict.
        lists: names of gradients that were lists.
        network: what was asked.
        rows: samples of the batch.
        dtype: of what was handed out.
        columns: whether samples are columns.

    Raises:
        CheckError: of the kinds "keys", "shape" and "value".
    """
    shapes = network.parameter_shapes
    notes = check_keys(keys, list(shapes))
    if lists:
        notes.append(f"{joined(lists)} came back as lists; taken as arrays")
    gradients, loss_note = {}, ""
    for name, shape in shapes.items():
        values, remark = in_shape(arrays[name], name, shape, rows, columns)
        gradients[name] = values
        notes += [remark] if remark else []
    loss = arrays["loss"]
    if loss.size != 1:
        raise CheckError(
            "shape", f"the loss has the shape {loss.shape}; it must be one number, the batch's mean"
        )
    if loss.ndim:
        loss_note = f"the loss came back as an array of shape {loss.shape}; taken as a number"
    kinds = {name: gradients[name].dtype for name in gradients}
    numbers = {name: in_float64(values, name) for name, values in {**gradients, "loss": loss}.items()}
    notes += [loss_note] if loss_note else []
    notes += type_notes(kinds, dtype)
    single = any(kind == np.float32 for kind in kinds.values())
    return Answer(
        float(numbers.pop("loss").reshape(())), numbers, "float32" if single else dtype, tuple(notes)
    )


def check_keys(keys: Sequence[str], names: Sequence[str]) -> list[str]:
    """Refuse a dict that lacks a gradient; return a remark about keys that are too many."""
    extra = [key for key in keys if key not in names]
    missing = [name for name in names if name not in keys]
    if missing:
        renamed = [(match, name) for name in missing if (match := nearest_key(name, extra))]
        advice = ", ".join(f"{old} to {new}" for old, new in renamed)
        have = f"rename {advice}" if advice else f"it has {joined(keys) or 'nothing'}"
        raise CheckError(
            "keys", f"the dict of gradients has no {joined(missing)}; {have} (wanted: {joined(names)})"
        )
    return [f"{joined(extra)}: not asked for, not looked at"] if extra else []


def nearest_key(name: str, keys: Sequence[str]) -> str | None:
    """Return the key that was most likely meant to be `name`: one that ends in it, or a similar one."""
    for key in keys:
        if key.lower().endswith(name.lower()) or key.lower() == name.lower():
            return key
    same_layer = [key for key in keys if key[-1:] == name[-1]]
    match = nearest(name, [key.lower() for key in same_layer])
    return next((key for key in same_layer if key.lower() == match), None)


def in_shape(values: Array, name: str, shape: tuple[int, ...], rows: int, columns: bool) -> tuple[Array, str]:
    """Return a gradient in its parameter's shape, and a remark; leave shapes that a mistake explains."""
    given = values.shape
    if given == shape:
        return values, ""
    if len(shape) == 2:
        if given == shape[::-1]:
            return values, ""
        raise CheckError("shape", wrong_shape(name, given, shape))
    units = shape[0]
    if given in ((units, 1), (1, units)) or (units == 1 and values.size == 1):
        expected = columns and given == (units, 1)
        return values.reshape(shape), "" if expected else f"{name} has the shape {given}; taken as {shape}"
    if columns and given == (units, rows):
        return values.T, ""
    if given == (rows, units):
        return values, ""
    raise CheckError("shape", wrong_shape(name, given, shape))


def wrong_shape(name: str, given: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Say that a gradient has not its parameter's shape, and what may have happened."""
    size, hint = int(np.prod(given)), ""
    if given == ():
        hint = "; was it summed over everything? sum over the samples alone"
    elif given[1:] == shape or given[:-1] == shape:
        hint = "; sum it over the samples"
    elif size == np.prod(shape):
        hint = "; it has the right number of values: reshape it"
    return f"the gradient {name} has the shape {given}; like {name} itself it must have {shape}{hint}"


def in_float64(values: Array, name: str) -> Array:
    """Return the values in float64; refuse what is not finite, complex, or too coarse to check."""
    what = "the loss" if name == "loss" else f"the gradient {name}"
    if values.dtype.kind == "c":
        if np.any(values.imag != 0):
            raise CheckError("value", f"{what} is complex; return real numbers")
        values = values.real
    if values.dtype == np.float16:
        raise CheckError("value", f"{what} is float16, too coarse to check; return float32 or float64")
    numbers: Array = values.astype(np.float64)
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        place = f"[{', '.join(map(str, wrong[0]))}]" if numbers.ndim else ""
        first = numbers[tuple(wrong[0])]
        count = f"{len(wrong)} of {numbers.size} values are" if numbers.size > 1 else "is"
        raise CheckError(
            "value",
            f"{what}: {count} not finite{f'; the first is {first} at {place}' if place else f' ({first})'}",
        )
    return numbers


def type_notes(kinds: Mapping[str, np.dtype[np.generic]], dtype: str) -> list[str]:
    """Return remarks about gradients of another type than what was handed out."""
    notes = []
    for kind in dict.fromkeys(kinds.values()):
        names = joined([name for name in kinds if kinds[name] == kind])
        if kind.kind in "iub":
            notes.append(f"{names}: {kind.name}, whole numbers; were the gradients cut off?")
        elif kind == np.float32 and dtype == "float64":
            notes.append(
                f"{names}: float32 although float64 was handed out; float32's coarser tolerance is used"
            )
        elif kind == np.float64 and dtype == "float32":
            notes.append(f"{names}: float64 although float32 was handed out")
    return notes


def joined(names: Sequence[str]) -> str:
    """Return names with commas, at most eight of them."""
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
