"""A full batch spread over processes: shards, the proof, and the command under torchrun."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from compare import distributed
from compare.parity.sharded import Sharding, compared, shardings


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
@pytest.mark.parametrize("rows", [1, 7, 1438])
def test_every_row_is_in_exactly_one_shard(processes, rows):
    for sharding in shardings(processes):
        found = np.concatenate([sharding.rows_of(process, rows) for process in range(processes)])
        assert found.tolist() == list(range(rows))
        assert sum(sharding.counts(rows)) == rows


def test_shards_are_even_uneven_and_empty():
    assert [sharding.counts(90) for sharding in shardings(3)] == [[30, 30, 30], [15, 30, 45], [45, 45, 0]]
    assert [sharding.name for sharding in shardings(1)] == ["even"]


def test_a_gradient_beyond_its_tolerance_does_not_pass():
    right = (1.0, {"W1": np.ones((2, 2))})
    allowed = {"loss": 1e-12, "W1": 1e-12}
    slightly = (1.0, {"W1": np.ones((2, 2)) + 1e-9})
    assert [row["passed"] for row in compared(right, right, allowed)] == [True, True]
    assert [row["passed"] for row in compared(slightly, right, allowed)] == [True, False]


def test_without_torchrun_the_command_says_how_to_start_it(monkeypatch, capsys):
    monkeypatch.delenv("RANK", raising=False)
    assert distributed.main([]) == distributed.BAD_INPUT
    assert "torchrun --nproc-per-node 2 -m compare.distributed" in capsys.readouterr().err


def test_two_processes_add_up_the_hand_written_gradient_and_plain_averaging_does_not(tmp_path):
    path = tmp_path / "found.json"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["-m", "compare.distributed", "linear-graph", "--rounds", "2", "--json", str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(path.read_text())
    assert found["passed"]
    ways = {(proof["dtype"], proof["sharding"]): proof for proof in found["proofs"]}
    assert len(ways) == 6
    for (dtype, way), proof in ways.items():
        assert len(proof["tensors"]) == 4
        rounding = {"float32": 1e-5, "float64": 1e-13}[dtype]
        assert max(row["relative_error"] for row in proof["tensors"]) < rounding
        assert (proof["averaging_error"] > 1e-2) == (way != "even")
    assert math.isfinite(found["times"]["ratio"])
    assert "are the\nhand-written gradient of the whole batch" in done.stdout


def test_shares_are_those_of_the_weights():
    assert Sharding("x", (1.0, 3.0)).counts(8) == [2, 6]
