"""Kill a run at random moments, resume it, and compare its table with that of a run nobody disturbed.

    python -m benchmarks.faults --kills 100

Each kill is a real signal to the real command: SIGKILL mostly, else SIGINT, SIGTERM or SIGHUP. After each,
what is on disk must be what was there before and whole lines more, and no process may be left. Exit code 1
if not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

COMMAND = (sys.executable, "-m", "compare.run")
SIGNALS = (*["SIGKILL"] * 5, "SIGINT", "SIGTERM", "SIGHUP")
LONGEST = 300.0
"""Seconds after which a run that nobody disturbs counts as hanging."""
MARK = "SIDE_BY_SIDE_FAULTS"
TIMES = ("seconds", "time_", "floor_", "compile_", "flags")
"""How the keys of the summary begin that no two runs share."""
EXPERIMENT = """
title = "Killed and resumed"
[data]
dataset = "three.csv"
[model]
hidden = [5]
[training]
epochs = 40
target = 0.5
lr = 0.5
[factors]
implementations = ["numpy"]
batch_sizes = ["full", 16, 7]
[run]
seeds = [0, 1, 2]
processes = 1
rounds = 2
"""


class HarmError(AssertionError):
    """A kill did more harm than it may."""


@dataclass
class Record:
    """What the kills met: how many of each signal, where, and how often a run had to be begun anew."""

    kills: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    trials: int = 0
    left_folders: int = 0


def prepare(folder: Path, experiment: str = EXPERIMENT) -> Path:
    """Write the experiment and its data into a folder; return the experiment's path."""
    rng = np.random.default_rng(7)
    labels = np.arange(90) % 3
    features = np.eye(3)[labels] + rng.normal(0, 0.4, (90, 3))
    rows = [
        f"{label},{','.join(f'{x:.4f}' for x in row)}" for label, row in zip(labels, features, strict=True)
    ]
    (folder / "three.csv").write_text("\n".join(["label,p,q,r", *rows]) + "\n")
    (folder / "killed.toml").write_text(experiment)
    return folder / "killed.toml"


def table(directory: Path) -> list[dict[str, Any]]:
    """Return what must be equal: the summary without its times, and each run's weights and losses."""
    document = json.loads((directory / "results.json").read_text())
    rows = [
        {key: value for key, value in row.items() if not key.startswith(TIMES)} for row in document["summary"]
    ]
    for run in document["runs"]:
        losses = [[point["train_loss"], point["test_loss"], point["test_accuracy"]] for point in run["curve"]]
        names = ("implementation", "batch_size", "seed", "status", "final_weights_sha256")
        rows.append({**{name: run[name] for name in names}, "losses": losses})
    rows.append({"timings": [[t["batch_size"], t["again"], t["process"]] for t in document["timings"]]})
    return rows


