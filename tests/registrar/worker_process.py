"""The registrar's worker as a process, over a stand-in for the database that is a folder.

A file `ID.challenge` in it is a challenge that waits, and has the key authorization; what came of it is `ID.verdict`.
"""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from registrar.problem import Identifier, Problem
from registrar.validating import Validating
from registrar.validation.challenge import Challenge, ChallengeType
from registrar.validation.config import Network
from registrar.worker import Work, run
from revocation.clock import now
from revocation.errors import RevocastError
from revocation.logs import log_to_stderr
from revocation.wire.queue import Wire

url, folder, port, acme = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]


class StandInRecords:
    """The folder."""

    def challenge(self, challenge_id: str, now: datetime) -> Challenge | None:
        path = folder / f"{challenge_id}.challenge"
        if not path.exists():
            return None
        text = path.read_text()
        return Challenge(ChallengeType.HTTP_01, Identifier("ip", "127.0.0.1"), text.partition(".")[0], text)

    def valid(self, challenge_id: str, now: datetime) -> None:
        self._judge(challenge_id, "valid")

    def invalid(self, challenge_id: str, problem: Problem, now: datetime) -> None:
        self._judge(challenge_id, str(problem.type))

    def waiting(self, now: datetime, most: int) -> Sequence[str]:
        return sorted(path.stem for path in folder.glob("*.challenge"))[:most]

    def _judge(self, challenge_id: str, verdict: str) -> None:
        (folder / f"{challenge_id}.verdict").write_text(verdict)
        (folder / f"{challenge_id}.challenge").unlink()


def cleanup(now: datetime) -> None:
    with (folder / "cleaned").open("a") as file:
        file.write("cleaned\n")
    if acme == "fails":
        raise RevocastError("the database is locked")


log_to_stderr("registrar")
network = Network.model_validate({"http_port": port, "private_addresses": ["127.0.0.0/8"], "tries": 1})
run(Work(Validating(StandInRecords(), network, now), None if acme == "off" else cleanup), Wire(url), now)
print("stopped", flush=True)
