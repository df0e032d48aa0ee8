import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compare import experiment as experiment_module
from compare import experiment_file
from compare.experiment import Experiment, ExperimentError, load_experiment
from compare.experiment_file import preset_names, preset_titles
from compare.names import (
    ACTIVATIONS,
    DEFAULT_LR,
    DTYPES,
    INITS,
    OBJECTIVES,
    OPTIMIZERS,
    OPTIONS_OF_OPTIMIZER,
)

PRESETS = ("digits", "binary-columns", "chain-rule", "linear-graph", "mnist", "two-layer")


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def complaint(source, overrides=None, **options):
    with pytest.raises(ExperimentError) as caught:
        load_experiment(source, overrides, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def table(**training):
    return {"training": {"epochs": 1, **training}}


# Presets


def test_the_presets_are_listed_with_the_default_one_first():
    assert preset_names() == PRESETS
    assert tuple(preset_titles()) == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_loads_and_says_what_it_is(name):
    experiment = load_experiment(name)
    assert experiment.name == name
    assert experiment.title
    assert experiment.title != name
    assert experiment.description


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_preset_runs_with_every_optimizer_by_flag(name, optimizer):
    experiment = load_experiment(name, {"factors.optimizers": [optimizer]})
    assert experiment.optimizer_options(optimizer)["lr"] > 0


@pytest.mark.parametrize(
    ("overrides", "kept"),
    [
        ({"data.dataset": "mine.csv"}, False),
        ({"model.hidden": [100]}, False),
        ({"factors.batch_sizes": [8, "full"]}, False),
        ({"run.seeds": [0], "training.epochs": 2, "data.data_dir": "."}, True),
    ],
)
def test_a_description_goes_where_a_flag_changes_what_it_tells_of(overrides, kept):
    assert bool(load_experiment("digits", overrides).description) is kept


def test_no_source_is_the_digits_preset():
    assert load_experiment() == load_experiment("digits")


def test_mnist_goes_from_the_posts_hand_written_end_to_its_pytorch_end():
    cells = load_experiment("mnist").cells()
    ends = [(cell.implementation, cell.batch_size, cell.objective) for cell in (cells[0], cells[-1])]
    assert ends == [("numpy", "full", "sigmoid+squared_error"), ("torch", 64, "softmax+cross_entropy")]
    assert load_experiment("mnist").data.fallback == "digits"


def test_an_unknown_preset_names_the_nearest_and_all():
    message = complaint("digit")
    assert "'digit': no such preset; did you mean digits?" in message
    assert all(name in message for name in PRESETS)


# Files


def test_a_files_name_is_the_experiments_without_odd_signs(write):
    source = write("[training]\nepochs = 1\n", "my net (2)\n.v1.toml")
    assert load_experiment(source).name == "my-net-2-.v1"
    assert load_experiment(source).title == load_experiment(source).name


def test_a_missing_file_is_told_from_a_missing_preset(tmp_path):
    assert "no.toml: no such file; " in complaint(str(tmp_path / "no.toml"))
    assert "no.toml: no such file; " in complaint("no.toml")
    assert "no/such: no such file; " in complaint("no/such")


def test_a_directory_is_no_experiment(tmp_path):
    directory = tmp_path / "dir.toml"
    directory.mkdir()
    assert "dir.toml: is not a file; give the path of a TOML file" in complaint(str(directory))


def test_an_unreadable_file_says_why(write, monkeypatch):
    def refuse(path, mode):
        raise PermissionError(13, "Permission denied", path)

    source = write("")
    monkeypatch.setattr(experiment_file, "open", refuse, raising=False)
    assert "mine.toml: cannot be read (Permission denied); check the path and its" in complaint(source)


def test_a_path_with_a_null_sign_is_refused():
    assert "a\\x00b.toml: " in complaint("a\0b.toml")


def test_a_file_over_a_megabyte_is_refused(write):
    source = write("#" * 1_000_001)
    assert "is over 1000000 bytes; an experiment is a short TOML file" in complaint(source)
    assert "[" not in str(load_experiment(write("[training]\nepochs = 1\n#" + "#" * 999_970)).name)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[training]\nepochs = = 3\n", "line 2, column 10: is not TOML: "),
        ("[training]\nepochs = 1\nepochs = 2\n", "line 3, column 11: is not TOML: "),
        ("[training]\nepochs =", "line 2, column 9: is not TOML: "),
        ("a = " + "[" * 5000, "is nested too deeply"),
        ("a = " + "9" * 5000, "has a number of too many digits"),
        (b"# ok\na = '\xff'\n", "line 2: is not UTF-8 text; save the file as UTF-8"),
    ],
    ids=["syntax", "duplicate", "end", "nesting", "digits", "utf-8"],
)
def test_a_file_that_is_not_toml_says_where(write, text, where):
    assert f"mine.toml: {where}" in complaint(write(text))


