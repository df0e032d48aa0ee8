"""The training step of `handwritten/` without one of its tricks, for `benchmarks.tricks`.

Each class takes the place of one in `handwritten/` and does the same in the way the trick avoids. They serve
the benchmark's network, one hidden sigmoid layer and a softmax with cross-entropy, and plain SGD or Adam.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from handwritten.activations import Sigmoid, Softmax, moderate
from handwritten.arrays import ONE, Array, Weight, zeros
from handwritten.layer import Layer
from handwritten.mlp import MLP, quiet
from handwritten.objectives import SoftmaxCrossEntropy
from handwritten.optimizers import SGD, Adam
from handwritten.parameters import FlatTensors, tensor_shapes
from handwritten.products import RowBlocks, dot
from handwritten.training import BatchGradient, Trainer


class FreshSigmoid(Sigmoid):
    """Returns new arrays."""

    def of(self, Z: Array) -> Array:
        """Return σ(Z)."""
        one: Array = ONE[Z.dtype]
        A: Array = one / (one + np.exp(-Z))
        return A

    def error(self, dA: Array, A: Array) -> Array:
        """Return dA ⊙ σ'(Z)."""
        return (ONE[A.dtype] - A) * A * dA


class FreshSoftmax(Softmax):
    """Returns new arrays."""

    def of(self, Z: Array) -> Array:
        """Return softmax(Z)."""
        E = np.exp(Z if moderate(Z) else Z - Z.max(axis=1, keepdims=True))
        A: Array = E / np.dot(E, np.ones((E.shape[1], 1), E.dtype))
        return A


class FreshLayer(Layer):
    """Makes Z, A, dA and dZ anew in every step; the gradients stay where they are."""

    activation: Any

    def forward(self, A_in: Array) -> Array:
        self.A_in = A_in
        product = np.empty_like(self.Z)
        self.times_W_T(A_in, self.W_T, product)
        self.Z = product + self.b_row
        self.A = self.activation.of(self.Z)
        return self.A


class FreshMLP(MLP):
    """Makes the errors anew in every step."""

    def propagate_back(self, Y: Array, weight: Weight | None = None) -> None:
        hidden, output = self.layers
        output.dZ = (output.A - Y) * weight
        output.gradients()
        hidden.dA = np.empty_like(hidden.A)
        output.times_W(output.dZ, output.W, hidden.dA)
        hidden.dZ = hidden.activation.error(hidden.dA, hidden.A)  # type: ignore[attr-defined]
        hidden.gradients()


class FreshGradient(BatchGradient):
    """Gathers each batch into new arrays."""

    def _gathered(self, rows: Any) -> tuple[Array, Array]:
        return self.X.take(rows, 0), self.Y.take(rows, 0)


class FreshAdam(Adam):
    """Makes the moments and all between anew in every step."""

    def step(self) -> None:
        self._count_step()
        g = self.gradients
        self._M = self._beta1 * self._M + g
        self._V = self._beta2 * self._V + g * g
        self.parameters -= self._rate * (self._M / (np.sqrt(self._V) + self._shift))


def by_tensor(rule: type[SGD] | type[Adam], sizes: tuple[int, ...]) -> type[SGD] | type[Adam]:
    """Return an update rule that treats one tensor after the other."""
    ends = np.cumsum([math.prod(shape) for _, shape in tensor_shapes(sizes, bias=True)])[:-1]

    class ByTensor(rule):  # type: ignore[misc, valid-type]
        def __init__(self, parameters: Array, gradients: Array, **options: Any) -> None:
            super().__init__(parameters, gradients, **options)
            pairs = zip(np.split(parameters, ends), np.split(gradients, ends), strict=True)
            self._rules = [rule(theta, g, **options) for theta, g in pairs]

        def step(self) -> None:
            for of_tensor in self._rules:
                of_tensor.step()

        def step_of_scaled(self) -> None:
            for of_tensor in self._rules:
                of_tensor.step_of_scaled()  # type: ignore[union-attr]

    return ByTensor


class OutputsFirst(FlatTensors):
    """Stores weights as they are shown, (outputs, inputs)."""

    def __init__(self, sizes: tuple[int, ...], bias: bool, dtype: Any) -> None:
        super().__init__(sizes, bias, dtype)
        shapes = dict(tensor_shapes(sizes, bias))
        ends = np.cumsum([math.prod(shape) for shape in shapes.values()])[:-1]
        parts = zip(shapes.items(), np.split(self.flat, ends), strict=True)
        self.views = {name: part.reshape(shape) for (name, shape), part in parts}


