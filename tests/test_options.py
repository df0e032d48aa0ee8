import subprocess
import sys
from pathlib import Path

import pytest

from compare.experiment import ExperimentError, load_experiment
from compare.flags import FLAGS
from compare.options import build_parser, parse_options
from compare.sections import SECTIONS

HEAVY = {"numpy", "pandas", "pydantic", "scipy", "torch"}


def overrides(line):
    return parse_options(line.split()).overrides


def complaint(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        parse_options(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")
    return err


def test_every_key_of_an_experiment_has_a_flag_and_no_flag_is_without_a_key():
    keys = {f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields}
    assert {flag.key for flag in FLAGS} == keys
    assert len({flag.spelling for flag in FLAGS}) == len(FLAGS)


def test_help_states_the_defaults_the_experiment_has():
    for flag in FLAGS:
        section, _, key = flag.key.partition(".")
        default = SECTIONS[section].model_fields[key].default
        if isinstance(default, bool):
            shown = flag.spelling if default else f"--no-{flag.spelling[2:]}"
            assert flag.help.endswith(f"(default: {shown})")
        elif default is not None:
            values = default if isinstance(default, tuple) else (default,)
            shown = ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
            assert f"(default: {shown})" in flag.help


def test_nothing_asked_is_the_default_experiment():
    options = parse_options([])
    assert (options.source, options.overrides) == (None, {})
    assert not any([options.fast, options.rigorous, options.list_presets, options.quiet])
    assert options.output is None
    assert options.resume is None


def test_commands_own_flags_are_no_part_of_the_experiment():
    options = parse_options(["two-layer", "--fast", "--output", "a/b", "--list", "--quiet"])
    assert options.source == "two-layer"
    assert options.overrides == {}
    assert options.fast
    assert options.list_presets
    assert options.quiet
    assert options.output == Path("a/b")
    assert parse_options(["--resume", "c"]).resume == Path("c")
    assert parse_options(["--rigorous"]).rigorous


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ("--hidden 100,50", "model.hidden", [100, 50]),
        ("--hidden 100", "model.hidden", [100]),
        ("--hidden none", "model.hidden", []),
        ("--no-bias", "model.bias", False),
        ("--bias", "model.bias", True),
        ("--activation tanh", "model.activation", "tanh"),
        ("--activation tanh,relu", "model.activation", ["tanh", "relu"]),
        ("--batch-sizes full,32", "factors.batch_sizes", ["full", 32]),
        ("--implementations numpy", "factors.implementations", ["numpy"]),
        ("--threads 1,2", "factors.threads", [1, 2]),
        ("--lr 0.1", "training.lr", 0.1),
        ("--lr 1e-3", "training.lr", 1e-3),
        ("--lr sgd=0.5,adam=0.001", "training.lr", {"sgd": 0.5, "adam": 0.001}),
        ("--lr -1", "training.lr", -1),
        ("--seconds 2.5", "training.seconds", 2.5),
        ("--epochs ten", "training.epochs", "ten"),
        ("--nesterov", "training.nesterov", True),
        ("--seeds 0,1,2", "run.seeds", [0, 1, 2]),
        ("--dataset 7.csv", "data.dataset", "7.csv"),
        ("--label-column 3", "data.label_column", 3),
        ("--label-column 3.5", "data.label_column", "3.5"),
        ("--no-download", "data.download", False),
        ("--offline", "data.download", False),
    ],
)
def test_flags_turn_text_into_values(line, key, expected):
    assert overrides(line) == {key: expected}
    assert type(overrides(line)[key]) is type(expected)


