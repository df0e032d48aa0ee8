"""Which of two implementations is faster, whether they compute the same, and why."""
