"""Whether an imported certificate is a CA's: CRLs for users and CAs apart are wrong where nobody says it."""

from dataclasses import replace
from datetime import datetime

from revocation import serials
from revocation.artifacts import Scope
from revocation.config import IssuerProfile
from revocation.errors import InputError
from revocation.status import Reason
from signer.importers.entry import ImportEntry
from signer.ledger.bulk import Known


def with_kind(profile: IssuerProfile, entry: ImportEntry, known: Known | None, now: datetime) -> ImportEntry:
    """The entry with what its source, its reason or the ledger says of its kind.

    A certificate that has expired, and was not revoked, is on no CRL, whatever it is.

    Raises:
        InputError: nobody says it, and the issuer has a CRL for CAs alone: a revoked CA that is taken for a user counts
            as good there.
    """
    if entry.says_kind:
        return entry
    if known is not None and known.has_certificate:
        return replace(entry, is_ca=known.is_ca)
    if entry.revocation is not None and entry.revocation.reason is Reason.cACompromise:
        return replace(entry, is_ca=True, says_kind=True)
    if known is not None:
        return replace(entry, is_ca=known.is_ca)
    is_over = entry.revocation is None and entry.not_after is not None and entry.not_after <= now
    of_cas = next((spec for spec in profile.complete_crls.values() if spec.settings.scope is Scope.CA), None)
    if of_cas is not None and not is_over:
        raise InputError(
            f"nobody says whether serial {serials.to_hex(entry.serial)} is a CA's certificate, and {of_cas} is for "
            "those alone",
            where=entry.place,
            advice="import the certificate itself before, or a CSV with a column `is_ca`",
        )
    return entry