@pytest.mark.parametrize("key", ["name", "shortened"])
def test_a_file_may_not_say_what_the_program_says(write, key):
    assert f"mine.toml: {key}: " in complaint(write(f"{key} = 'x'\n[training]\nepochs = 1\n"))


# Keys and values

ONE_LINERS = [
    ("[training]\nepoch = 1", "training.epoch: is not a key of [training]; did you mean epochs?"),
    ("[training]\nthing = 1", "training.thing: is not a key of [training]; known: epochs, updates, "),
    ("[factors]\nlr = 1", "factors.lr: does not belong here; write it under [training]"),
    ("epochs = 1", "epochs: does not belong here; write it under [training]"),
    ("[trainings]\nepochs = 1", "trainings: is not a section or key; did you mean training?"),
    ("training = 3", "training: must be a section of keys, not 3; write it as [training]"),
    ("title = 3", "title: input should be a valid string, not 3"),
    ("title = 'x'", "training: is missing; add the section with one of epochs, updates and seconds"),
    ("[training]\nlr = 1", "training: does not say for how long; give one of epochs, updates and seconds"),
    ("[training]\nepochs = 1\nupdates = 2", "training.updates: contradicts epochs; give one of"),
    ("[training]\nepochs = 0", "training.epochs: must be a whole number from 1 to 2147483647, not 0"),
    ("[training]\nepochs = true", "training.epochs: must be a whole number from 1 to 2147483647, not true"),
    ("[training]\nepochs = 1.0", "training.epochs: must be a whole number"),
    ("[training]\nepochs = 99999999999999999999", "training.epochs: must be a whole number"),
    ("[training]\nupdates = -1", "training.updates: must be a whole number from 1"),
    ("[training]\nseconds = 0", "training.seconds: must be a number above 0, not 0"),
    ("[training]\nseconds = 601", "training.seconds: 601 s is more than run.timeout (600 s) allows; raise"),
    ("[training]\nepochs = 1\nlr = -0.1", "training.lr: must be a number above 0, not -0.1"),
    ("[training]\nepochs = 1\nlr = 0", "training.lr: must be a number above 0, not 0"),
    ("[training]\nepochs = 1\nlr = nan", "training.lr: must be a number above 0, not nan"),
    ("[training]\nepochs = 1\nlr = inf", "training.lr: must be a number above 0, not inf"),
    ("[training]\nepochs = 1\nlr = " + "9" * 400, "training.lr: must be a number above 0, not 999"),
    (
        "[training]\nepochs = 1\nlr = {}",
        "training.lr: must be a number above 0 or a table such as {sgd = 0.5}",
    ),
    ("[training]\nepochs = 1\nlr = {sdg = 1}", "training.lr: 'sdg' is not known; did you mean sgd?"),
    ("[training]\nepochs = 1\nlr = {sgd = 0}", "training.lr: must be a number above 0, not 0"),
    ("[training]\nepochs = 1\nmomentum = 1", "training.momentum: must be a number from 0 to below 1, not 1"),
    ("[training]\nepochs = 1\ndampening = 1.1", "training.dampening: must be a number from 0 to 1, not 1.1"),
    ("[training]\nepochs = 1\nweight_decay = -1", "training.weight_decay: must be a number from 0, not -1"),
    ("[training]\nepochs = 1\nnesterov = 1", "training.nesterov: must be true or false, not 1"),
    (
        "[training]\nepochs = 1\ntarget = 95",
        "training.target: must be an accuracy above 0 and up to 1, not 95",
    ),
    ("[training]\nepochs = 1\nnesterov = true", "training.nesterov: needs a momentum above 0; set momentum"),
    (
        "[training]\nepochs = 1\nnesterov = true\nmomentum = 0.9\ndampening = 0.1",
        "training.nesterov: needs dampening 0; leave one of the two out",
    ),
    (
        "[training]\nepochs = 1\nbeta1 = 0.9",
        "training.beta1: is not an option of sgd; leave it out, or choose",
    ),
    ("[data]\ndataset = ''", "data.dataset: must be a text that is not empty, not ''"),
    ("[data]\ndata_dir = 1", "data.data_dir: must be a text that is not empty, not 1"),
    (
        "[data]\nlabel_column = 0",
        "data.label_column: must be the number of a column, from 1, or its name, not 0",
    ),
    ("[data]\ndownload = 1", "data.download: must be true or false, not 1"),
    ("[data]\ntest_fraction = 1", "data.test_fraction: must be a number between 0 and 1, not 1"),
    ("[model]\nhidden = 10", "model.hidden: must be a list, such as [10]"),
    ("[model]\nhidden = [10, 0]", "model.hidden: must be a whole number from 1 to 2147483647, not 0"),
    ("[model]\nactivation = 'sigmoïd'", "model.activation: 'sigmoïd' is not known; did you mean sigmoid?"),
    (
        "[model]\nactivation = 'swish'",
        "model.activation: 'swish' is not known; known: sigmoid, tanh, relu, id",
    ),
    ("[model]\nactivation = ['tanh', 'tan']", "model.activation: 'tan' is not known; did you mean tanh?"),
    ("[model]\nbias = 'no'", "model.bias: must be true or false, not 'no'"),
    ("[model]\ninit = 'torch'", "model.init: 'torch' is not known; did you mean pytorch?"),
    ("[factors]\nimplementations = []", "factors.implementations: must have at least one value, not none"),
    ("[factors]\nbatch_sizes = [32, 32]", "factors.batch_sizes: has 32 more than once; name each value once"),
    (
        "[factors]\nbatch_sizes = ['all']",
        "factors.batch_sizes: each must be a whole number of samples from 1",
    ),
    ("[factors]\nbatch_sizes = [0]", "factors.batch_sizes: each must be a whole number of samples from 1"),
    ("[factors]\noptimizers = ['addam']", "factors.optimizers: 'addam' is not known; did you mean adam?"),
    ("[factors]\ndtypes = ['float16']", "factors.dtypes: 'float16' is not known; did you mean float"),
    ("[factors]\nthreads = [0]", "factors.threads: must be a whole number from 1"),
    (
        "[factors]\nobjectives = ['relu+cross_entropy']",
        "factors.objectives: 'relu+cross_entropy' is not defined; cross_entropy goes with the outputs sig",
    ),
    ("[factors]\nobjectives = ['softmax']", "factors.objectives: 'softmax' is not a known OUTPUT+LOSS; "),
    ("[factors]\nobjectives = [3]", "factors.objectives: 3 is not a known OUTPUT+LOSS; known: identity+"),
    ("[factors]\nobjectives = ['softmax+crossentropy']", "did you mean softmax+cross_entropy?"),
    ("[run]\nseeds = []", "run.seeds: must have at least one value, not none"),
    ("[run]\nseeds = [-1]", "run.seeds: must be a whole number from 0 to 2147483647, not -1"),
    ("[run]\nseeds = [1, 2, 1]", "run.seeds: has 1 more than once; name each value once"),
    ("[run]\ntimeout = 0", "run.timeout: must be a number above 0, not 0"),
    (
        "[run]\nreference = 'jax'",
        "run.reference: 'jax' is not among the implementations; known: numpy, torch",
    ),
]


