"""Benchmarks: ratios measured side by side in one run, since these are worth more than seconds."""