class Victim:
    """The command in a folder, run, killed and resumed."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder, self.command = folder, list(command)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.mark = f"{MARK}={folder}"

    def start(self, directory: Path) -> subprocess.Popen[str]:
        """Begin in a directory, or go on where something was begun."""
        begun = (directory / "experiment.json").exists()
        where = ["--resume", directory.name] if begun else ["killed.toml", "--output", directory.name]
        return subprocess.Popen(
            [*self.command, *where, "--quiet"],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _environment(self) -> Mapping[str, str]:
        here = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        return {**os.environ, "TMPDIR": str(self.temporary), MARK: str(self.folder), "PYTHONPATH": path}

    def whole(self, directory: Path) -> float:
        """Run undisturbed to the end; return the seconds it took."""
        began = time.monotonic()
        process = self.start(directory)
        _, told = process.communicate(timeout=LONGEST)
        if process.returncode != 0:
            raise HarmError(f"undisturbed, it ended with exit code {process.returncode}: {told}")
        return time.monotonic() - began

    def disturbed(self, directory: Path, after: float, name: str) -> bool:
        """Start it and send a signal after some seconds; return whether it had ended by then."""
        before = lines_of(directory)
        process = self.start(directory)
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, told = process.communicate(timeout=after)
            if process.returncode != 0:
                raise HarmError(f"resumed, it ended with exit code {process.returncode}: {told}")
            return True
        process.send_signal(getattr(signal, name))
        _, told = process.communicate(timeout=60)
        self.inspect(directory, before, process.returncode, name, told)
        return False

    def inspect(
        self, directory: Path, before: Mapping[str, list[bytes]], code: int, name: str, told: str
    ) -> None:
        """Raise HarmError where a kill lost, tore or left behind what it may not."""
        number = int(getattr(signal, name))
        early = code == -number  # before the command could say what is to happen
        if not early and (code not in (0, 130) or "Traceback" in told or told.strip().count("\n")):
            raise HarmError(f"after {name} it ended with exit code {code} and said: {told}")
        for journal, lines in lines_of(directory).items():
            if lines[: len(before[journal])] != before[journal]:
                raise HarmError(f"after {name}, {journal} has lost lines that it had")
            for line in lines:
                json.loads(line)
        for document in ("experiment.json", "results.json"):
            if (directory / document).exists():
                json.loads((directory / document).read_bytes())
        end = time.monotonic() + 10
        while left := self.processes():
            if time.monotonic() > end:
                raise HarmError(f"after {name}, the processes {left} are left")
            time.sleep(0.01)

    def processes(self) -> list[int]:
        """Return the living processes of this folder's runs."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found


def lines_of(directory: Path) -> dict[str, list[bytes]]:
    """Return the whole lines of both journals."""
    found = {}
    for name in ("runs.jsonl", "timings.jsonl"):
        content = (directory / name).read_bytes() if (directory / name).exists() else b""
        found[name] = content[: content.rfind(b"\n") + 1].splitlines()
    return found


def stage(directory: Path) -> str:
    """Say how far a killed run had come."""
    lines = lines_of(directory)
    if not (directory / "experiment.json").exists():
        return "before it had begun"
    if (directory / "results.json").exists():
        return "while it wrote the results"
    if lines["timings.jsonl"]:
        return "while it was timing"
    return "while it made the runs" if lines["runs.jsonl"] else "before the first run was made"


def torment(
    folder: Path,
    kills: int,
    seed: int,
    command: Sequence[str] = COMMAND,
    quiet: bool = False,
    experiment: str = EXPERIMENT,
) -> Record:
    """Kill and resume until there were so many kills, each trial to its end; raise HarmError for any harm."""
    victim, rng, record = Victim(folder, command), np.random.default_rng(seed), Record()
    prepare(folder, experiment)
    seconds = victim.whole(folder / "whole")
    expected = table(folder / "whole")
    while record.kills.total() < kills:
        record.trials += 1
        directory = folder / f"trial-{record.trials}"
        while record.kills.total() < kills:
            name = SIGNALS[rng.integers(len(SIGNALS))]
            if victim.disturbed(directory, float(rng.uniform(0, 1.1 * seconds)), name):
                break
            record.kills[name] += 1
            record.found[stage(directory)] += 1
            if not quiet:
                print(f"{record.kills.total()} of {kills}: {name} {stage(directory)}", file=sys.stderr)
        else:
            victim.whole(directory)
        if table(directory) != expected:
            raise HarmError(f"{directory}: the table is not that of a run nobody disturbed")
    record.left_folders = len(list(victim.temporary.iterdir()))
    return record


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        try:
            record = torment(Path(name), options.kills, options.seed)
        except HarmError as harm:
            print(f"broken: {harm}")
            return 1
    print(f"{record.kills.total()} kills in {record.trials} runs; every one was resumed to the same table")
    for title, counts in (("signal", record.kills), ("moment", record.found)):
        for name, count in sorted(counts.items()):
            print(f"  {title}: {name}: {count}")
    print(f"  temporary folders left behind: {record.left_folders}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
