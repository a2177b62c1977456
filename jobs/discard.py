"""`revocast discard`: after a clock that ran ahead, what it had signed; a signed and audited message."""

from pathlib import Path

import click

from jobs.installation import Installation
from jobs.word import give_word, tell, word_options
from revocation.messages import Discard, Verb, fill


@click.command()
@click.option("--issuer", required=True, help="Whose CRLs and OCSP responses were signed for later than now.")
@word_options
def discard(issuer: str, why: str, timeout: float, config: Path | None, *, no_queue: bool, as_json: bool) -> None:
    """Take back what the signer signed for later than now.

    thisUpdate only rises: after a clock that ran ahead, nothing could be signed until that time. Set the clock right
    first. What was revoked since later than now is revoked since now. A publisher whose clock ran ahead too puts what
    is signed now in the place of what it had published, since nobody can rely on that yet.

    Exit code 0: recorded; what is due is made at the next look. 1: refused. 2: bad input or configuration. 5: no
    answer.
    """
    installation = Installation.read(config)
    profile = installation.public.profile(issuer)
    body = fill(Discard, issuer=profile.issuer.id, why=why)
    reply = give_word(installation, Verb.DISCARD, body, timeout, no_queue=no_queue)
    tell(reply, as_json=as_json)
