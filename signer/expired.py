"""An issuer has expired when the last of its certificates has: nobody could verify what it would sign from then on."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import Refused, RevocastError
from revocation.issuer import Issuer
from signer.due import due_crls
from signer.published import Published
from signer.slices import Intact

_ADVICE: Final = (
    "renew its certificate with the same key and add it to `certificates` of [[public.issuers]], or take the issuer out"
)


def require_live(issuer: Issuer, now: datetime, lost: str = "it signs no more CRLs and OCSP responses") -> None:
    """Return if one of the issuer's certificates has not expired.

    Args:
        lost: what cannot be done for that reason, for people.

    Raises:
        Refused: all of them have.
    """
    if now >= issuer.not_after:
        count = len(issuer.certificates)
        which = "its certificate" if count == 1 else f"the last of its {count} certificates"
        raise Refused(
            f"{which} expired at {iso(issuer.not_after)}: {lost}", where=f"issuer {issuer.name}", advice=_ADVICE
        )


def refused_crls(
    connection: Connection, profile: IssuerProfile, now: datetime, intact: Intact, published: Published
) -> Iterator[RevocastError]:
    """Why CRLs that an expired issuer is to have cannot be made; nothing where its last CRLs are all that is wanted."""
    due = [one.what for one in due_crls(connection, profile, now, intact, published)]
    try:
        require_live(profile.issuer, now, f"{', '.join(due)} cannot be made any more")
    except Refused as error:
        if due:
            yield error
