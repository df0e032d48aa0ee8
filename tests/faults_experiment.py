"""What is tried on experiments, result directories and contestants: the rows of docs/faults.md."""

import atexit
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from contestant_support import write_csv
from faults import Fault

from compare import run as command
from compare.store import Store

Make = Callable[[Path], list[str]]

SMALL = """
[data]
dataset = "three.csv"
[model]
hidden = [5]
[training]
epochs = 2
lr = 0.5
[factors]
implementations = ["numpy"]
batch_sizes = [16]
[run]
seeds = [0, 1]
processes = 0
"""
HELD: list[Store] = []
"""Result directories that another run holds; whoever tries the fault lets them go afterwards."""


def flags(*arguments: str) -> Make:
    """A small experiment with flags that beat it."""

    def make(directory: Path) -> list[str]:
        return [*small(directory), *arguments, "--output", str(directory / "out")]

    return make


def small(directory: Path) -> list[str]:
    data = write_csv(directory / "three.csv")
    (directory / "small.toml").write_text(SMALL.replace("three.csv", str(data)))
    return [str(directory / "small.toml")]


def toml(content: str | bytes) -> Make:
    """An experiment's file."""

    def make(directory: Path) -> list[str]:
        raw = content.encode() if isinstance(content, str) else content
        (directory / "mine.toml").write_bytes(raw)
        return [str(directory / "mine.toml")]

    return make


def arguments(*words: str) -> Make:
    return lambda directory: list(words)


def folder_for_file(directory: Path) -> list[str]:
    (directory / "mine.toml").mkdir()
    return [str(directory / "mine.toml")]


def output(prepare: Callable[[Path], None], name: str = "out") -> Make:
    """A small experiment, and something in the way of its results."""

    def make(directory: Path) -> list[str]:
        prepare(directory / "out")
        return [*small(directory), "--output", str(directory / name)]

    return make


