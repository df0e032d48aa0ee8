"""Datasets: embedded files, readers for label-first CSV and IDX files, one scaling rule, one fixed split.

`load_dataset` is the way in; `DATASETS` names what can be loaded by name; ``SOURCES.md`` tells where the
embedded values come from.
"""

from data.dataset import PARTS, Dataset
from data.errors import DataError, DatasetNotFound
from data.load import load_dataset
from data.sources import DATASETS

__all__ = ["DATASETS", "PARTS", "DataError", "Dataset", "DatasetNotFound", "load_dataset"]
