"""The files that a results document becomes."""

import json
from collections.abc import Mapping
from typing import Any

from compare.render.markdown import table_markdown
from compare.render.tables import summary_table


def result_files(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of every file of a result directory that is made from the document, by name."""
    return {
        "results.json": json.dumps(document, indent=1, allow_nan=False) + "\n",
        "table.csv": summary_table(document["summary"], "csv"),
        "table.md": table_markdown(document),
    }