def occupied(out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").write_text("do not lose")


@functools.cache
def finished() -> Path:
    """A result directory of the small experiment, made once, and its data."""
    folder = Path(tempfile.mkdtemp(prefix="finished-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    assert command.main([*small(folder), "--output", str(folder / "out"), "--quiet"]) == 0
    return folder


def resumed(spoil: Callable[[Path], object], *more: str) -> Make:
    """A finished run whose directory is then spoilt, to be resumed."""

    def make(directory: Path) -> list[str]:
        shutil.copytree(finished() / "out", directory / "out")
        spoil(directory / "out")
        return ["--resume", str(directory / "out"), *more]

    return make


def record(**changed: object) -> Callable[[Path], None]:
    """Change what experiment.json says; a dict changes the keys it has."""

    def spoil(out: Path) -> None:
        path = out / "experiment.json"
        table = json.loads(path.read_text())
        for key, value in changed.items():
            table[key] = {**table[key], **value} if isinstance(value, dict) else value
        path.write_text(json.dumps(table))

    return spoil


def cut(out: Path) -> None:
    content = (out / "runs.jsonl").read_bytes()
    (out / "runs.jsonl").write_bytes(content[:-40])


def damaged(out: Path) -> None:
    lines = (out / "runs.jsonl").read_text().splitlines(keepends=True)
    (out / "runs.jsonl").write_text('{"half": \n' + lines[1])


def held(out: Path) -> None:
    HELD.append(Store.resume(out))


def piped(out: Path) -> None:
    (out / "runs.jsonl").unlink()
    os.mkfifo(out / "runs.jsonl")


def contestants(names: str, *more: str) -> Make:
    """One run of many contestants; those that misbehave do it past the gate."""
    return flags("--implementations", f"{names},numpy", "--seeds", "0", *more)


EXPERIMENTS: dict[str, Make] = {
    "batch of 0": flags("--batch-sizes", "0"),
    "batch beyond the training rows": flags("--batch-sizes", "16,1000"),
    "negative learning rate": flags("--lr", "-0.1"),
    "learning rate of nan": flags("--lr", "nan"),
    "negative weight decay": flags("--weight-decay", "-1"),
    "momentum of 1": flags("--momentum", "1"),
    "zero epochs": flags("--epochs", "0"),
    "epochs and updates at once": flags("--epochs", "2", "--updates", "3"),
    "no seeds": flags("--seeds", "none"),
    "seeds left empty": flags("--seeds="),
    "hidden layers left empty": flags("--hidden="),
    "a seed twice": flags("--seeds", "1,2,1"),
    "a batch size twice": flags("--batch-sizes", "full,16,full"),
    "an implementation twice": flags("--implementations", "numpy,numpy"),
    "an objective that is not defined": flags("--objectives", "tanh+cross_entropy"),
    "an objective misspelt": flags("--objectives", "softmax+crossentropy"),
    "an implementation misspelt": flags("--implementations", "numppy"),
    "momentum for an optimizer without": flags("--optimizers", "adam", "--momentum", "0.9"),
    "a reference that does not take part": flags("--reference", "torch"),
    "a time limit of 0": flags("--timeout", "0"),
    "a memory limit below 0": flags("--memory-limit", "-1"),
    "training longer than the time limit": flags("--seconds", "20", "--timeout", "10"),
    "a preset misspelt": arguments("digitz"),
    "a preset nobody knows": arguments("qqq"),
    "a flag misspelt": arguments("--epoch", "3"),
    "two presets": arguments("digits", "mnist"),
    "a file that is not there": arguments("missing.toml"),
    "a directory for a file": folder_for_file,
    "a file that is not TOML": toml("[training]\nepochs = = 3\n"),
    "a file that is not UTF-8": toml(b'[training]\nepochs = 3\ntitle = "\xff"\n'),
    "a file of many brackets": toml("a = " + "[" * 5000),
    "a file of 2 MB": toml("#" * 2_000_000),
    "an empty file": toml(""),
    "a key misspelt": toml("[training]\nepochz = 3\n"),
    "a key in the wrong section": toml("[training]\nepochs = 3\nhidden = [3]\n"),
    "a text for a number": toml('[training]\nepochs = "three"\n'),
    "a number of 5,000 digits": toml(f"[training]\nepochs = {'9' * 5000}\n"),
    "terminal commands in a value": toml('[training]\nepochs = "\\u001b[2J"\n'),
}
DIRECTORIES: dict[str, Make] = {
    "--output is a directory with something in it": output(occupied),
    "--output is a file": output(lambda out: out.touch()),
    "--output is below a file": output(lambda out: out.touch(), "out/deeper"),
    "--resume of a directory that is not there": arguments("--resume", "nowhere"),
    "--resume of a directory no run wrote": lambda directory: ["--resume", str(directory)],
    "--resume and another number of epochs": resumed(lambda out: None, "--epochs", "3"),
    "--resume and another preset": resumed(lambda out: None, "chain-rule"),
    "--resume and --output": resumed(lambda out: None, "--output", "elsewhere"),
    "--resume under another NumPy": resumed(record(conditions={"numpy": "1.26.4", "BLAS": "by hand"})),
    "--resume after handwritten/ was changed": resumed(record(conditions={"source of handwritten": "0"})),
    "--resume after the data were changed": resumed(record(data_sha256="0" * 64)),
    "--resume while another run writes there": resumed(held),
    "experiment.json is no JSON": resumed(lambda out: (out / "experiment.json").write_text("{")),
    "experiment.json holds something else": resumed(lambda out: (out / "experiment.json").write_text("{}")),
    "experiment.json of many brackets": resumed(
        lambda out: (out / "experiment.json").write_text("[" * 100_000)
    ),
    "experiment.json of 20 MB": resumed(lambda out: os.truncate(out / "experiment.json", 20_000_000)),
    "experiment.json with an impossible value": resumed(record(experiment={"factors": {"threads": [0]}})),
    "a damaged line in runs.jsonl": resumed(damaged),
    "runs.jsonl is a pipe": resumed(piped),
    "the last line of runs.jsonl is cut off": resumed(cut),
}
RUNS: dict[str, Make] = {
    "training that diverges": flags(
        *("--objectives", "identity+squared_error", "--activation", "identity", "--lr", "1e30"),
        *("--epochs", "40", "--seeds", "0"),
    ),
    "eight contestants in one run: one raises, ends its process, is killed, closes its pipes, leaves a "
    "process in another session, prints 50 MB without a line end, answers with deep brackets, raises "
    "terminal commands": (
        contestants(
            "raising-in-a-run,exiting-in-a-run,killed-in-a-run,closing,surviving,flooding,nested,escaping"
        )
    ),
    "a contestant that hangs": contestants("hanging-in-a-run", "--timeout", "1"),
    "a contestant that reports without end": contestants("babbling", "--timeout", "1"),
    "a contestant that leaks memory": contestants("leaking", "--memory-limit", "0.4"),
    "a contestant that is not there": contestants("unimportable"),
}
FAULTS = [Fault(title, make) for table in (EXPERIMENTS, DIRECTORIES, RUNS) for title, make in table.items()]
