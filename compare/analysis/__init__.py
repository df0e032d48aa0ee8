"""From raw runs to figures with intervals; pure functions."""
