"""Tables in a page of `docs/`, put there by the command that made them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

END = "<!-- end -->"


def add_write_option(parser: argparse.ArgumentParser) -> None:
    """Add `--write PAGE`."""
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="put the output into a page, between marks"
    )


def publish(texts: Mapping[str, str], page: Path | None) -> None:
    """Print the texts; put each into the page, if one is given, between `<!-- NAME -->` and the next end."""
    print("\n\n".join(texts.values()))
    if page is not None:
        page.write_text(filled(page.read_text(encoding="utf-8"), texts), encoding="utf-8")


def filled(page: str, texts: Mapping[str, str]) -> str:
    """Return the page with the texts between their marks; exit where there are none."""
    for name, text in texts.items():
        start = f"<!-- {name} -->\n"
        before, found, rest = page.partition(start)
        replaced, ended, after = rest.partition(END)
        if not found or not ended or "<!-- " in replaced:
            raise SystemExit(f"the page has no place {start.strip()} ... {END}")
        page = f"{before}{start}\n{text}\n\n{END}{after}"
    return page
