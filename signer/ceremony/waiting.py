"""What the online machine says of issuers whose key is offline: nothing is due here, and what waits for a ceremony."""

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import RevocastError
from revocation.issuer import Issuer
from signer.ledger import ceremonies, kept
from signer.ledger.ceremonies import Step
from signer.signer import Signer


def is_offline(signer: Signer, issuer: str) -> RevocastError | None:
    """Why nothing of an issuer is signed here; None where it is."""
    if not signer.is_offline(signer.public.profile(issuer).issuer):
        return None
    return RevocastError(
        "its key is offline: the next ceremony signs it",
        where=f"issuer {signer.public.profile(issuer).issuer.name}",
        advice="`revocast ceremony request --out FILE` (docs/ceremony.md)",
    )


def waiting_for_ceremony(signer: Signer) -> list[dict[str, str]]:
    """Of each issuer for which messages wait that the last ceremony did not have: how many, in the form of `due`."""
    found = []
    with signer.ledger.read() as connection:
        for profile in signer.offline:
            after, since = last_kept(connection)
            if count := kept.count_since(connection, profile.issuer, after):
                why = f"{count} messages since {since} wait for a ceremony"
                found.append({"issuer": profile.issuer.id, "what": "ceremony", "why": why})
            found += _left_out(connection, profile)
    return found


def _left_out(connection: Connection, profile: IssuerProfile) -> list[dict[str, str]]:
    """What is recorded and was left out by the last ceremony, whichever it was that left it out first."""
    accepted = ceremonies.last(connection, Step.ACCEPTED)
    if accepted is None:
        return []
    again = "ask for the same again, or, once what was in its way is mended, `revocast ceremony request --all`"
    return [
        {"issuer": profile.issuer.id, "what": f"message {id_}", "why": f"was left out: {words}; {again}"}
        for id_, words in accepted.detail["left_out"].items()
        if kept.is_of(connection, profile.issuer, id_)
    ]


def last_accepted(connection: Connection, issuer: Issuer) -> int:
    """The revision of this ledger at which the request of the last accepted ceremony was made; 0 for none."""
    accepted = ceremonies.last(connection, Step.ACCEPTED)
    return int(accepted.detail["revisions"].get(issuer.id, 0)) if accepted is not None else 0


def last_kept(connection: Connection) -> tuple[int, str]:
    """The id of the last message that an accepted ceremony had, 0 for none; and which ceremony that was, in words.

    By the time that its transcript has.
    """
    accepted = ceremonies.last(connection, Step.ACCEPTED)
    if accepted is None:
        return 0, "the beginning"
    held_at = accepted.detail.get("held_at", iso(accepted.at))  # a version before did not note it
    return int(accepted.detail["kept"]), f"the ceremony of {held_at}"
