"""The dataset on the workers of a Dask cluster. Imported only where there is one: it needs Dask."""

from uuid import uuid4

from distributed import WorkerPlugin

from compare.measure.there import keep, leave
from data import Dataset


class Holding(WorkerPlugin):
    """Brings a dataset to every worker once, also to those that join later, and takes it away at the end.

    What is scattered over a cluster instead is thinned out again by Dask, down to a single copy that is
    lost with its worker.
    """

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.name = f"side-by-side {data.sha256} {uuid4()}"

    def setup(self, worker: object) -> None:
        """Called in a worker's process before it gets its first task."""
        keep(self.data)

    def teardown(self, worker: object) -> None:
        """Called when the plugin or the worker goes."""
        leave(self.data.sha256)