ACCEPTED = """--vary-split --tune-lr 3 --noise-scale
--dataset digits --data-dir d --test-fraction 0.2 --label-column 2 --no-download
--fallback digits --hidden 100,50
--activation tanh --no-bias --init pytorch --implementations numpy,torch --reference torch
--objectives softmax+cross_entropy,sigmoid+squared_error --batch-sizes full,32 --optimizers sgd,rmsprop,adam
--lr sgd=0.1 --momentum 0.9 --dampening 0 --nesterov --weight-decay 0.01 --alpha 0.9 --beta1 0.8 --beta2 0.99
--eps 1e-7 --dtypes float64 --threads 1 --updates 10 --target 0.9 --seeds 3,4 --timeout 60
--memory-limit 2 --processes 2 --rounds 3 --no-null-test --no-floor --device cpu"""


def test_all_flags_together_make_an_experiment():
    experiment = load_experiment(None, overrides(ACCEPTED))
    named = {flag.key for flag in FLAGS} - {"training.epochs", "training.seconds"}
    assert set(overrides(ACCEPTED)) == named
    assert experiment.training.updates == 10
    assert experiment.training.epochs is None
    assert experiment.optimizer_options("adam")["beta2"] == 0.99
    assert len(experiment.cells()) == 2 * 2 * 2 * 3


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--epochs ten", "--epochs: must be a whole number from 1 to 2147483647, not 'ten'"),
        ("--epochs 1e3", "--epochs: must be a whole number from 1 to 2147483647, not 1000.0"),
        ("--lr nan", "--lr: must be a number above 0, not nan"),
        ("--lr sgd=", "--lr: must be a number above 0, not ''"),
        ("--lr 0.1,0.2", "--lr: must be a number above 0, not '0.1,0.2'"),
        ("--lr sdg=1", "--lr: 'sdg' is not known; did you mean sgd?"),
        ("--hidden 5,,3", "--hidden: must be a whole number from 1 to 2147483647, not ''"),
        ("--hidden=", "--hidden: is empty; give values, or say none"),
        ("--seeds=", "--seeds: is empty; give one value or more"),
        ("--seeds none", "--seeds: must have at least one value, not none"),
        ("--implementations=", "--implementations: must have at least one value, not none"),
        ("--dtypes float32,float32", "--dtypes: has 'float32' more than once; name each value once"),
        (
            "--momentum 0.9 --optimizers adam",
            "--momentum: is not an option of adam; leave it out, or choose sgd",
        ),
        ("--epochs 2 --updates 3", "--updates: contradicts epochs; give one of epochs, updates and seconds"),
    ],
)
def test_a_wrong_value_names_its_flag_and_the_remedy(line, expected):
    with pytest.raises(ExperimentError) as caught:
        load_experiment(None, overrides(line))
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--epoch", "5"], "error: --epoch: no such flag; did you mean --epochs?; see "),
        (["--batchsize=3"], "error: --batchsize: no such flag; did you mean --batch-sizes?; see "),
        (["--qui"], "error: --qui: no such flag"),
        (["--xyz\nabc"], "error: --xyz abc: no such flag; see "),
        (["digits", "mnist"], "error: 'mnist' is one argument too many; see "),
        (["--lr"], "error: --lr: expected one argument; see "),
        (["--fast=1"], "error: --fast: ignored explicit argument '1'; see "),
        (["--fast", "--rigorous"], "error: --rigorous: not allowed with argument --fast; see "),
    ],
    ids=["near", "with value", "abbreviated", "two lines", "two sources", "no value", "switch", "both paces"],
)
def test_a_wrong_flag_is_one_line_on_stderr_and_exit_code_2(arguments, expected, capsys):
    assert complaint(arguments, capsys).startswith(expected)


def test_help_groups_the_flags_and_explains_each(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_options(["--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0
    for group in ("factors", "data", "model", "training", "run"):
        assert f"\n{group}" in text
    assert all(flag.spelling in text for flag in FLAGS)
    assert all(action.help for action in build_parser()._actions)


def test_help_loads_nothing_heavy():
    code = f"import sys, compare.options; compare.options.build_parser().format_help()\n\
print(sorted({HEAVY!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
