"""From results to what people read; pure functions."""
