"""What this process's BLAS is good at."""

from __future__ import annotations

import threadpoolctl

SMALL_PRODUCT = 100**3
"""Multiplications up to which OpenBLAS takes its kernels for small matrices, where it has such kernels."""
WITH_SMALL_KERNELS = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"})
"""OpenBLAS's names of the processors it has them for: those with AVX-512 that it knows."""


def small_product() -> int:
    """Return what `handwritten.MLP` takes as `small_product`; 0 where BLAS has no such kernels."""
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    known = bool(pools) and all(
        pool["internal_api"] == "openblas" and pool.get("architecture") in WITH_SMALL_KERNELS
        for pool in pools
    )
    return SMALL_PRODUCT if known else 0
