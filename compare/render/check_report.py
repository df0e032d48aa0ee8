"""The verdict of `compare.check` as text: a line a tensor, then what is wrong, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from compare.plural import counted
from compare.render.text import Columns, grid, printable, scientific

WIDTH = 100

Document = Mapping[str, Any]


def check_report(document: Document) -> str:
    """Return the whole report on one function."""
    optimizer = document["kind"] == "optimizer"
    question = rule_sentence(document["question"]) if optimizer else network_sentence(document["question"])
    parts = [f"{printable(document['target'])}\n{wrapped(question)}"]
    parts.append(path_table(document) if optimizer else tensor_table(document))
    parts.append(wrapped(witness_sentence(document)))
    parts.append("\n".join([verdict_line(document), *diagnosis_lines(document)]))
    if document["notes"]:
        parts.append("\n".join(["Notes", *(item("-", note) for note in document["notes"])]))
    return "\n\n".join(parts)


def verdict_line(document: Document) -> str:
    """Return the verdict in one line."""
    if document["passed"]:
        what = "all parameters" if document["kind"] == "optimizer" else "the loss and all gradients"
        return f"EQUAL: {what} agree with the reference to rounding"
    wrong = [row["tensor"] for row in document["tensors"] if not row["passed"]]
    if document.get("loss") and not document["loss"]["passed"]:
        wrong.insert(0, "loss")
    names = f": {', '.join(wrong)}" if wrong else " from call to call"
    causes = ", ".join(dict.fromkeys(cause(finding) for finding in document["diagnosis"]))
    return printable(f"NOT EQUAL{names}" + (f" ({causes})" if causes else ""))


def cause(finding: Mapping[str, Any]) -> str:
    """Return the id of a finding with its layer."""
    place = f" in layer {finding['layer']}" if finding["layer"] else ""
    return f"{finding['defect']}{place}"


def network_sentence(question: Document) -> str:
    """Say what a back-propagation was asked."""
    sizes = "-".join(map(str, question["sizes"]))
    hidden = ", ".join(dict.fromkeys(question["activations"]))
    parts = [
        sizes,
        hidden,
        f"{question['output']}+{question['loss']}",
        "" if question["bias"] else "no biases",
    ]
    parts += [f"{counted(question['rows'], 'row')} of {question['dataset']}", question["dtype"]]
    parts += [f"seed {question['seed']}", "samples in columns" if question["layout"] == "columns" else ""]
    return ", ".join(filter(None, parts))


def rule_sentence(question: Document) -> str:
    """Say what an update rule was asked."""
    values = ", ".join(f"{key} {value}" for key, value in question["hyperparameters"].items())
    steps = f"{counted(question['steps'], 'step')}, lr halved from step {question['lr_halved_at']} on"
    return f"{question['rule']}, {values}; {steps}; seed {question['seed']}"


def tensor_table(document: Document) -> str:
    """Return a line for the loss and one for every gradient."""
    columns: Columns = {"tensor": [], "relative error": [], "tolerance": [], "": []}
    for row in [{"tensor": "loss", **document["loss"]}, *document["tensors"]]:
        columns["tensor"].append(row["tensor"])
        columns["relative error"].append(error_text(row["relative_error"]))
        columns["tolerance"].append(scientific(row["tolerance"]))
        columns[""].append("ok" if row["passed"] else "NOT EQUAL")
    return grid(columns, "terminal")


def path_table(document: Document) -> str:
    """Return a line for every parameter."""
    columns: Columns = {"tensor": [], "relative error": [], "tolerance": [], "": []}
    for row in document["tensors"]:
        parted = "ok" if row["passed"] else f"NOT EQUAL from step {row['first_step']} on"
        columns["tensor"].append(row["tensor"])
        columns["relative error"].append(error_text(row["relative_error"]))
        columns["tolerance"].append(scientific(row["tolerance"]))
        columns[""].append(parted)
    return grid(columns, "terminal")


def error_text(error: float | None) -> str:
    """Return an error; one that is not finite comes from another shape or from values that are not finite."""
    return "no number" if error is None else scientific(error)


def witness_sentence(document: Document) -> str:
    """Say that the reference does not stand alone."""
    error = scientific(document["witness_error"])
    if document["kind"] == "optimizer":
        return (
            "The reference is this project's optimizer; the textbook's form of the rule, written without it, "
            f"agrees with it (largest difference {error})."
        )
    return (
        "The reference is this project's back-propagation in float64; a second, independent witness, the "
        f"complex-step derivative of the loss, agrees with it (largest difference {error})."
    )


def diagnosis_lines(document: Document) -> list[str]:
    """Return what is wrong, the best explanation first."""
    findings = document["diagnosis"]
    if len(findings) == 1:
        return [item(" ", findings[0]["message"])]
    all_explained = findings and not {"unexplained", "not-repeatable"} & {f["defect"] for f in findings}
    together = ["  All of these together lead to your answer:"] if all_explained else []
    return together + [
        item(f"{number}.", finding["message"]) for number, finding in enumerate(findings, start=1)
    ]


def item(mark: str, text: str) -> str:
    """Return a text that hangs behind a mark."""
    indent = " " * (len(mark) + 1)
    return wrapped(text, f"{mark} " if mark.strip() else "  ", indent if mark.strip() else "  ")


def wrapped(text: str, first: str = "", others: str = "") -> str:
    """Return a text in lines of at most `WIDTH` characters."""
    return textwrap.fill(
        printable(text), WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False
    )
