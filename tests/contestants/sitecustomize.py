"""Make the odd contestants known in every process that has this folder on its PYTHONPATH."""

from hostile_contestants import HOSTILE
from odd_contestants import ODD

from compare.implementations import IMPLEMENTATIONS

IMPLEMENTATIONS.update(ODD | HOSTILE)
