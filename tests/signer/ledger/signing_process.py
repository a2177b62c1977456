"""A signer in a process of its own that makes CRLs as fast as it may: `python -m … FOLDER ROUNDS`.

Its clock goes on by a second with each try, as if it looked every second; a try that comes too early is over.
It says when it is ready, waits for a line, and prints the number of each CRL that it made.
"""

import sys
from datetime import timedelta
from pathlib import Path

from revocation.clock import fixed
from signer.crls import make_crl
from signer.ledger.early import TooEarly
from tests.authority import NOW
from tests.estate import Estate


def _main() -> None:
    signer = Estate.at(Path(sys.argv[1])).signer()
    (profile,) = signer.public.profiles.values()
    print("ready", flush=True)
    sys.stdin.readline()
    for second in range(int(sys.argv[2])):
        try:
            row = make_crl(signer, profile, profile.crls["all"], fixed(NOW + timedelta(seconds=second)))
        except TooEarly:
            continue
        print(row.crl_number, flush=True)


if __name__ == "__main__":
    _main()
