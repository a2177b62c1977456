"""Two signers on one ledger, as processes of their own: they never make the same number."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from signer.ledger import crl_numbers
from tests.estate import Estate

ROUNDS = 60
FLOOR = 2**150
ROOT = Path(__file__).parents[3]


def start(estate: Estate) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.signer.ledger.signing_process", str(estate.folder), str(ROUNDS)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_signers_at_once_never_make_the_same_number(estate: Estate) -> None:
    """Each takes the number after the last, whoever made that; bundles are named in the order of their numbers.

    The floor lies above the time, so that the number comes from the last one alone.
    """
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    with signer.ledger.write() as connection:
        crl_numbers.raise_crl_floor(connection, profile.issuer, FLOOR)
    processes = [start(estate), start(estate)]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [process.communicate(timeout=200)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    numbers = [list(map(int, ours)) for ours in made]
    assert all(ours == sorted(ours) and ours for ours in numbers), "each has its turn, and its numbers rise"
    together = sorted(numbers[0] + numbers[1])
    assert together == list(range(FLOOR + 1, FLOOR + 1 + len(together)))
    with signer.ledger.read() as connection:
        rows = connection.execute(text("SELECT crl_number FROM issued ORDER BY sequence")).scalars().all()
    assert list(map(int, rows)) == together
    assert len(signer.exchange.list()) == len(together)