class OutputsFirstLayer(Layer):
    """Writes the gradient of the weights as it is shown."""

    def gradients(self) -> None:
        if isinstance(self.A_in_T_times, RowBlocks):
            self.A_in_T_times(self.A_in.T, self.dZ, self.dW_T)
        else:
            np.dot(self.dZ.T, self.A_in, out=self.dW)
        self.sum_rows(self.ones, self.dZ, self.db)  # type: ignore[arg-type]


class LayerByMatmul(Layer):
    """Multiplies with `np.matmul` where the finished step takes one call."""

    single: Any = staticmethod(np.matmul)

    def reserve(self, A_in: Array, ones: Array) -> None:
        super().reserve(A_in, ones)
        for name in ("times_W_T", "A_in_T_times", "times_W", "sum_rows"):
            if getattr(self, name) is dot:
                setattr(self, name, self.single)


class LayerByFunction(LayerByMatmul):
    """Multiplies with the function `np.dot`."""

    single: Any = staticmethod(np.dot)


def no_small_product(libraries: object) -> int:
    """Return a size of products that none is below: each is one call of BLAS."""
    return 0


def never_pays(*shape_and_small_product: int) -> bool:
    """Let every buffer be row-major."""
    return False


class UnscaledSGD(SGD):
    """Takes the gradient of L and multiplies it with the rate."""

    @property
    def is_plain(self) -> bool:
        return False


class ShiftedSoftmax(Softmax):
    """Shifts every row by its largest z, always."""

    def forward(self, Z: Array, A: Array) -> None:
        largest = self._largest.like(Z, columns=1)
        np.maximum.reduce(Z, axis=1, keepdims=True, out=largest)
        np.subtract(Z, largest, out=A)
        np.exp(A, out=A)
        A /= self._row_sums(A)


class ReducingSoftmax(Softmax):
    """Sums its rows with `np.add.reduce`."""

    def _row_sums(self, A: Array) -> Array:
        sums = self._sums.like(A, columns=1)
        np.add.reduce(A, axis=1, keepdims=True, out=sums)
        return sums


class ColumnSoftmax(Softmax):
    """Divides by one column of sums."""

    REPEATED = 0

    def __init__(self) -> None:
        super().__init__()


class NumberSigmoid(Sigmoid):
    """Computes with the Python number 1."""

    def forward(self, Z: Array, A: Array) -> None:
        np.negative(Z, out=A)
        np.exp(A, out=A)
        A += 1.0
        np.divide(1.0, A, out=A)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        np.subtract(1.0, A, out=dZ)
        dZ *= A
        dZ *= dA


class NumberAdam(Adam):
    """Computes with Python numbers."""

    def step(self) -> None:
        self._steps += 1
        g, M, V, scratch = self.gradients, self._M, self._V, self._scratch
        root_scale = math.sqrt((1 - self.beta2) / (1 - self.beta2**self._steps))
        rate = self.lr * (1 - self.beta1) / (1 - self.beta1**self._steps)
        M *= self.beta1
        M += g
        np.multiply(g, g, out=scratch)
        V *= self.beta2
        V += scratch
        np.sqrt(V, out=scratch)
        scratch += self.eps / root_scale
        np.divide(M, scratch, out=scratch)
        scratch *= rate / root_scale
        self.parameters -= scratch


class TextbookAdam(Adam):
    """Holds m and v with their factors 1 - β, in 13 passes."""

    def __init__(self, parameters: Array, gradients: Array, **options: Any) -> None:
        super().__init__(parameters, gradients, **options)
        self._rest1, self._rest2 = (np.array(1 - beta, parameters.dtype) for beta in (self.beta1, self.beta2))
        self._root, self._eps = np.empty((), parameters.dtype), np.array(self.eps, parameters.dtype)

    def step(self) -> None:
        self._steps += 1
        g, m, v, scratch = self.gradients, self._M, self._V, self._scratch
        m *= self._beta1
        np.multiply(g, self._rest1, out=scratch)
        m += scratch
        v *= self._beta2
        np.multiply(g, g, out=scratch)
        scratch *= self._rest2
        v += scratch
        self._root.fill(1 / math.sqrt(1 - self.beta2**self._steps))
        self._rate.fill(self.lr / (1 - self.beta1**self._steps))
        np.sqrt(v, out=scratch)
        scratch *= self._root
        scratch += self._eps
        np.divide(m, scratch, out=scratch)
        scratch *= self._rate
        self.parameters -= scratch


