"""Benchmarks: `python -m tests.bench NAME`. Each prints its floor, its peers and the ratios of one run."""
