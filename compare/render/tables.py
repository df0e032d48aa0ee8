"""The main table as text: for the terminal, for Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compare.analysis.summary import SUMMARY_KEYS
from compare.plural import counted
from compare.render.columns import FLOOR, SETTINGS, column
from compare.render.layout import DEFAULT, Layout
from compare.render.screen import WIDEST, sentences
from compare.render.text import Format, grid, markdown_cell, printable, setting
from compare.render.value import NOTHING, Table, as_text

Row = Mapping[str, Any]

TIME, LOSS, ACCURACY = "interval of the time an epoch", "train loss", "interval of the accuracy"
RATIO, FLOOR_RATIO = "interval of the time ratio", f"interval of {FLOOR}"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
"""With which a text begins that a spreadsheet computes."""
LEFT_OUT_FIRST = (FLOOR_RATIO, TIME, FLOOR, LOSS, "updates", ACCURACY, RATIO)
BOUNDED = {
    "seconds_per_epoch": TIME,
    "time_ratio": RATIO,
    "floor_ratio": FLOOR_RATIO,
    "test_accuracy": ACCURACY,
}


def summary_table(
    rows: Sequence[Row],
    format: Format = "terminal",
    reference: str | None = None,
    floor: Sequence[Row] = (),
    layout: Layout = DEFAULT,
    columns: int = WIDEST,
) -> str:
    """Return the summary as text.

    "terminal" and "github" show what varies and tell in a line above what all rows share; they round to the
    digits that the intervals support and give accuracies in percent. "csv" holds every key in full,
    accuracies as fractions. A table wider than `WIDEST`, or than a terminal that is wider yet, loses parts,
    and says which.
    `reference` names the implementation in the header of the time ratio. The rows of the `floor` follow
    those of the same settings, but not in "csv". `layout` chooses columns, order and
    groups, and columns that were chosen are never left out. `columns` are those of the terminal.
    """
    if format == "csv":
        ordered = [row for _, group in layout.groups(rows) for row in group]
        return csv_text(ordered, csv_keys(rows, layout))
    if not rows:
        return "No runs were made."
    shown = with_floor(rows, floor)
    left_out = (
        0
        if format == "github" or layout.columns
        else _too_many(shown, reference, layout, max(columns, WIDEST))
    )
    kept = set(LEFT_OUT_FIRST[left_out:])
    groups = layout.groups(shown)
    table = summary_columns([row for _, group in groups for row in group], reference, layout, kept)
    told = shared_settings(rows, layout)
    if format == "github":
        parts = [_github(heading(layout, value), part) for value, part in split(table, groups)]
        return "\n\n".join(filter(None, [markdown_cell(told), *parts]))
    missed = [part for part in LEFT_OUT_FIRST[:left_out] if floor or part not in (FLOOR, FLOOR_RATIO)]
    note = f"Not shown, for width: {', '.join(missed)}." if missed else ""
    above = sentences((told, note), columns)
    return f"{above}\n\n{_terminal(table, groups, layout)}".strip()


def summary_columns(
    rows: Sequence[Row],
    reference: str | None,
    layout: Layout = DEFAULT,
    kept: set[str] | None = None,
) -> Table:
    """Return header -> values of the columns asked for, or of what varies and what was measured.

    `kept` says which of `LEFT_OUT_FIRST` may stay (None: all).
    """
    if layout.columns:
        return dict(column(key, rows, reference) for key in layout.columns)
    kept = set(LEFT_OUT_FIRST) if kept is None else kept
    table: Table = {}
    for key in _telling(rows, kept):
        header, values = column(key, rows, reference)
        if BOUNDED.get(key, TIME) not in kept and key in BOUNDED:
            values = [value.without_bounds() for value in values]
        if key in SETTINGS or any(value.point != NOTHING for value in values):
            table[header] = values
    if layout.group_by is not None and len(table) > 1:
        table.pop(column(layout.group_by, rows, reference)[0], None)
    return table or dict([column("implementation", rows)])


def _telling(rows: Sequence[Row], kept: set[str]) -> list[str]:
    """The keys of the columns that say something of these rows."""
    keys = [key for key in SETTINGS if _varies(rows, key) and (key in kept or key != "updates")]
    keys += ["lr"] if _tuned(rows) else []
    keys += ["seconds_per_epoch", "time_ratio", *(["floor_ratio"] if FLOOR in kept else [])]
    keys += [*(["train_loss"] if LOSS in kept else [])]
    keys += ["test_loss"] if all(row["test_accuracy"] is None for row in rows) else []
    keys += ["compile_seconds"] if any(row.get("compile_seconds") is not None for row in rows) else []
    keys += ["test_accuracy", *(["seconds_to_target"] if any(row["target_reached"] for row in rows) else [])]
    keys += ["status"] if any(row["status"] not in ("ok", None) for row in rows) else []
    return keys + (["flags"] if any(row["flags"] for row in rows) else [])


def _tuned(rows: Sequence[Row]) -> bool:
    """Whether one optimizer has different learning rates in different rows."""
    used = {(row["optimizer"], row["lr"]) for row in rows if row.get("lr") is not None}
    return len(used) > len({optimizer for optimizer, _ in used})


def with_floor(rows: Sequence[Row], floor: Sequence[Row]) -> list[Row]:
    """Return the rows, and the floor's behind the last one of the same settings."""

    def settings(row: Row) -> tuple[Any, ...]:
        return tuple(row[key] for key in SETTINGS[1 : SETTINGS.index("seeds")])

    last = {settings(row): place for place, row in enumerate(rows)}
    shown: list[Row] = []
    for place, row in enumerate(rows):
        shown.append(row)
        for below in floor if last[settings(row)] == place else ():
            if settings(below) == settings(row):
                shown.append(floor_row(below))
    return shown


