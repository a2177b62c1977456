"""Programs that write into a store beside the responder, each in a process of its own."""

import subprocess
import sys

GROW = """
import lmdb, os, sys
with lmdb.open(sys.argv[1], map_size=1 << 28, max_dbs=4) as environment:
    with environment.begin(write=True, db=environment.open_db(b"responses.2")) as transaction:
        for number in range(3000):
            transaction.put(b"grown%d" % number, os.urandom(8000))
"""
"""Into the store of the first argument, more than its map has room for."""
PUT = (
    "import lmdb, sys\n"
    "with lmdb.open(sys.argv[1], max_dbs=4) as e, e.begin(write=True, db=e.open_db(b'responses.2')) as t:\n"
    "    t.put(bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3]))\n"
)
"""One key with its value, in hexadecimal."""


def in_another_process(script: str, *arguments: object) -> None:
    """Run one, and wait until it has ended."""
    subprocess.run([sys.executable, "-c", script, *map(str, arguments)], check=True)
