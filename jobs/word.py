"""Asking the signer for something on an operator's word: signed, audited, and done when the signer says so."""

from jobs.courier import courier
from jobs.installation import Installation
from jobs.terminal import printable
from revocation.clock import now
from revocation.errors import Refused
from revocation.messages import Change, Outcome, Reply, RequesterKey, Verb, compose


def give_word(installation: Installation, verb: Verb, body: Change, timeout: float, *, no_queue: bool) -> Reply:
    """The signer's reply, if it did what was asked.

    Args:
        timeout: seconds to wait for it.

    Raises:
        Refused: it did not.
        NoAnswer: nobody replied.
    """
    key = RequesterKey.load(installation.jobs.requester_key)
    message = key.sign(compose(verb, body, now(), requester=installation.jobs.requester))
    (reply,) = courier(installation.path, installation.jobs, no_queue=no_queue).ask([message], timeout)
    require_done(reply, f"issuer {installation.public.profile(body.issuer).issuer.name}")
    return reply


def require_done(reply: Reply, where: str) -> None:
    """Nothing, if the signer did what it was asked; the place stands once in the error, whoever named it first.

    Raises:
        Refused: it did not, and why.
    """
    if reply.outcome is Outcome.DONE:
        return
    verdict = "the signer refuses" if reply.outcome is Outcome.REFUSED else "the signer failed"
    raise Refused(
        f"{verdict}: {printable(reply.detail).removeprefix(f'{where}: ')}",
        where=where,
        advice=printable(reply.advice) if reply.advice else None,
    )
