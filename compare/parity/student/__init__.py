"""Somebody's own back-propagation or update rule: asked in a process of its own, and judged."""
