"""The contract of an implementation, tried: a property a line, over a few small networks and update rules.

It runs wherever the implementation may run: in a contestant's own process. The measure of right and wrong is
the hand-written network in float64, with the tolerances of parity.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from compare.measure.contract.properties import PROPERTIES, Broken
from compare.measure.contract.trial import CASES, Case, Trial

__all__ = ["CASES", "PROPERTIES", "Finding", "check_contract"]


@dataclass(frozen=True)
class Finding:
    """A property, in how many cases it was tried, and what is wrong in the first where it does not hold.

    `excuse` is what the implementation declares for it: it then differs by design.
    """

    property: str
    cases: int
    wrong: str | None
    excuse: str | None


def check_contract(build: Callable[..., Any], cases: tuple[Case, ...] = CASES) -> dict[str, Any]:
    """Try every property in every case that the implementation does not refuse.

    Returns:
        "findings", a record for each property (`Finding`), and "refused": case and reason.
    """
    trials, refused = [], []
    for one in cases:
        trial = Trial(build, one)
        try:
            trial.fresh()
        except NotImplementedError as refusal:
            refused.append([one.label, " ".join(str(refusal).split()) or "it says no more"])
        else:
            trials.append(trial)
    declared: Mapping[str, str] = getattr(build, "deviations", {})
    findings = [tried(name, hold, trials, declared) for name, hold in PROPERTIES.items()]
    return {"findings": [asdict(finding) for finding in findings], "refused": refused}


def tried(
    name: str, hold: Callable[[Trial], None], trials: list[Trial], declared: Mapping[str, str]
) -> Finding:
    """Try a property in every case; the first where it does not hold, and is not excused, is told."""
    excused = None
    for trial in trials:
        try:
            with np.errstate(all="ignore"):
                hold(trial)
        except Broken as broken:
            if broken.subject not in declared:
                return Finding(name, len(trials), f"{broken} ({trial.case.label})", None)
            excused = Finding(name, len(trials), f"{broken} ({trial.case.label})", declared[broken.subject])
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            return Finding(name, len(trials), f"{told} ({trial.case.label})", None)
    return excused or Finding(name, len(trials), None, None)
