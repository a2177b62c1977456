"""`python -m tests.fuzz`: every target in turn, for a while; exit code 1 where one found something."""

import argparse
import sys
from pathlib import Path

from tests.fuzz.processes import NAMES, fuzz


def main() -> int:
    """Share the time among the targets, and tell what each of them did."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}; all of them by default")
    parser.add_argument("--seconds", type=int, default=3600, help="for all of them together")
    parser.add_argument(
        "--findings", type=Path, default=Path(".fuzz"), help="the folder for octets that found something"
    )
    arguments = parser.parse_args()
    names = arguments.names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    found = False
    for name in names:
        outcome = fuzz(name, max(1, arguments.seconds // len(names)), arguments.findings)
        found |= outcome.found
        print(f"{name:10}{outcome.tried} inputs, {'FOUND SOMETHING' if outcome.found else 'nothing found'}", flush=True)
        if outcome.found:
            print(outcome.said, flush=True)
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