@pytest.mark.parametrize(("text", "expected"), ONE_LINERS, ids=[text for text, _ in ONE_LINERS])
def test_a_wrong_file_gets_one_line_with_file_key_and_remedy(write, text, expected):
    if "training" not in text and "title" not in text and "epochs" not in text:
        text += "\n[training]\nepochs = 1\n"
    message = complaint(write(text + "\n"))
    assert "mine.toml: " in message
    assert expected in message


def test_the_first_of_several_errors_is_told_and_the_rest_are_counted(write):
    message = complaint(write("[training]\nepochs = 0\nlr = 0\n[model]\nhidden = 3\n"))
    assert message.endswith("mine.toml: model.hidden: must be a list, such as [3] (and 2 more)")


@pytest.mark.parametrize(
    ("hidden", "activation"), [((), ("tanh",)), ((3, 4), ("tanh",)), ((3,), ("tanh", "relu"))]
)
def test_activations_must_be_one_per_hidden_layer(hidden, activation):
    message = complaint(None, {"model.hidden": hidden, "model.activation": activation})
    assert f"{len(activation)} names for {len(hidden)} hidden layers; give one name for all" in message


def test_signs_that_break_a_line_are_shown_as_escapes(write):
    message = complaint(write('[training]\nepochs = 1\n"a\\nb\\u001b" = 1\n'))
    assert "training.a\\nb\\x1b: is not a key" in message


