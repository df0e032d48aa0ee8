"""Steps on a second thread, for `benchmarks.tricks`."""

from __future__ import annotations

from benchmarks.step_variants import TRAINER, Variant, same
from compare.implementations.blas import blas, small_product
from handwritten import MLP, ThreadedTrainer
from handwritten.arrays import Array
from handwritten.optimizers import Optimizer


class TwoThreads(ThreadedTrainer):
    """Shares every batch of the benchmark's network between two threads, however small it is."""

    def __init__(self, network: MLP, optimizer: Optimizer, X: Array, Y: Array) -> None:
        second = MLP(
            network.sizes,
            ["sigmoid"],
            "softmax",
            "cross_entropy",
            dtype=network.dtype,
            small_product=small_product(blas()),
            shares=network,
        )
        super().__init__([network, second], optimizer, X, Y, shared_from=0)


THREADS = (
    Variant(
        "two threads",
        "Two threads share every batch",
        (
            "784-200-10 sgd 32,64,128,256,1024,full",
            "784-30-10 sgd 64,256,512,1024,full",
            "64-32-10 sgd 256,full",
        ),
        same((TRAINER, TwoThreads)),
        clock="wall",
    ),
)
"""Steps that share batches below and above `handwritten.threads.SHARED_BATCH`."""
