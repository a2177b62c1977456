"""A signer whose ledger is a copy that was restored: what it waits for, and the very command that ends that."""

import shlex
from datetime import datetime
from typing import Final

from jobs.courier import reachable_courier
from jobs.installation import Installation
from jobs.program import program
from jobs.reconcile import everything
from jobs.terminal import printable
from publisher.config import DirectoryTable
from revocation.errors import RevocastError
from revocation.messages import Outcome, Reply, Verb, compose

_COMMAND: Final = "revocast ledger reconcile"


def why_unreconciled(installation: Installation, now: datetime, seconds: float) -> str:
    """Why the signer signs nothing until then, and what to type; empty where it signs, or does not say in time."""
    try:
        message = compose(Verb.DUE, everything(installation.statuses(now)), now)
        (reply,) = reachable_courier(installation).ask([message], seconds)
    except RevocastError:
        return ""
    if not _advises_it(reply):
        return ""
    webroots = (table.path / "www" for table in installation.targets().targets if isinstance(table, DirectoryTable))
    words = (*program(), "ledger", "reconcile", "--config", installation.path, next(webroots, "FOLDER-OF-CRLS"))
    return f"the signer waits: {printable(reply.detail)}: type `{shlex.join(map(str, words))}` (docs/disaster.md)"


def _advises_it(reply: Reply) -> bool:
    return reply.outcome is not Outcome.DONE and _COMMAND in (reply.advice or "")
