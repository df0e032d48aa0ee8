"""Kill a run in each of its stages, resume it, and compare its table with that of a run nobody disturbed.

    python -m benchmarks.faults --kills 100 > benchmarks/kills.md

Each kill is a real signal to the real command, at a random moment of a stage: SIGKILL twice as often as
SIGTERM, SIGINT and SIGHUP, with one job or two. After each, what is on disk must be what was there before
and whole lines more, and no process may be left. Exit code 1 if not.
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
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stages import FILE, STAGES, START, reached
from compare.store import JOURNALS

COMMAND = (sys.executable, "-m", "benchmarks.stages")
SIGNALS = ("SIGKILL", "SIGTERM", "SIGKILL", "SIGINT", "SIGHUP")
"""In turn within a stage, which begins with the signal of its own place."""
AT_ANY_TIME = STAGES[:2]
"""The stages that a resumed run goes through again."""
LONGEST = 300.0
"""Seconds after which a run that nobody disturbs counts as hanging."""
MARK = "SIDE_BY_SIDE_FAULTS"
TIMES = ("seconds", "time_", "floor_", "compile_", "flags")
"""How the keys of the summary begin that no two runs share."""
EXPERIMENT = """
title = "Killed and resumed"
[data]
dataset = "digits"
[model]
hidden = [8]
[training]
epochs = 20
target = 0.5
tune_lr = 3
[factors]
implementations = ["numpy"]
batch_sizes = ["full", 32]
[run]
seeds = [0, 1]
processes = 1
rounds = 2
floor = false
noise_scale = true
"""


class HarmError(AssertionError):
    """A kill did more harm than it may."""


@dataclass
class Record:
    """What the kills met: how many by stage and signal, and by stage with two jobs; runs begun anew."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    at_once: Counter[str] = field(default_factory=Counter)
    trials: int = 0
    left_folders: int = 0

    def of(self, stage: str) -> int:
        """Return how many kills fell into a stage."""
        return sum(count for (where, _), count in self.kills.items() if where == stage)


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


def table(directory: Path) -> dict[str, Any]:
    """Return what must be equal: the names of the files, and what the results say besides times."""
    document = json.loads((directory / "results.json").read_text())
    rows = [
        {key: value for key, value in row.items() if not key.startswith(TIMES)} for row in document["summary"]
    ]
    for run in document["runs"]:
        losses = [[point["train_loss"], point["test_loss"], point["test_accuracy"]] for point in run["curve"]]
        names = ("implementation", "batch_size", "seed", "status", "final_weights_sha256")
        rows.append({**{name: run[name] for name in names}, "losses": losses})
    return {
        "files": sorted(str(path.relative_to(directory)) for path in directory.rglob("*")),
        "rows": rows,
        "timings": [[t["batch_size"], t["implementation"], t["process"]] for t in document["timings"]],
        **{key: document.get(key) for key in ("parity", "derivation", "tuning", "noise_scale", "pictures")},
    }


def durations(noted: Sequence[tuple[str, float]], began: float, ended: float) -> dict[str, float]:
    """Return how long each stage of a run took, in seconds."""
    every = [(START, began), *noted, ("", ended)]
    return {name: after - before for (name, before), (_, after) in pairwise(every)}


