"""Who is there, and who agrees, before a CA key certifies a CA."""

import getpass
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from revocation.clock import iso
from revocation.errors import Refused
from revocation.issuer import Issuer
from revocation.visible import visible
from signer.ceremony import consent
from signer.ceremony.approvals import require_approvals
from signer.issuers.distrust import require_trusted
from signer.issuers.order import Order
from signer.issuers.rules import begin_of
from signer.issuers.turn import Turn, carried_out, next_turn
from signer.signer import Signer

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class People:
    """Who asks, and whose approvals were given.

    Attributes:
        approvals: files of SSH signatures over the order's digest.
    """

    operators: Sequence[str] = ()
    approvals: Sequence[Path] = ()

    @property
    def who(self) -> str:
        """For the audit log: those who were named, else the user of this machine."""
        if self.operators:
            return ", ".join(map(visible, self.operators))
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return f"user {os.getuid()}"


def people_options(command: _Command) -> _Command:
    """`--operator` and `--approval`, passed as `operators` and `approvals`."""
    operator = click.option(
        "--operator", "operators", multiple=True, help="Who is there, for the audit log; else who is logged in."
    )
    approval = click.option(
        "--approval",
        "approvals",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A signature by `ssh-keygen -Y sign` over the digest of the order, where ceremonies need approvals.",
    )
    return operator(approval(command))


def yes_option(command: _Command) -> _Command:
    """`--yes`, passed as `yes: str | None`."""
    said = "Agree to the order with this digest, and do not ask."
    return click.option("--yes", metavar="sha256:DIGEST", help=said)(command)


def show_order(signer: Signer, order: Order, now: datetime, *, err: bool) -> None:
    """What is about to be signed, and its digest; on standard error where standard output is JSON.

    Raises:
        Refused: a key of it was stolen.
    """
    with signer.ledger.read() as connection:
        revoked = require_trusted(connection, signer, order)
    for line in (*order.lines(begin_of(order, now)), *(f"revoked    {one}" for one in revoked)):
        click.echo(line, err=err)
    click.echo(f"order      sha256:{order.digest}", err=err)


def approved(signer: Signer, order: Order, people: People) -> list[str]:
    """The names of those who approved, if there are as many as `[signer.ceremony]` of this machine wants.

    Raises:
        InputError: an approval is none of this order.
        Refused: there are fewer.
    """
    table = signer.config.ceremony
    if table is None:
        return []
    return [one.name for one in require_approvals(table, order.digest, people.approvals, what="order")]


def agree(order: Order, yes: str | None, *, err: bool) -> None:
    """Return if who is at the terminal agrees to an order whose options say all of it, or nobody is there: a script.

    Whose standard input is a terminal is none, wherever the output goes.

    Args:
        err: the order was shown on standard error.

    Raises:
        Refused: somebody is there, and does not, or cannot see what is asked.
    """
    if yes is not None or consent.is_attended():
        consent.ask("order", order.digest, "Is all of this to be signed?", yes, err=err)


def turn_of(signer: Signer, certifier: Issuer) -> Turn:
    """Which of its CA certificates the next is."""
    with signer.ledger.read() as connection:
        return next_turn(connection, certifier)


def require_digest(signer: Signer, order: Order, yes: str | None) -> None:
    """Return if a digest that was given is that of the order.

    Raises:
        Refused: it is another, or that of one that was carried out already.
    """
    if yes is None or yes == f"sha256:{order.digest}":
        return
    with signer.ledger.read() as connection:
        done = carried_out(connection, yes.removeprefix("sha256:"))
    if done is not None:
        raise Refused(
            f"agrees to {visible(yes)}, which was carried out at {iso(done.written_at)} "
            f"(entry {done.id} of the audit log), and is done once",
            where="--yes",
            advice=f"where another certificate is wanted, that order is sha256:{order.digest}",
        )
    raise Refused(
        f"agrees to {visible(yes)}, and the order is sha256:{order.digest}",
        where="--yes",
        advice="take the request and the options that were meant, or give the order's digest",
    )
