"""A site that is made, run and judged in a few seconds: ``make demo``."""
