"""A process that writes entries of the audit log as fast as it may: FOLDER NUMBER are its arguments.

It says when it is ready, and waits for a line.
"""

import os
import sys
from pathlib import Path

from signer.ledger import audit
from tests.authority import NOW
from tests.estate import Estate


def main() -> None:
    """One transaction for each entry."""
    ledger = Estate.at(Path(sys.argv[1])).signer().ledger
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[2])):
        with ledger.write() as connection:
            audit.record(connection, NOW, "test", None, by=os.getpid(), number=number)