def test_a_long_value_is_cut(write):
    assert len(complaint(write(f"[training]\nepochs = '{'x' * 9999}'\n"))) < 300


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_defined_objective_is_accepted(objective):
    assert load_experiment(None, {"factors.objectives": [objective]}).factors.objectives == (objective,)


def test_an_option_that_one_chosen_optimizer_knows_is_accepted():
    experiment = load_experiment(None, {"factors.optimizers": ["sgd", "adam"], "training.momentum": 0.9})
    assert experiment.optimizer_options("sgd") == {"lr": 0.5, "momentum": 0.9}
    assert experiment.optimizer_options("adam") == {"lr": 0.01}


# What this machine and this installation can run


def test_more_threads_than_processors_are_refused_with_their_count(monkeypatch):
    monkeypatch.setattr(experiment_module, "processor_count", lambda: 2)
    assert load_experiment(None, {"factors.threads": [1, 2]}).factors.threads == (1, 2)
    message = complaint(None, {"factors.threads": [1, 3]})
    assert message == "--threads: 3 is more than the 2 processors of this machine; use 1 to 2"


def test_results_of_a_larger_machine_can_still_be_read():
    table = load_experiment().to_dict()
    table["factors"]["threads"] = [100_000]
    table["factors"]["implementations"] = ["numpy", "elsewhere.py:Network"]
    assert Experiment.from_dict(table).factors.threads == (100_000,)


def test_an_unknown_implementation_names_the_nearest():
    message = complaint(None, {"factors.implementations": ["nunpy"]})
    assert message == "--implementations: 'nunpy' is not known; did you mean numpy?"


def test_the_known_implementations_can_be_extended():
    overrides = {"factors.implementations": ["numpy", "mine"]}
    experiment = load_experiment(None, overrides, implementations=("numpy", "torch", "mine"))
    assert experiment.factors.implementations == ("numpy", "mine")


