"""Reasons that the rules of an issuer forbid: none is imported, and what its ledger has of before is on no CRL."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from revocation import crlbytes, der, serials
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.errors import InputError, Refused
from revocation.status import Reason
from signer.ledger import pages
from signer.ledger.bulk import Change
from signer.ledger.groups import Selection

NAMED: Final = 20
"""Serials that a message names, of however many."""

WAYS_OUT: Final = (
    "`revocast raise` gives a reason where none was given, and replaces others by keyCompromise; `revocast release` "
    "ends a hold, and `revocast revoke` with another reason makes it final"
)
OR_OTHER_RULES: Final = "or set `compliance` of the issuer to pkix"
"""What an operator can do, in the words of an advice."""


def require_allowed(profile: IssuerProfile, change: Change) -> None:
    """Return if what the ledger will say after an import is allowed: a certificate may tell that it is a CA's.

    Raises:
        InputError: it is not; the message says where the reason is to be corrected.
    """
    said = change.revocation
    forbidden = profile.compliance.forbids(said.reason, change.is_ca) if said is not None else None
    if said is None or forbidden is None:
        return
    entry = change.entry
    is_ours = change.known is not None and change.known.revocation == said
    who_says = "the ledger" if is_ours else "it"
    raise InputError(
        f"{forbidden}: {who_says} says that serial {serials.to_hex(entry.serial)} is revoked for {said.reason.name}",
        where=entry.place,
        advice=f"{WAYS_OUT}; then import again" if is_ours else f"correct it there, {OR_OTHER_RULES}",
    )


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
        named = list(islice(_serials(connection, profile, mine), NAMED))
        more = f" and {count - len(named)} more" if count > len(named) else ""
        raise Refused(
            f"{forbidden}: {', '.join(named)}{more} are revoked so; nothing was signed",
            where=str(spec),
            advice=f"{WAYS_OUT}; {OR_OTHER_RULES}",
        )


def _serials(connection: Connection, profile: IssuerProfile, selection: Selection) -> Iterator[str]:
    for piece in pages.entries(connection, profile.issuer, selection):
        for _, begin, _, end in der.values(piece, 0, len(piece)):
            yield serials.to_hex(crlbytes.serial_of(piece[begin:end]))
