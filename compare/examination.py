"""From the options of `compare.check` to a verdict: the way a student's function takes."""

from typing import Any

from pydantic import ValidationError

from compare.check_options import DEFAULT_ROWS, GIVEN_ONCE, CheckOptions, singular
from compare.complaints import problems_of
from compare.experiment import Experiment
from compare.measure.task import dataset_of
from compare.overrides import flag_of, overridden
from compare.parity.student.gradient_check import check_gradients
from compare.parity.student.process import CheckError, Target, read_target
from compare.parity.student.question import Layout, pose_question
from compare.parity.updates.check import check_updates
from compare.parity.updates.question import pose_update_question
from compare.results import finite
from data import DataError

Document = dict[str, Any]
FLAG_OF = {flag.key: singular(flag.key) for flag in GIVEN_ONCE} | {
    "factors.optimizers": "--rule",
    "run.seeds": "--seed",
}
DEFAULTS: dict[str, Any] = {
    "training": {"epochs": 1},
    "factors": {"batch_sizes": [DEFAULT_ROWS], "dtypes": ["float64"]},
}


def examine(options: CheckOptions) -> Document:
    """Check what was asked and return the verdict, ready for JSON.

    Raises:
        CheckError: it could not be checked.
    """
    target, experiment = read_target(options.target), chosen_experiment(options)
    check = update_document if options.is_optimizer else gradient_document
    document: Document = {**head(options, target), **check(options, target, experiment), "error": None}
    return {key: finite(value) for key, value in document.items()}


def refused(options: CheckOptions, error: CheckError) -> Document:
    """Return the verdict on what could not be checked."""
    nothing = {"passed": False, "relative_error": None, "tolerance": None}
    loss = {} if options.is_optimizer else {"loss": nothing}
    failure = {"kind": error.kind, "message": str(error)}
    rest = {"tensors": [], "diagnosis": [], "changed": [], "notes": [], "error": failure}
    return {
        "schema_version": 1,
        "kind": "optimizer" if options.is_optimizer else "gradients",
        "target": options.target,
        "passed": False,
        **loss,
        **rest,
    }


def head(options: CheckOptions, target: Target) -> Document:
    """Return what both kinds of verdicts begin with."""
    kind = "optimizer" if options.is_optimizer else "gradients"
    return {"schema_version": 1, "kind": kind, "target": target.label}


def chosen_experiment(options: CheckOptions) -> Experiment:
    """Return an experiment that holds what the flags say of network, data and rule, all checked."""
    try:
        return Experiment.model_validate(overridden(DEFAULTS, options.overrides))
    except ValidationError as error:
        key, what = problems_of(error)[0]
        raise CheckError("usage", f"{FLAG_OF.get(key, flag_of(key))}: {what}") from None


def gradient_document(options: CheckOptions, target: Target, experiment: Experiment) -> Document:
    """Check a function for loss and gradients."""
    try:
        dataset = dataset_of(experiment, shown=not options.quiet)
    except DataError as error:
        raise CheckError("usage", f"--dataset: {error}") from None
    question = pose_question(experiment, dataset)
    layout: Layout = "columns" if options.layout == "columns" else "rows"
    verdict = check_gradients(target, question, layout, experiment.run.timeout)
    asked = {**question.to_dict(), "layout": layout, "init": experiment.model.init}
    return {"question": asked, **verdict.to_dict()}


def update_document(options: CheckOptions, target: Target, experiment: Experiment) -> Document:
    """Check an update rule."""
    question = pose_update_question(experiment, options.steps)
    asked = {
        "rule": question.rule,
        "hyperparameters": dict(question.hyperparameters[0]),
        "steps": question.steps,
        "lr_halved_at": question.halved_at,
        "seed": experiment.run.seeds[0],
    }
    return {"question": asked, **check_updates(target, question, experiment.run.timeout).to_dict()}