@pytest.mark.parametrize(
    ("implementations", "named", "reference"),
    [
        (("numpy", "torch"), None, "torch"),
        (("numpy",), None, "numpy"),
        (("numpy", "torch"), "numpy", "numpy"),
    ],
)
def test_the_reference_is_the_one_named_else_torch_else_the_first(implementations, named, reference):
    overrides = {"factors.implementations": implementations, "run.reference": named}
    assert load_experiment(None, overrides).reference == reference


# Flags beat files


def test_a_flag_beats_the_file(write):
    source = write("[training]\nepochs = 3\n[model]\nhidden = [5]\nbias = true\n")
    experiment = load_experiment(source, {"model.hidden": [7, 8], "model.bias": False})
    assert experiment.model.hidden == (7, 8)
    assert experiment.model.bias is False
    assert experiment.training.epochs == 3


@pytest.mark.parametrize("key", ["epochs", "updates", "seconds"])
def test_a_length_by_flag_replaces_the_files(key):
    training = load_experiment(None, {f"training.{key}": 7}).training
    assert (training.epochs, training.updates, training.seconds).count(None) == 2
    assert getattr(training, key) == 7


def test_two_lengths_by_flag_contradict_each_other():
    message = complaint(None, {"training.epochs": 1, "training.seconds": 2})
    assert message == "--seconds: contradicts epochs; give one of epochs, updates and seconds"


def test_an_error_in_a_flag_names_the_flag_and_not_the_file():
    assert complaint(None, {"factors.batch_sizes": ["ten"]}).startswith("--batch-sizes: each must be a whole")


def test_a_flag_may_supply_the_length_the_file_lacks(write):
    assert load_experiment(write(""), {"training.updates": 5}).training.updates == 5


@pytest.mark.parametrize(
    ("in_file", "by_flag", "merged"),
    [
        ("{sgd = 0.5, adam = 0.001}", {"adam": 0.01}, {"sgd": 0.5, "adam": 0.01}),
        ("0.5", {"adam": 0.01}, {"sgd": 0.5, "rmsprop": 0.5, "adam": 0.01, "adamw": 0.5}),
        ("{sgd = 0.5}", 0.1, 0.1),
    ],
    ids=["table and table", "number and table", "table and number"],
)
def test_a_rate_by_flag_leaves_the_other_optimizers_theirs(write, in_file, by_flag, merged):
    source = write(f"[training]\nepochs = 1\nlr = {in_file}\n")
    assert load_experiment(source, {"training.lr": by_flag}).training.lr == merged


def test_overrides_leave_the_callers_values_alone():
    overrides = {"model.hidden": [3], "training.epochs": 2}
    load_experiment(None, overrides)
    assert overrides == {"model.hidden": [3], "training.epochs": 2}


# The grid and the optimizers' options


def test_the_grid_has_implementations_innermost_and_threads_outermost(monkeypatch):
    monkeypatch.setattr(experiment_module, "processor_count", lambda: 2)
    factors = {
        "threads": [1, 2],
        "dtypes": ["float32", "float64"],
        "objectives": ["softmax+cross_entropy", "sigmoid+squared_error"],
        "optimizers": ["sgd", "adam"],
        "batch_sizes": ["full", 32],
        "implementations": ["numpy", "torch"],
    }
    overrides = {f"factors.{name}": levels for name, levels in factors.items()}
    cells = load_experiment(None, overrides).cells()
    order = {
        "threads": "threads",
        "dtype": "dtypes",
        "objective": "objectives",
        "optimizer": "optimizers",
        "batch_size": "batch_sizes",
        "implementation": "implementations",
    }
    assert len(cells) == len(set(cells)) == 64
    for number, cell in enumerate(cells):
        bits = f"{number:06b}"
        expected = [factors[order[key]][int(bit)] for key, bit in zip(order, bits, strict=True)]
        assert [getattr(cell, key) for key in order] == expected


