"""Steps with other values of the constants that `handwritten/` found by timing, for `benchmarks.tricks`."""

from __future__ import annotations

from benchmarks.step_variants import Variant, same

PRODUCTS, TRAINING = "handwritten.products", "handwritten.training"
COLUMNS = f"{PRODUCTS}.ROWS_FOR_COLUMNS"

CONSTANTS = (
    Variant(
        "many rows 8",
        "`MANY_ROWS` 8, not 16",
        ("784-300-10 sgd 256,full",),
        same((f"{PRODUCTS}.MANY_ROWS", 8), (f"{TRAINING}.MANY_ROWS", 8)),
    ),
    Variant(
        "many rows 32",
        "`MANY_ROWS` 32",
        ("784-200-10 sgd 256,full", "784-30-10 sgd 1024,full"),
        same((f"{PRODUCTS}.MANY_ROWS", 32), (f"{TRAINING}.MANY_ROWS", 32)),
    ),
    Variant(
        "few rows 2",
        "`FEW_ROWS` 2, not 4",
        ("784-200-10 sgd 32,256",),
        same((f"{PRODUCTS}.FEW_ROWS", 2)),
    ),
    Variant(
        "few rows 8",
        "`FEW_ROWS` 8",
        ("784-200-10 sgd 32,256",),
        same((f"{PRODUCTS}.FEW_ROWS", 8)),
    ),
    Variant(
        "read again 2^20",
        "`READ_AGAIN` 4/4 MiB, not 3/4",
        ("784-300-10 sgd 32,256",),
        same((f"{PRODUCTS}.READ_AGAIN", 2**20)),
    ),
    Variant(
        "read again 2^19",
        "`READ_AGAIN` 2/4 MiB",
        ("784-200-10 sgd 32,256",),
        same((f"{PRODUCTS}.READ_AGAIN", 2**19)),
    ),
    Variant(
        "columns 65",
        "`ROWS_FOR_COLUMNS` from 65, not 129",
        ("784-200-10 sgd 128", "784-30-10 sgd 128"),
        same((COLUMNS, range(65, 513))),
    ),
    Variant(
        "columns 257",
        "`ROWS_FOR_COLUMNS` from 257",
        ("784-200-10 sgd 256", "784-30-10 sgd 256"),
        same((COLUMNS, range(257, 513))),
    ),
    Variant(
        "columns 256",
        "`ROWS_FOR_COLUMNS` to 256, not 512",
        ("784-30-10 sgd full", "64-32-10 sgd 512"),
        same((COLUMNS, range(129, 257))),
    ),
    Variant(
        "columns 1024",
        "`ROWS_FOR_COLUMNS` to 1024",
        ("64-32-10 sgd 1024",),
        same((COLUMNS, range(129, 1025))),
    ),
    Variant(
        "values half",
        "`VALUES_AT_ONCE` 225,000, not 450,000",
        ("784-200-10 sgd full", "784-30-10 sgd 1024,full", "64-32-10 sgd full"),
        same((f"{TRAINING}.VALUES_AT_ONCE", 225_000)),
    ),
    Variant(
        "values double",
        "`VALUES_AT_ONCE` 900,000",
        ("784-200-10 sgd 1024,full", "784-30-10 sgd 1024,full"),
        same((f"{TRAINING}.VALUES_AT_ONCE", 900_000)),
    ),
    Variant(
        "whole batch 128",
        "`WHOLE_BATCH` 128, not 256",
        ("784-500-10 sgd 256,full",),
        same((f"{TRAINING}.WHOLE_BATCH", 128)),
    ),
    Variant(
        "whole batch 512",
        "`WHOLE_BATCH` 512",
        ("784-200-10 sgd 512,full", "784-30-10 sgd 1024"),
        same((f"{TRAINING}.WHOLE_BATCH", 512)),
    ),
)
"""Steps with a constant at another value, mostly half or double."""
