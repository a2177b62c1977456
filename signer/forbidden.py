"""Reasons that the rules of an issuer forbid, and that its ledger has: of before it followed these rules."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from revocation import crlbytes, der, serials
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.errors import Refused
from revocation.status import Reason
from signer.ledger import pages
from signer.ledger.groups import Selection

_NAMED: Final = 20


def require_allowed_reasons(connection: Connection, profile: IssuerProfile, spec: CRLSpec) -> None:
    """Return if nothing that the CRL would list is revoked for a reason that `compliance` forbids.

    Raises:
        Refused: something is; names the first of the serials.
    """
    selection = Selection.of(spec)
    for group in pages.groups(connection, profile.issuer):
        forbidden = profile.compliance.forbids(Reason(group.reason), group.is_ca)
        if forbidden is None or not selection.lists(group):
            continue
        mine = Selection(group.is_ca, group.shard, frozenset((group.reason,)))
        count, _ = pages.measure(connection, profile.issuer, mine)
        named = list(islice(_serials(connection, profile, mine), _NAMED))
        more = f" and {count - len(named)} more" if count > len(named) else ""
        raise Refused(
            f"{forbidden}: {', '.join(named)}{more} are revoked so; nothing was signed",
            where=str(spec),
            advice="`revocast release` ends a hold, and `revocast revoke` with another reason makes it final; "
            "`revocast raise` to keyCompromise replaces other reasons; or set `compliance` of the issuer to pkix",
        )


def _serials(connection: Connection, profile: IssuerProfile, selection: Selection) -> Iterator[str]:
    for piece in pages.entries(connection, profile.issuer, selection):
        for _, begin, _, end in der.values(piece, 0, len(piece)):
            yield serials.to_hex(crlbytes.serial_of(piece[begin:end]))