def test_an_optimizer_gets_the_options_it_knows_and_no_others():
    overrides = {
        "factors.optimizers": list(OPTIMIZERS),
        "training.lr": {"sgd": 0.5},
        "training.momentum": 0.9,
        "training.nesterov": True,
        "training.alpha": 0.95,
        "training.beta1": 0.8,
        "training.eps": 1e-6,
        "training.weight_decay": 0.0,
    }
    experiment = Experiment.from_dict(
        {
            "factors": {"optimizers": list(OPTIMIZERS)},
            "training": {
                "epochs": 1,
                **{key[9:]: value for key, value in overrides.items() if key[:9] == "training."},
            },
        }
    )
    adam = {"lr": 1e-3, "beta1": 0.8, "eps": 1e-6, "weight_decay": 0.0}
    assert experiment.optimizer_options("adam") == experiment.optimizer_options("adamw") == adam
    assert experiment.optimizer_options("sgd") == {
        "lr": 0.5,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 0.0,
    }
    assert experiment.optimizer_options("rmsprop") == {
        "lr": 0.01,
        "momentum": 0.9,
        "alpha": 0.95,
        "eps": 1e-6,
        "weight_decay": 0.0,
    }


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_without_a_rate_gets_torchs_own(optimizer):
    import inspect

    import torch

    cls = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}[optimizer]
    own = inspect.signature(getattr(torch.optim, cls)).parameters["lr"].default
    experiment = Experiment.from_dict({**table(), "factors": {"optimizers": [optimizer]}})
    assert experiment.optimizer_options(optimizer) == {"lr": own}
    assert DEFAULT_LR[optimizer] == own


def test_one_activation_serves_every_hidden_layer():
    experiment = load_experiment(None, {"model.hidden": [3, 4], "model.activation": "relu"})
    assert experiment.activations() == ("relu", "relu")
    experiment = load_experiment(None, {"model.hidden": [3, 4], "model.activation": ["relu", "tanh"]})
    assert experiment.activations() == ("relu", "tanh")
    assert load_experiment(None, {"model.hidden": []}).activations() == ()


# --fast


@pytest.mark.parametrize(
    ("key", "length", "short"),
    [("epochs", 60, 12), ("epochs", 3, 1), ("updates", 1, 1), ("seconds", 10, 2.0), ("seconds", 0.5, 0.5)],
)
def test_fast_takes_two_seeds_and_a_fifth_and_says_so(key, length, short):
    experiment = load_experiment(None, {f"training.{key}": length}).fast()
    assert experiment.run.seeds == (0, 1)
    assert getattr(experiment.training, key) == short
    unit = key.removesuffix("s") if length == 1 else key
    told = f"--fast: 2 of 5 seeds, {short:g} of {length:g} {unit}, times from 2 x 3 blocks"
    assert experiment.shortened == told
    assert (experiment.run.processes, experiment.run.rounds) == (2, 3)


def test_fast_lengthens_nothing():
    few = {"run.processes": 1, "run.rounds": 2}
    fast = load_experiment(None, few).fast()
    assert (fast.run.processes, fast.run.rounds) == (1, 2)
    assert "times" not in load_experiment(None, {"run.processes": 0}).fast().shortened


def test_rigorous_takes_more_processes_and_rounds_and_shortens_nothing():
    rigorous = load_experiment().rigorous()
    assert (rigorous.run.processes, rigorous.run.rounds) == (10, 12)
    assert (rigorous.shortened, rigorous.training) == ("", load_experiment().training)
    more = load_experiment(None, {"run.processes": 20, "run.rounds": 30}).rigorous()
    assert (more.run.processes, more.run.rounds) == (20, 30)


def test_fast_leaves_the_experiment_itself_as_it_was():
    experiment = load_experiment()
    assert experiment.fast() != experiment
    assert (experiment.shortened, len(experiment.run.seeds), experiment.training.epochs) == ("", 5, 60)


# Frozen, and the same after a journey through JSON


