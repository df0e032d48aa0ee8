"""Fuzz the readers: good files spoilt and random bytes, thousands of each; no traceback, no hang.

    python -m benchmarks.fuzz --inputs 10000
    python -m benchmarks.fuzz --guided 60          coverage-guided, by atheris, seconds a reader

Exit code 1 where a reader failed in another way than with its own error in one line.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
LONGEST_SECONDS = 10
"""What takes longer is a hang."""


def fuzz(name: str, count: int, seed: int) -> bool:
    """Give a target so many inputs; print what became of it and return whether all went well."""
    from fuzz_results import TARGETS
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from mutation import inputs

    target, samples = TARGETS[name]
    tried = 0

    @seeded(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    @given(inputs(samples))
    def every(content: bytes) -> None:
        nonlocal tried
        tried += 1
        if hasattr(signal, "alarm"):
            signal.alarm(LONGEST_SECONDS)
        target(content)

    began = time.monotonic()
    try:
        every()
    except BaseException as failure:
        if isinstance(failure, KeyboardInterrupt):
            raise
        print("".join(traceback.format_exception(failure))[-2000:], file=sys.stderr)
        print(f"{name}: failed after {tried} inputs: {failure!r:.200}", flush=True)
        return False
    finally:
        if hasattr(signal, "alarm"):
            signal.alarm(0)
    print(
        f"{name}: {tried} inputs, {time.monotonic() - began:.0f} s, all read or refused in a line", flush=True
    )
    return True


def hang(number: int, frame: object) -> None:
    """Turn an alarm into a failure."""
    raise TimeoutError(f"more than {LONGEST_SECONDS} s for one input")


def guided(name: str, seconds: int) -> bool:
    """Let atheris look for inputs that reach new branches of a reader, in a process of its own."""
    script = (
        "import sys, atheris\n"
        "with atheris.instrument_imports(include=['compare', 'data', 'tomllib']):\n"
        "    from fuzz_results import TARGETS\n"
        f"target = TARGETS[{name!r}][0]\n"
        "atheris.Setup(sys.argv, target)\natheris.Fuzz()\n"
    )
    from fuzz_results import TARGETS

    with tempfile.TemporaryDirectory(prefix="fuzz-corpus-") as folder:
        for number, sample in enumerate(TARGETS[name][1]):
            (Path(folder) / str(number)).write_bytes(sample)
        limits = [f"-max_total_time={seconds}", f"-timeout={LONGEST_SECONDS}", "-max_len=8192"]
        done = subprocess.run(
            [sys.executable, "-c", script, *limits, f"-artifact_prefix={folder}/", folder],
            env=environment(),
            capture_output=True,
            text=True,
            errors="replace",
        )
    last = [line for line in done.stderr.splitlines() if line.startswith("Done") or "cov:" in line][-1:]
    print(f"{name}: {'well' if done.returncode == 0 else 'failed'}: {' '.join(last)}", flush=True)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:])
    return done.returncode == 0


def environment() -> dict[str, str]:
    """Return an environment in which the tests' modules are found."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1000, metavar="N", help="for each reader")
    parser.add_argument("--guided", type=int, metavar="SECONDS", help="coverage-guided instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="NAME", help="one reader")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(TESTS))
    from fuzz_results import TARGETS

    names = [name for name in TARGETS if options.only in (None, name)]
    if options.guided:
        try:
            import atheris  # noqa: F401
        except ImportError:
            print("atheris is not installed (pip install 'side-by-side[fuzz]'); nothing was guided")
            return 2
        failed = [name for name in names if not guided(name, options.guided)]
        return 1 if failed else 0
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, hang)
    failed = [name for name in names if not fuzz(name, options.inputs, options.seed)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
