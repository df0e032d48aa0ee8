"""The contestant `numpy`: the network written by hand."""

from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from compare.implementation import Array, Trace, UpdateRule
from compare.implementations.blas import blas, small_product, threads_of
from compare.network import Network
from handwritten import MLP, OPTIMIZERS, ThreadedTrainer, Trainer


class HandwrittenNumpy:
    """`handwritten.MLP` with its own optimizers and training loop.

    It trains on as many threads as its BLAS may use; BLAS itself then takes one.
    """

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], rule: UpdateRule, dtype: str
    ) -> None:
        self._blas = blas()
        self._threads = threads_of(self._blas)
        self._make = partial(MLP, *network.arguments, dtype, small_product(self._blas))
        self.mlp = self._make()
        self.mlp.load(parameters)
        optimizer = OPTIMIZERS[rule.name]
        self.optimizer = optimizer(self.mlp.flat_parameters, self.mlp.flat_gradients, **rule.options)

    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        loss, gradients = self.mlp.loss_and_gradients(X, Y)
        return loss, {name: gradient.copy() for name, gradient in gradients.items()}

    def step(self, X: Array, Y: Array) -> None:
        self.mlp.loss_and_gradients(X, Y)
        self.optimizer.step()

    def predict(self, X: Array) -> Array:
        return self.mlp.forward(X)

    def trace(self, X: Array, Y: Array) -> Trace:
        input_gradient = self.mlp.input_gradient(X, Y)
        loss = self.mlp.loss(X, Y)
        values = {}
        for number, layer in enumerate(self.mlp.layers, start=1):
            values[f"Z{number}"], values[f"A{number}"] = layer.Z.copy(), layer.A.copy()
        gradients = {name: gradient.copy() for name, gradient in self.mlp.gradients.items()}
        return Trace(loss, values, gradients | {"X": input_gradient})

    def load(self, X: Array, Y: Array) -> None:
        if self._threads == 1:
            self._trainer = Trainer(self.mlp, self.optimizer, X, Y)
        else:
            networks = [self.mlp, *(self._make(shares=self.mlp) for _ in range(self._threads - 1))]
            self._trainer = ThreadedTrainer(networks, self.optimizer, X, Y)

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        with self._blas.limit(limits=1):
            self._trainer.train(batches)

    def evaluate(self, X: Array, Y: Array) -> tuple[float, Array]:
        loss = self.mlp.loss(X, Y)
        return loss, self.mlp.layers[-1].A.copy()

    def parameters(self) -> dict[str, Array]:
        return {name: values.copy() for name, values in self.mlp.parameters.items()}