def test_an_experiment_cannot_be_changed():
    experiment = load_experiment()
    with pytest.raises(ValueError, match="frozen"):
        experiment.name = "other"
    with pytest.raises(ValueError, match="frozen"):
        experiment.training.epochs = 3


def rates():
    return st.floats(1e-9, 1e3)


def levels(values, least=1):
    return st.lists(values, min_size=least, max_size=3, unique=True)


@st.composite
def experiments(draw):
    hidden = draw(st.lists(st.integers(1, 500), max_size=4))
    many = st.lists(st.sampled_from(ACTIVATIONS), min_size=len(hidden), max_size=len(hidden))
    optimizers = draw(levels(st.sampled_from(OPTIMIZERS)))
    known = sorted({name for optimizer in optimizers for name in OPTIONS_OF_OPTIMIZER[optimizer]})
    below_one = st.floats(0, 0.999)
    values = dict.fromkeys(("momentum", "dampening", "weight_decay", "alpha", "beta1", "beta2"), below_one)
    lr = st.one_of(rates(), st.dictionaries(st.sampled_from(OPTIMIZERS), rates(), min_size=1))
    values |= {"lr": lr, "eps": rates(), "nesterov": st.just(False)}
    training = {name: draw(values[name]) for name in known if draw(st.booleans())}
    length = draw(st.sampled_from(["epochs", "updates", "seconds"]))
    training[length] = draw(st.integers(1, 600))
    return {
        "name": draw(st.text()),
        "title": draw(st.text()),
        "data": {
            "dataset": draw(st.sampled_from(["digits", "x.csv"])),
            "data_dir": draw(st.sampled_from([None, "a/b"])),
            "label_column": draw(st.sampled_from([None, 2, "class"])),
            "download": draw(st.booleans()),
        },
        "model": {
            "hidden": hidden,
            "activation": draw(st.one_of(st.sampled_from(ACTIVATIONS), many)),
            "bias": draw(st.booleans()),
            "init": draw(st.sampled_from(INITS)),
        },
        "training": training,
        "factors": {
            "implementations": draw(levels(st.sampled_from(["numpy", "torch", "mine.py:Net"]))),
            "objectives": draw(levels(st.sampled_from(OBJECTIVES))),
            "batch_sizes": draw(levels(st.one_of(st.just("full"), st.integers(1, 10_000)))),
            "optimizers": optimizers,
            "dtypes": draw(levels(st.sampled_from(DTYPES))),
            "threads": draw(levels(st.integers(1, 128))),
        },
        "run": {"seeds": draw(levels(st.integers(0, 2**31 - 1))), "timeout": draw(st.floats(600, 1e6))},
    }


@given(experiments())
@settings(max_examples=100, derandomize=True, deadline=None)
def test_json_and_back_gives_the_same_experiment(table):
    experiment = Experiment.from_dict(table)
    text = json.dumps(experiment.to_dict(), allow_nan=False)
    assert Experiment.from_dict(json.loads(text)) == experiment
    assert Experiment.from_dict(json.loads(text)).cells() == experiment.cells()


KEYS = [
    f"{section}.{key}"
    for section, keys in load_experiment().to_dict().items()
    if isinstance(keys, dict)
    for key in keys
]
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*KEYS, "training.x", "x.y", "x"]), ANYTHING, min_size=1, max_size=3))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_any_override_is_either_an_experiment_or_one_line(overrides):
    message = ""
    try:
        json.dumps(load_experiment(None, overrides).to_dict(), allow_nan=False)
    except ExperimentError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
    assert len(message) < 500


@pytest.mark.parametrize("table", [{}, {"training": {"epochs": 1}, "thing": 2}, {"training": None}])
def test_a_table_that_is_no_experiment_is_refused_in_one_line(table):
    with pytest.raises(ExperimentError, match=r"^experiment: [^\n]*$"):
        Experiment.from_dict(table)


def test_the_vocabulary_leaves_the_frameworks_unloaded():
    code = "import sys, compare.experiment; print(sorted({'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
