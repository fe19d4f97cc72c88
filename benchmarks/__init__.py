"""Benchmarks of the goals: ratios within one run, medians of several rounds. `python -m benchmarks --help`."""