def floor_row(row: Row) -> Row:
    """Return a row of the floor as a row of the summary called "floor (numpy)"; what it lacks is None."""
    return {**dict.fromkeys(SUMMARY_KEYS), **row, "implementation": f"floor ({row['library']})"}


def _too_many(rows: Sequence[Row], reference: str | None, layout: Layout, widest: int) -> int:
    """How many of `LEFT_OUT_FIRST` have to go for the table to be no wider than that."""
    for count in range(len(LEFT_OUT_FIRST)):
        table = summary_columns(rows, reference, layout, set(LEFT_OUT_FIRST[count:]))
        if max(map(len, _terminal_grid(table).splitlines())) <= widest:
            return count
    return len(LEFT_OUT_FIRST)


def split(table: Table, groups: Sequence[tuple[object, Sequence[Row]]]) -> list[tuple[object, Table]]:
    """Return the rows of each group as a table of its own; the table's rows stand in the groups' order."""
    parts, start = [], 0
    for value, rows in groups:
        end = start + len(rows)
        parts.append((value, {header: values[start:end] for header, values in table.items()}))
        start = end
    return parts


def heading(layout: Layout, value: object) -> str:
    """Return the heading of a group, such as "batch 32"; "" without groups."""
    if layout.group_by is None:
        return ""
    words = SHARED_WORDS.get(layout.group_by)
    name = layout.group_by.replace("_", " ")
    return f"{name} {NOTHING}" if value is None else words(value) if words else f"{name} {value}"


def _github(title: str, table: Table) -> str:
    text = grid(as_text(table), "github")
    return f"**{markdown_cell(title)}**\n\n{text}" if title else text


def _terminal(table: Table, groups: Sequence[tuple[object, Sequence[Row]]], layout: Layout) -> str:
    lines = _terminal_grid(table).splitlines()
    if layout.group_by is None:
        return "\n".join(lines)
    count = sum(len(rows) for _, rows in groups)
    head, body = lines[:-count], iter(lines[-count:])
    for value, rows in groups:
        head += ["", printable(heading(layout, value)), *(next(body) for _ in rows)]
    return "\n".join(head)


def _terminal_grid(table: Table) -> str:
    """The grid with headers in two lines where they have words enough, and flags by their initials."""
    columns = as_text(table)
    if "status" in columns:  # without the reasons: sentences below the table give them
        columns["status"] = [cell.partition(":")[0] for cell in columns["status"]]
    if "flags" in columns:
        columns["flags"] = [_initials(cell) for cell in columns["flags"]]
    return grid({_narrow(header): cells for header, cells in columns.items()}, "terminal")


def _initials(flags: str) -> str:
    return "".join(flag[:1] for flag in flags.split(", "))


def _narrow(header: str) -> str:
    """The header in two lines where it has words enough."""
    first, _, rest = header.partition(" ") if header.startswith(("test", "train")) else header.rpartition(" ")
    return f"{first}\n{rest}" if first and rest else header


SHARED_WORDS: dict[str, Callable[[Any], str]] = {
    "batch_size": setting,
    "optimizer": lambda value: f"optimizer {value}",
    "threads": lambda value: counted(value, "thread"),
    "seeds": lambda value: counted(value, "seed"),
    "epochs": lambda value: counted(value, "epoch"),
    "updates": lambda value: counted(value, "update"),
}
"""How a setting is said in a line; the others are said as they are."""


def shared_settings(rows: Sequence[Row], layout: Layout = DEFAULT) -> str:
    """Return what all rows have in common, in a line; what is a column anyway is left out."""
    if not rows:
        return ""
    shown = (*layout.columns, layout.group_by)
    alike = [key for key in SETTINGS if not _varies(rows, key) and rows[0][key] is not None]
    told = [SHARED_WORDS.get(key, str)(rows[0][key]) for key in alike if key not in shown]
    return f"{'All rows' if len(rows) > 1 else 'The one row'}: {', '.join(told)}." if told else ""


def _varies(rows: Sequence[Row], key: str) -> bool:
    """Whether a setting differs between rows that have it; the floor has no seeds."""
    return len({row[key] for row in rows if row[key] is not None or "library" not in row}) > 1


def csv_keys(rows: Sequence[Row], layout: Layout) -> list[str]:
    """Return the keys of the CSV: all, or those asked for with the bounds of their intervals."""
    present = dict.fromkeys([*SUMMARY_KEYS, *(key for row in rows for key in row)])
    if not layout.columns:
        return list(present)
    wanted = [f"{key}{end}" for key in layout.columns for end in ("", "_low", "_high")]
    return [key for key in wanted if key in present or key in layout.columns]


def csv_text(rows: Sequence[Row], keys: Sequence[str]) -> str:
    """Return the rows as CSV, every number in full; None is an empty field.

    A text that a spreadsheet would take for a formula gets an apostrophe before it: names come from files.
    """
    import pandas as pd

    columns = {
        harmless(key): pd.Series([harmless(row.get(key)) for row in rows], dtype=object) for key in keys
    }
    return str(pd.DataFrame(columns).to_csv(index=False, lineterminator="\n"))


def harmless(value: object) -> object:
    """Return a cell as it is; a text without carriage returns, and with an apostrophe before a formula."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")  # which begins a row for some readers, quoted or not
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
