"""The parity check rejects every defect of the catalogue, on every preset, and nothing else."""

import numpy as np
import pytest

from compare.experiment import load_experiment
from compare.experiment_file import preset_names
from compare.parity.batch import draw_batch
from compare.parity.defects import gradients_with, suspects
from compare.parity.tolerance import relative_error, tolerances
from compare.parity.witnesses import ComplexStep, hear_witnesses
from data import load_dataset


def cases():
    for preset in preset_names():
        for objective in load_experiment(preset).factors.objectives:
            yield pytest.param((preset, objective), id=f"{preset}, {objective}")


@pytest.fixture(scope="module", params=cases())
def batch(request):
    """The batch that the gate compares on; mnist on its embedded fallback."""
    preset, objective = request.param
    experiment = load_experiment(preset)
    dataset = load_dataset(experiment.data.fallback or experiment.data.dataset)
    return draw_batch(experiment, dataset, objective, "float64")


def tensors(loss, gradients):
    return {name: np.copy(values) for name, values in gradients.items()} | {"loss": np.array(loss)}


def defective(batch):
    """Yield every defect at every place with what it leads to, but for those that change no bit here.

    Those are relu in place of identity where every output is positive, and the like.
    """
    arguments = (batch.network, batch.parameters, batch.X, batch.Y)
    right = tensors(*gradients_with(*arguments, []))
    for suspect in suspects(batch.network, len(batch.X)):
        wrong = tensors(*gradients_with(*arguments, [suspect]))
        if not all(np.array_equal(wrong[name], right[name]) for name in right):
            yield (suspect.defect.id, suspect.layer), wrong, right


def test_every_defect_is_rejected_and_the_right_gradients_are_not(batch):
    arguments = (batch.network, batch.parameters, batch.X, batch.Y)
    allowed = tolerances(*arguments, "float64")
    tried, missed = set(), []
    for place, wrong, right in defective(batch):
        tried.add(place[0])
        if not any(relative_error(wrong[name], right[name]) > allowed[name] for name in right):
            missed.append(place)
    assert missed == []
    assert len(tried) > 20
    said = hear_witnesses(right, right, ComplexStep(*arguments), allowed)
    assert {testimony.alone for testimony in said} == {None}


def test_complex_step_on_its_own_rejects_every_defect_that_keeps_its_shape(batch):
    arguments = (batch.network, batch.parameters, batch.X, batch.Y)
    allowed = tolerances(*arguments, "float64")
    witness, missed = ComplexStep(*arguments), []
    for place, wrong, right in defective(batch):
        same_shape = all(wrong[name].shape == right[name].shape for name in right)
        if same_shape and all(witness.error(name, wrong[name]) <= 2 * allowed[name] for name in right):
            missed.append(place)
    assert missed == []
