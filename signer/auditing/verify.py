"""The verdict on an audit log: whether its entries follow one another, and it has what signed heads tell of."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from revocation.audithead import HEAD_NAME, AuditHead
from revocation.errors import InputError, RevocastError
from revocation.wire.exchange import Exchange
from signer.auditing.heads import hold_against, read_lines
from signer.auditing.log import ChainBroken, Entry, intact_entries, require_entries
from signer.auditing.records import unrecorded


@dataclass
class Verdict:
    """What was found.

    Attributes:
        count: how many entries follow one another, from the first on.
        last: the last of them.
        heads: how many signed heads they were held against.
        notes: what need not be there, and why.
        problems: what is wrong with it.
    """

    count: int = 0
    last: Entry | None = None
    heads: int = 0
    notes: list[str] = field(default_factory=list)
    problems: list[RevocastError] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "whole": self.whole,
            "entries": self.count,
            "last": self.last.id if self.last else None,
            "heads": self.heads,
            "notes": self.notes,
            "problems": [str(problem) for problem in self.problems],
        }


def verify(connection: Connection, exchange: Exchange, files: Iterable[Path], keys: Collection[str]) -> Verdict:
    """Read all of it.

    Args:
        files: with heads, one a line.
        keys: who may sign heads; none means whoever does.

    Raises:
        InputError: a file cannot be read.
        OSError, ExchangeError: the exchange cannot be read.
    """
    verdict = Verdict()
    heads = [one for path in files for one in read_lines(path)]
    where = f"{HEAD_NAME} in the exchange"
    try:
        found = exchange.head()
        heads += [(where, found)] if found is not None else []
    except InputError as error:
        verdict.problems.append(error)
    try:
        for entry in intact_entries(connection):
            verdict.count, verdict.last = verdict.count + 1, entry
        require_entries(connection)
        verdict.problems += unrecorded(connection)
    except ChainBroken as error:
        verdict.problems.append(error)
    for place, line in heads:
        _hold(connection, line, place, keys, verdict)
    return verdict


def _hold(connection: Connection, line: bytes, where: str, keys: Collection[str], verdict: Verdict) -> None:
    try:
        head = AuditHead.parse(line, where)
        head.verify(keys, where)
        if note := hold_against(connection, head, where):
            verdict.notes.append(note)
        verdict.heads += 1
    except RevocastError as error:
        verdict.problems.append(error)
