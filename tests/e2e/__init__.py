"""The split deployment as a whole: servers and services as processes of their own, and relying parties of others.

`python -m tests.e2e run` (`make e2e`) and `python -m tests.e2e chaos` (`make chaos`); the suite does both with less.
"""
