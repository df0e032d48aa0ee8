"""Whether two implementations compute the same."""
