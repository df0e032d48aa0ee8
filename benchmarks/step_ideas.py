"""The training step of `handwritten/` with an idea that was tried and dropped, for `benchmarks.tricks`.

As in `step_without.py`, each class takes the place of one in `handwritten/`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from handwritten.activations import Sigmoid, Softmax, moderate
from handwritten.arrays import ONE, Array
from handwritten.layer import Layer
from handwritten.mlp import quiet
from handwritten.optimizers import SGD, Adam
from handwritten.products import dot
from handwritten.training import BatchGradient, Trainer

HALF = {np.dtype(t): np.array(0.5, t) for t in (np.float32, np.float64)}


class ViewGradient(BatchGradient):
    """Takes a batch of one row as a view, without gathering it."""

    def _gathered(self, rows: Any) -> tuple[Array, Array]:
        if len(rows) != 1:
            return super()._gathered(rows)
        row = rows.item(0)
        return self.X[row : row + 1], self.Y[row : row + 1]


class PositionalSigmoid(Sigmoid):
    """Gives the destination without its name."""

    def forward(self, Z: Array, A: Array) -> None:
        one = ONE[A.dtype]
        np.negative(Z, A)
        np.exp(A, A)
        np.add(A, one, A)
        np.divide(one, A, A)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        np.subtract(ONE[A.dtype], A, dZ)
        np.multiply(dZ, A, dZ)
        np.multiply(dZ, dA, dZ)


class TanhSigmoid(Sigmoid):
    """σ(z) = (1 + tanh(z / 2)) / 2."""

    def forward(self, Z: Array, A: Array) -> None:
        half = HALF[Z.dtype]
        np.multiply(Z, half, out=A)
        np.tanh(A, out=A)
        A *= half
        A += half


class PiecewiseAdam(Adam):
    """Takes the parameters in pieces, all passes over one before the next."""

    PIECES = 4

    def __init__(self, parameters: Array, gradients: Array, **options: Any) -> None:
        super().__init__(parameters, gradients, **options)
        size = -(-parameters.size // self.PIECES)
        size += -size % 16
        vectors = parameters, gradients, self._M, self._V
        self._pieces = [
            [
                *(vector[start : start + size] for vector in vectors),
                self._scratch[: parameters.size - start][:size],
            ]
            for start in range(0, parameters.size, size)
        ]

    def step(self) -> None:
        self._count_step()
        for theta, g, M, V, scratch in self._pieces:
            M *= self._beta1
            M += g
            np.multiply(g, g, out=scratch)
            V *= self._beta2
            V += scratch
            np.sqrt(V, out=scratch)
            scratch += self._shift
            np.divide(M, scratch, out=scratch)
            scratch *= self._rate
            theta -= scratch


class GrowingAdam(Adam):
    """Lets the gradients grow by 1/√β₂ a step, so that V needs no multiplication by β₂: 9 passes.

    M and V are held times a and a², a = β₂^(-t/2), of which `GrowingTrainer` makes the gradients' factor;
    after `LONGEST` steps, and whenever training begins anew, all starts again from a = 1.
    """

    LONGEST = 2000
    weight: Array

    def __init__(self, parameters: Array, gradients: Array, **options: Any) -> None:
        super().__init__(parameters, gradients, **options)
        self._shrink = self._scale = math.sqrt(self.beta2)
        self._decay = np.array(self.beta1 / self._shrink, parameters.dtype)

    def begin(self) -> None:
        """Let the next gradients be those of L itself."""
        factor = self._shrink / self._scale
        self._M *= factor
        self._V *= factor**2
        self._scale = self._shrink

    def step(self) -> None:
        self._steps += 1
        self._scale /= self._shrink
        root_scale = math.sqrt((1 - self.beta2) / (1 - self.beta2**self._steps))
        rate = self.lr * (1 - self.beta1) / (1 - self.beta1**self._steps)
        self._shift.fill(self._scale * self.eps / root_scale)
        self._rate.fill(rate / root_scale)
        g, M, V, scratch = self.gradients, self._M, self._V, self._scratch
        M *= self._decay
        M += g
        np.multiply(g, g, out=scratch)
        V += scratch
        np.sqrt(V, out=scratch)
        scratch += self._shift
        np.divide(M, scratch, out=scratch)
        scratch *= self._rate
        self.parameters -= scratch
        self.weight /= self._shrink


class GrowingTrainer(Trainer):
    """Gives the loss the factor that `GrowingAdam` asks for."""

    optimizer: GrowingAdam

    def train(self, batches: Iterable[Array | None]) -> None:
        self.optimizer.weight = self._weight
        remaining = iter(batches)
        while some := list(itertools.islice(remaining, GrowingAdam.LONGEST)):
            self.optimizer.begin()
            super().train(some)


class OuterByMultiply(Layer):
    """Makes the outer product of one row by broadcasting."""

    def gradients(self) -> None:
        np.multiply(self.A_in.T, self.dZ, out=self.dW_T)
        np.copyto(self.db, self.dZ[0])  # type: ignore[arg-type]


class BlockLayer(Layer):
    """Subtracts the gradient of the weights of the first layer block by block and never stores it."""

    BLOCKS = 7

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        inputs, outputs = self.W_T.shape
        self._is_first = inputs % self.BLOCKS == 0
        if self._is_first:
            self._each = inputs // self.BLOCKS
            self._block = np.empty((self._each, outputs), self.W.dtype)

    def gradients(self) -> None:
        if not self._is_first:
            super().gradients()
            return
        for start in range(0, len(self.W_T), self._each):
            here = slice(start, start + self._each)
            dot(self.A_in.T[here], self.dZ, self._block)
            self.W_T[here] -= self._block
        self.sum_rows(self.ones, self.dZ, self.db)  # type: ignore[arg-type]


def after_blocks(sizes: tuple[int, ...]) -> type[SGD]:
    """Return plain descent on what `BlockLayer` has left."""
    done = sizes[0] * sizes[1]

    class RestOfSGD(SGD):
        def step_of_scaled(self) -> None:
            self.parameters[done:] -= self.gradients[done:]
            self._steps += 1

    return RestOfSGD


def staggered_zeros(shape: tuple[int, ...], dtype: Any, count: Any = itertools.count()) -> Array:  # noqa: B008
    """Return an array that begins with a cache line, each at another distance from a page of 4096 bytes."""
    size = math.prod(shape)
    room: Array = np.zeros(size + 4096, dtype)
    start = (next(count) % 8 * 448 - room.ctypes.data) % 4096 // room.itemsize
    return room[start : start + size].reshape(shape)


class InlineTrainer(Trainer):
    """The same calls of NumPy in one function, without layers, activations and buffers between them."""

    @quiet
    def train(self, batches: Iterable[Array | None]) -> None:
        batches = iter(batches)
        first = next(batches)
        super().train([first])  # reserves everything
        rule, weight = self.optimizer, self._weight
        update = rule.step_of_scaled if isinstance(rule, SGD) else rule.step
        hidden, output = self.network.layers
        softmax = output.activation
        assert isinstance(softmax, Softmax)
        Z1, A1, dA1, dZ1 = hidden.Z, hidden.A, hidden.dA, hidden.dZ
        Z2, A2, dZ2 = output.Z, output.A, output.dZ
        W1_T, W2_T, W2, b1, b2 = hidden.W_T, output.W_T, output.W, hidden.b_row, output.b_row
        dW1_T, dW2_T, db1, db2 = hidden.dW_T, output.dW_T, hidden.db, output.db
        one, sums, ones = ONE[Z1.dtype], softmax._row_sums(A2), hidden.ones
        times_W1_T, times_W2_T, times_W2 = hidden.times_W_T, output.times_W_T, output.times_W
        A1_T_times, X_T_times, sum_rows = output.A_in_T_times, hidden.A_in_T_times, hidden.sum_rows
        X, Y = self._gradient._gathered(first) if first is not None else (self.X, self.Y)
        take_X, take_Y, columns = self.X.take, self.Y.take, softmax._ones
        for rows in batches:
            if rows is not None:
                take_X(rows, 0, X, "clip")
                take_Y(rows, 0, Y, "clip")
            times_W1_T(X, W1_T, Z1)
            Z1 += b1
            np.negative(Z1, A1)
            np.exp(A1, A1)
            A1 += one
            np.divide(one, A1, A1)
            times_W2_T(A1, W2_T, Z2)
            Z2 += b2
            if not moderate(Z2):
                raise AssertionError("not in this benchmark")
            np.exp(Z2, A2)
            dot(A2, columns, sums)
            A2 /= sums
            np.subtract(A2, Y, dZ2)
            dZ2 *= weight
            A1_T_times(A1.T, dZ2, dW2_T)
            sum_rows(ones, dZ2, db2)  # type: ignore[arg-type]
            times_W2(dZ2, W2, dA1)
            np.subtract(one, A1, dZ1)
            dZ1 *= A1
            dZ1 *= dA1
            X_T_times(X.T, dZ1, dW1_T)
            sum_rows(ones, dZ1, db1)  # type: ignore[arg-type]
            update()
