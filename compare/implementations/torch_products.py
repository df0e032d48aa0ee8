"""Matrix products through torch: the floor's calls."""

from functools import partial

import torch
from torch import Tensor


class TorchProducts:
    """Matrices and products of torch, in one dtype; no gradient is recorded."""

    def __init__(self, dtype: str) -> None:
        self._dtype = {"float32": torch.float32, "float64": torch.float64}[dtype]

    def matrix(self, rows: int, columns: int, by_rows: bool) -> Tensor:
        """Return a random matrix (rows, columns), stored row by row or column by column."""
        if by_rows:
            return torch.rand(rows, columns, dtype=self._dtype)
        return torch.rand(columns, rows, dtype=self._dtype).T

    def calls(self, left: Tensor, right: Tensor, result: Tensor) -> list[partial[Tensor]]:
        """Return the calls that multiply the two into the result, which is stored row by row."""
        calls = [partial(torch.mm, left, right, out=result)]
        if left.shape[1] == 1:
            calls.append(partial(torch.outer, left[:, 0], right[0], out=result))
        return calls
