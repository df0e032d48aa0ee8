"""What this process's BLAS is good at."""

from __future__ import annotations

import threadpoolctl

SMALL_PRODUCT = 100**3
"""Multiplications up to which OpenBLAS takes its kernels for small matrices, where it has such kernels."""
WITH_SMALL_KERNELS = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"})
"""OpenBLAS's names of the processors it has them for: those with AVX-512 that it knows."""


def blas() -> threadpoolctl.ThreadpoolController:
    """Return the BLAS libraries of this process."""
    return threadpoolctl.ThreadpoolController().select(user_api="blas")


def threads_of(libraries: threadpoolctl.ThreadpoolController) -> int:
    """Return the number of threads that they may use, at least 1."""
    return max((library["num_threads"] for library in libraries.info()), default=1)


def small_product(libraries: threadpoolctl.ThreadpoolController) -> int:
    """Return what `handwritten.MLP` takes as `small_product`; 0 where BLAS has no such kernels."""
    known = [
        library["internal_api"] == "openblas" and library.get("architecture") in WITH_SMALL_KERNELS
        for library in libraries.info()
    ]
    return SMALL_PRODUCT if known and all(known) else 0
