"""A contestant that changes the number of its threads as it is imported."""

import threadpoolctl

from compare.implementations.handwritten_numpy import HandwrittenNumpy

threadpoolctl.threadpool_limits(2)


class Unpinned(HandwrittenNumpy):
    pass
