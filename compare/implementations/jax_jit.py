"""The contestant `jax`: JAX on the processor, gradients by its autograd, one jitted function a step."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from compare.implementation import Array, UpdateRule
from compare.implementations.textbook import Library, Textbook
from compare.implementations.textbook_rules import rule_of
from compare.network import Network

if "OMP_NUM_THREADS" in os.environ:  # the worker's pinning, which XLA knows by another name
    os.environ["NPROC"] = os.environ["OMP_NUM_THREADS"]
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]


class JaxJit:
    """The textbook's forward pass and loss; `jax.grad` and the update rule in one jitted function."""

    deviations: ClassVar[dict[str, str]] = {
        "threads": "they are set by NPROC, which XLA heeds and nothing here can check",
    }

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], rule: UpdateRule, dtype: str
    ) -> None:
        library = Library(
            jnp.exp,
            jnp.log,
            jnp.log1p,
            jax.nn.sigmoid,
            jnp.tanh,
            lambda Z: jax.nn.softmax(Z, axis=1),
            lambda Z: jax.nn.logsumexp(Z, axis=1),
            float(np.finfo(dtype).tiny),
        )
        self.textbook, self.rule = Textbook(network, library), rule_of(rule.name, rule.options)
        self.names = tuple(parameters)  # JAX sorts the keys of a dict
        self.own: Any = {name: jnp.array(values) for name, values in parameters.items()}
        self.memory: Any = {
            name: tuple(jnp.zeros_like(values) for _ in range(self.rule.slots))
            for name, values in self.own.items()
        }
        self.steps = 0
        self.jitted: Any = jax.jit(self._whole_step, donate_argnums=(0, 1))
        self.jitted_full: Any = jax.jit(self._full_step, donate_argnums=(0, 1))

    def _loss(self, parameters: Any, X: Any, Y: Any) -> Any:
        return self.textbook.loss(self.textbook.forward(parameters, X), Y)

    def _full_step(self, parameters: Any, memory: Any, numbers: Any, X: Any, Y: Any) -> Any:
        gradients = jax.grad(self._loss)(parameters, X, Y)
        done = {
            name: self.rule.apply(parameters[name], gradients[name], memory[name], numbers)
            for name in parameters
        }
        return {name: new for name, (new, _) in done.items()}, {
            name: kept for name, (_, kept) in done.items()
        }

    def _whole_step(self, parameters: Any, memory: Any, numbers: Any, X: Any, Y: Any, rows: Any) -> Any:
        return self._full_step(parameters, memory, numbers, X[rows], Y[rows])

    def step(self, X: Array, Y: Array) -> None:
        self._step(jnp.array(X), jnp.array(Y), None)
        jax.block_until_ready(self.own)  # type: ignore[no-untyped-call]

    def load(self, X: Array, Y: Array) -> None:
        self.X, self.Y = jnp.array(X), jnp.array(Y)

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        for rows in batches:
            self._step(self.X, self.Y, rows)
        jax.block_until_ready(self.own)  # type: ignore[no-untyped-call]

    def _step(self, X: Any, Y: Any, rows: Any) -> None:
        self.steps += 1
        numbers = self.rule.numbers(self.steps)
        if rows is None:
            self.own, self.memory = self.jitted_full(self.own, self.memory, numbers, X, Y)
        else:
            self.own, self.memory = self.jitted(self.own, self.memory, numbers, X, Y, rows)

    def compile(self, sizes: Sequence[int | None]) -> None:
        kept = self.parameters()
        self.train(None if size is None else np.arange(size) for size in sizes)
        self.own = {name: jnp.array(values) for name, values in kept.items()}
        self.memory = jax.tree.map(jnp.zeros_like, self.memory)
        self.steps = 0

    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        loss, gradients = jax.value_and_grad(self._loss)(self.own, X, Y)
        return float(loss), {name: np.array(gradients[name]) for name in self.names}

    def predict(self, X: Array) -> Array:
        return np.array(self.textbook.forward(self.own, jnp.asarray(X)).A[-1])

    def evaluate(self, X: Array, Y: Array) -> tuple[float, Array]:
        passed = self.textbook.forward(self.own, jnp.asarray(X))
        return float(self.textbook.loss(passed, Y)), np.array(passed.A[-1])

    def parameters(self) -> dict[str, Array]:
        return {name: np.array(self.own[name]) for name in self.names}
