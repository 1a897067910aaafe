"""Benchmarks: ratios measured side by side in one run, since they are more meaningful than absolute times."""
