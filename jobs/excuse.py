"""`revocast excuse`: the override of the publisher's guard against CRLs that forget something; signed and audited."""

from pathlib import Path

import click

from jobs.installation import Installation
from jobs.word import give_word, tell, word_options
from revocation import serials
from revocation.messages import Excuse, Verb, fill


@click.command()
@click.argument("serial", nargs=-1, required=True)
@click.option("--issuer", required=True, help="Whose CRLs they are missing from.")
@word_options
def excuse(
    serial: tuple[str, ...],
    issuer: str,
    why: str,
    timeout: float,
    config: Path | None,
    *,
    no_queue: bool,
    as_json: bool,
) -> None:
    """Let each SERIAL (hexadecimal) be missing from the CRLs of an issuer, although nothing in the ledger explains it.

    The publisher refuses a CRL that lacks what the one before it listed. Where that is meant, this says so: CRLs are
    made anew, and the next publication takes them.

    Exit code 0: recorded. 1: refused. 2: bad input or configuration. 5: no answer.
    """
    installation = Installation.read(config)
    profile = installation.public.profile(issuer)
    wanted = tuple(serials.to_hex(serials.from_hex(text)) for text in serial)
    body = fill(Excuse, issuer=profile.issuer.id, serials=wanted, why=why)
    reply = give_word(installation, Verb.EXCUSE, body, timeout, no_queue=no_queue)
    tell(reply, as_json=as_json)