class FunctionGradient(BatchGradient):
    """Gathers with the function `np.take`."""

    def _gathered(self, rows: Any) -> tuple[Array, Array]:
        X, Y = self._X_batch, self._Y_batch
        if len(rows) != len(X):
            X, Y = self._reserve(len(rows))
        np.take(self.X, rows, 0, X, "clip")
        np.take(self.Y, rows, 0, Y, "clip")
        return X, Y


class BroadcastLayer(Layer):
    """Adds the bias as a vector."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.b_row = self.b


class SingleSumLayer(Layer):
    """Sums the rows of any batch by a single product."""

    def reserve(self, A_in: Array, ones: Array) -> None:
        super().reserve(A_in, ones)
        self.sum_rows = dot


class WholeGradient(BatchGradient):
    """Takes a batch of any size at once."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._rows_at_once = 2**62


class LabelGradient(BatchGradient):
    """Gathers labels, not rows of a one-hot matrix."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.Y = self.Y.argmax(axis=1)

    def _gathered(self, rows: Any) -> tuple[Array, Array]:
        if len(rows) != len(self._X_batch):
            self._X_batch = zeros((len(rows), self.X.shape[1]), self.X.dtype)
            self._Y_batch = zeros((len(rows),), np.intp)
        self.X.take(rows, 0, self._X_batch, "clip")
        self.Y.take(rows, 0, self._Y_batch, "clip")
        return self._X_batch, self._Y_batch


class LabelObjective(SoftmaxCrossEntropy):
    """Takes 1 from the output that a label names, by an index a row."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = np.arange(0)

    def error(self, Z: Array, A: Array, Y: Array, dA: Array, dZ: Array, weight: Weight) -> None:
        if len(self._numbers) != len(Y):
            self._numbers = np.arange(len(Y))
        np.copyto(dZ, A)
        dZ[self._numbers, Y] -= ONE[dZ.dtype]
        dZ *= weight


def packed_zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array that begins as far from a cache line as large ones of NumPy's do: 16 bytes."""
    size = math.prod(shape)
    room: Array = np.zeros(size + 64, dtype)
    start = (16 - room.ctypes.data) % 64 // room.itemsize
    return room[start : start + size].reshape(shape)


class PlainTrainer(Trainer):
    """A step as one writes it first: expressions, `@`, one tensor at a time, weights (outputs, inputs)."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._moments: Any = None
        self._steps = 0

    @quiet
    def train(self, batches: Iterable[Array | None]) -> None:
        tensors = [np.ascontiguousarray(values) for values in self.network.parameters.values()]
        if self._moments is None:
            self._moments = [(np.zeros_like(theta), np.zeros_like(theta)) for theta in tensors]
        for rows in batches:
            X, Y = (self.X, self.Y) if rows is None else (self.X[rows], self.Y[rows])
            self._steps += 1
            self._update(tensors, self._gradients(tensors, X, Y))
        self.network.load(dict(zip(self.network.parameters, tensors, strict=True)))

    def _gradients(self, tensors: list[Array], X: Array, Y: Array) -> list[Array]:
        W1, b1, W2, b2 = tensors
        A1 = 1 / (1 + np.exp(-(X @ W1.T + b1)))
        Z2 = A1 @ W2.T + b2
        E = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
        dZ2 = (E / E.sum(axis=1, keepdims=True) - Y) / len(Y)
        dZ1 = dZ2 @ W2 * A1 * (1 - A1)
        return [dZ1.T @ X, dZ1.sum(axis=0), dZ2.T @ A1, dZ2.sum(axis=0)]

    def _update(self, tensors: list[Array], gradients: list[Array]) -> None:
        rule: Any = self.optimizer
        if isinstance(rule, SGD):
            for theta, g in zip(tensors, gradients, strict=True):
                theta -= rule.lr * g
            return
        for theta, g, (m, v) in zip(tensors, gradients, self._moments, strict=True):
            m[...] = rule.beta1 * m + (1 - rule.beta1) * g
            v[...] = rule.beta2 * v + (1 - rule.beta2) * g**2
            m_hat, v_hat = m / (1 - rule.beta1**self._steps), v / (1 - rule.beta2**self._steps)
            theta -= rule.lr * m_hat / (np.sqrt(v_hat) + rule.eps)