class Victim:
    """The command in a folder, run, killed and resumed."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder, self.command = folder, list(command)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.mark = f"{MARK}={folder}"
        self.stages = folder / "stages"

    def start(self, directory: Path, jobs: int = 1) -> subprocess.Popen[str]:
        """Begin in a directory, or go on where something was begun."""
        begun = (directory / "experiment.json").exists()
        where = ["--resume", directory.name] if begun else ["killed.toml", "--output", directory.name]
        self.stages.unlink(missing_ok=True)
        return subprocess.Popen(
            [*self.command, *where, "--quiet", "--jobs", str(jobs)],
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
        own = {"TMPDIR": str(self.temporary), MARK: str(self.folder), FILE: str(self.stages)}
        return {**os.environ, **own, "PYTHONPATH": path}

    def whole(self, directory: Path) -> dict[str, float]:
        """Run undisturbed to the end; return the seconds that each stage took."""
        began = time.monotonic()
        process = self.start(directory)
        _, told = process.communicate(timeout=LONGEST)
        if process.returncode != 0:
            raise HarmError(f"undisturbed, it ended with exit code {process.returncode}: {told}")
        return durations(reached(self.stages), began, time.monotonic())

    def disturbed(self, directory: Path, stage: str, after: float, name: str, jobs: int) -> str | None:
        """Start it and send a signal some seconds after it has come to a stage.

        Returns: the stage in which the signal ended it, or None where it came to its own end.
        """
        before = lines_of(directory)
        process = self.start(directory, jobs)
        end = time.monotonic() + LONGEST
        while process.poll() is None and STAGES.index(self.now()) < STAGES.index(stage):
            if time.monotonic() > end:
                raise HarmError(f"it does not come to the stage {stage}")
            time.sleep(0.002)
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, told = process.communicate(timeout=after)
            if process.returncode != 0:
                raise HarmError(f"resumed, it ended with exit code {process.returncode}: {told}")
            return None
        met = self.now()
        process.send_signal(getattr(signal, name))
        _, told = process.communicate(timeout=60)
        self.inspect(directory, before, process.returncode, name, told)
        return None if process.returncode == 0 else met

    def now(self) -> str:
        """Return the stage of the run in progress."""
        return ([(START, 0.0), *reached(self.stages)])[-1][0]

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
    """Return the whole lines of all journals."""
    found = {}
    for name in sorted(JOURNALS):
        content = (directory / name).read_bytes() if (directory / name).exists() else b""
        found[name] = content[: content.rfind(b"\n") + 1].splitlines()
    return found


def in_order(stages: Collection[str], rng: np.random.Generator) -> list[str]:
    """Return stages as one run can be killed in them: as they come, those that come again anywhere."""
    order = [stage for stage in STAGES if stage in stages and stage not in AT_ANY_TIME]
    for stage in AT_ANY_TIME:
        if stage in stages:
            order.insert(int(rng.integers(len(order) + 1)), stage)
    return order


def torment(
    folder: Path,
    share: int,
    seed: int,
    command: Sequence[str] = COMMAND,
    quiet: bool = False,
    experiment: str = EXPERIMENT,
    stages: Sequence[str] = STAGES,
) -> Record:
    """Kill and resume until every stage has its share of kills, each trial to its end.

    Raises: HarmError for any harm, and where a stage is too short to be met.
    """
    victim, rng, record = Victim(folder, command), np.random.default_rng(seed), Record()
    for name in ("SIGINT", "SIGHUP"):  # ignored in the background, and so would its children ignore them
        if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), lambda *_: None)
    prepare(folder, experiment)
    seconds = victim.whole(folder / "whole")
    expected = table(folder / "whole")
    while lacking := [stage for stage in stages if record.of(stage) < share]:
        if record.trials == 5 * share:
            raise HarmError(f"in {record.trials} runs no {share} kills fell into {', '.join(lacking)}")
        record.trials += 1
        directory = folder / f"trial-{record.trials}"
        for stage in in_order(lacking, rng):
            name = SIGNALS[(record.of(stage) + STAGES.index(stage)) % len(SIGNALS)]
            jobs = int(rng.integers(1, 3))
            after = float(rng.uniform(0, seconds[stage]))
            met = victim.disturbed(directory, stage, after, name, jobs)
            if met is None:
                break
            record.kills[met, name] += 1
            record.at_once[met] += jobs == 2
            if not quiet:
                told = f"{name} in stage {met}, {jobs} at once"
                print(f"{record.kills.total()} kills: {told}", file=sys.stderr, flush=True)
        else:
            victim.whole(directory)
        if (found := table(directory)) != expected:
            different = ", ".join(key for key in expected if found[key] != expected[key])
            raise HarmError(f"{directory}: not the table of a run nobody disturbed, in {different}")
    record.left_folders = len(list(victim.temporary.iterdir()))
    return record


def told(record: Record) -> Iterator[str]:
    """Yield the lines of the page that say what became of the kills, in Markdown."""
    names = list(dict.fromkeys(SIGNALS))
    yield f"| killed in the stage | kills | {' | '.join(names)} | with `--jobs 2` | outcome |"
    yield "| --- " * (len(names) + 4) + "|"
    for stage in STAGES:
        counts = " | ".join(str(record.kills[stage, name]) for name in names)
        outcome = "resumed to the same table"
        yield f"| {stage} | {record.of(stage)} | {counts} | {record.at_once[stage]} | {outcome} |"
    yield ""
    yield f"{record.kills.total()} kills in {record.trials} runs, each resumed until it was done."


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="in all; each stage gets its share")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    share = -(-options.kills // len(STAGES))
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        try:
            record = torment(Path(name), share, options.seed)
        except HarmError as harm:
            print(f"broken: {harm}")
            return 1
    print("\n".join(told(record)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
