"""Measurements of the suite itself; each module is a command."""
