"""Fuzz the readers: good files spoilt in form or bytes, and random bytes; no traceback, no hang.

    python -m benchmarks.fuzz --inputs 10000 --guided > benchmarks/fuzz.md

Each reader gets so many inputs, and as many of those with which atheris looks for new branches of it.
Exit code 1 where a reader failed in another way than with its own error in one line.
"""

import argparse
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
LONGEST_SECONDS = 10
"""What takes longer is a hang."""


@dataclass
class Tried:
    """What became of the inputs of one reader; `failure` where it did something else than read or refuse."""

    read: int = 0
    refused: int = 0
    guided: int | None = None
    failure: str = ""


def fuzz(name: str, count: int, seed: int, tried: Tried) -> None:
    """Give a target so many inputs and note what became of them."""
    from fuzz_data import csv_files, idx_files
    from fuzz_results import TARGETS
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from mutation import inputs

    target, samples = TARGETS[name]
    own = {"a CSV file": csv_files, "an IDX file": idx_files}
    drawn = inputs(samples) | own[name]() if name in own else inputs(samples)

    @seeded(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    @given(drawn)
    def every(content: bytes) -> None:
        if hasattr(signal, "alarm"):
            signal.alarm(LONGEST_SECONDS)
        taken = target(content)
        tried.read, tried.refused = tried.read + taken, tried.refused + (not taken)

    try:
        every()
    except BaseException as failure:
        if isinstance(failure, KeyboardInterrupt):
            raise
        print("".join(traceback.format_exception(failure))[-2000:], file=sys.stderr)
        tried.failure = f"{failure!r:.200}"
    finally:
        if hasattr(signal, "alarm"):
            signal.alarm(0)


def hang(number: int, frame: object) -> None:
    """Turn an alarm into a failure."""
    raise TimeoutError(f"more than {LONGEST_SECONDS} s for one input")


@contextmanager
def guided(name: str, count: int, tried: Tried) -> Iterator[None]:
    """Let atheris look meanwhile for inputs that reach new branches of a reader, in a process of its own."""
    script = (
        "import sys, atheris\n"
        "with atheris.instrument_imports(include=['compare', 'data', 'tomllib']):\n"
        "    from fuzz_results import TARGETS\n"
        f"target = TARGETS[{name!r}][0]\n"
        "def once(content):\n    target(content)\n"
        "atheris.Setup(sys.argv, once)\natheris.Fuzz()\n"
    )
    from fuzz_results import TARGETS

    with tempfile.TemporaryDirectory(prefix="fuzz-corpus-") as folder:
        for number, sample in enumerate(TARGETS[name][1]):
            (Path(folder) / str(number)).write_bytes(sample)
        limits = [f"-runs={count}", f"-timeout={LONGEST_SECONDS}", "-max_len=65536"]
        told = Path(folder + ".txt")
        with told.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", script, *limits, f"-artifact_prefix={folder}/", folder],
                env=environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            try:
                yield
                code = process.wait()
            finally:
                process.kill()
        text = told.read_text(errors="replace")
        told.unlink()
    counted = re.search(r"^Done (\d+) ", text, re.MULTILINE)
    tried.guided = int(counted[1]) if counted else 0
    if code:
        print(text[-6000:], file=sys.stderr)
        tried.failure = f"guided: exit code {code}"


def environment() -> dict[str, str]:
    """Return an environment in which the tests' modules are found."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1000, metavar="N", help="for each reader")
    parser.add_argument("--guided", action="store_true", help="as many coverage-guided ones, too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="NAME", help="one reader")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(TESTS))
    from fuzz_results import TARGETS

    if options.guided and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (pip install 'side-by-side[fuzz]')", file=sys.stderr)
        return 2
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, hang)
    print("| reader | inputs | read | refused in a line | guided by coverage | else |")
    print("| --- | --- | --- | --- | --- | --- |")
    failed = False
    for name in [name for name in TARGETS if options.only in (None, name)]:
        tried = Tried()
        with guided(name, options.inputs, tried) if options.guided else nullcontext():
            fuzz(name, options.inputs, options.seed, tried)
        counts = (tried.read + tried.refused, tried.read, tried.refused)
        more = "-" if tried.guided is None else f"{tried.guided:,}"
        columns = [name, *(f"{count:,}" for count in counts), more, tried.failure or "nothing"]
        print(f"| {' | '.join(columns)} |", flush=True)
        failed = failed or bool(tried.failure)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
