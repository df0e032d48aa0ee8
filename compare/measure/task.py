"""An experiment on a dataset: how that is had, the networks it needs, and whether the two go together."""

from compare.experiment import Experiment, ExperimentError
from compare.network import Network
from compare.targets import output_width
from data import Dataset, load_dataset


def dataset_of(experiment: Experiment, shown: bool = False, split_seed: int | None = None) -> Dataset:
    """Load the dataset that an experiment names; `shown`: show a download, on a terminal.

    `split_seed` draws another split than the fixed one.

    Raises:
        DataError: it cannot be had or used.
    """
    data = experiment.data
    return load_dataset(
        data.dataset,
        data.data_dir,
        data.test_fraction,
        split_seed,
        label_column=data.label_column,
        download=data.download,
        progress=shown,
    )


def network_of(experiment: Experiment, dataset: Dataset, objective: str) -> Network:
    """Return the network that an objective needs on a dataset."""
    Y = dataset.Y_train
    outputs = output_width(len(dataset.classes), Y.shape[1] if Y.ndim == 2 else 0, objective)
    output, loss = objective.split("+")
    sizes = (dataset.features, *experiment.model.hidden, outputs)
    return Network(sizes, experiment.activations(), output, loss, experiment.model.bias)


def check_fit(experiment: Experiment, dataset: Dataset) -> None:
    """Raise ExperimentError where the experiment asks of the data what they cannot give."""
    rows = len(dataset.X_train)
    for size in experiment.factors.batch_sizes:
        if isinstance(size, int) and size > rows:
            raise ExperimentError(
                f"factors.batch_sizes: {size} is more than the {rows} training rows; use 1 to {rows}, or full"
            )
    if dataset.is_classification:
        return
    for objective in experiment.factors.objectives:
        if not objective.endswith("+squared_error") or objective.startswith("softmax"):
            raise ExperimentError(
                f"factors.objectives: {objective} needs classes, and {dataset.name} has real targets; "
                f"use identity+squared_error"
            )
    if experiment.training.target is not None:
        raise ExperimentError(
            f"training.target: {dataset.name} has real targets and no accuracy; leave it out"
        )
