"""What the derivations show of an experiment's networks: the key `derivation` of results.json."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from compare.analysis.back_propagation import BackPropagation
from compare.analysis.columns import column_table
from compare.analysis.graph import computation_graph
from compare.analysis.paths import path_table
from compare.analysis.samples import sample_table
from compare.results import finite


def derivation_of(passes: Sequence[BackPropagation], seed: int) -> dict[str, Any]:
    """Return the displays that fit the networks, ready for JSON.

    Args:
        passes: one pass an objective of the experiment, on the same batch.
        seed: of the initial weights.

    Returns:
        "rows" of the batch and "seed"; "graph" of the first objective; lists, with a table for each
        objective that has one, of "paths", "samples" and "columns".
    """
    tables = {"paths": path_table, "samples": sample_table, "columns": column_table}
    with np.errstate(all="ignore"):  # what is not finite is told as such
        graph = computation_graph(passes[0])
        made = {name: [t for passed in passes if (t := make(passed))] for name, make in tables.items()}
    displays: dict[str, Any] = finite(
        {
            "rows": len(passes[0].X),
            "seed": seed,
            "graph": asdict(graph),
            **{name: [asdict(table) for table in of_name] for name, of_name in made.items()},
        }
    )
    return displays
