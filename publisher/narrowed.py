"""A CRL that is for less than the one before it: what the operator configured anew takes entries off it.

Which they are is read from the CRL before, never from what anybody says. They belong on another CRL of the issuer, or,
where there is none, may go when nobody can rely on the CRL before any more.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from cryptography import x509

from publisher.crl_entries import Entries
from publisher.verify_crl import VerifiedCRL
from revocation import crlbytes
from revocation.artifacts import Scope
from revocation.crlspec import CRLSpec
from revocation.status import Reason


def narrowed_since(
    listed_by: Iterable[VerifiedCRL],
    spec: CRLSpec,
    missing: Collection[bytes],
    of_its_kind: Callable[[], Collection[bytes]],
    now: datetime,
) -> tuple[set[bytes], set[bytes]]:
    """The missing serials that a CRL of `spec` is not for, or may not be, by what the CRLs say that list them.

    A CRL of both kinds does not say which entry is a CA's: where it comes to be of one kind, any may be of the other
    that no CRL of its kind lists.

    Args:
        of_its_kind: the serials on other CRLs of the kind that `spec` is for.

    Returns:
        Those listed by nothing but CRLs whose nextUpdate has passed; those on which somebody relies yet.
    """
    expired, valid = set[bytes](), set[bytes]()
    for crl in listed_by:
        (valid if now < crl.next_update else expired).update(_not_for(spec, crl, missing, of_its_kind))
    return expired - valid, valid


def _not_for(
    spec: CRLSpec, before: VerifiedCRL, missing: Collection[bytes], of_its_kind: Callable[[], Collection[bytes]]
) -> set[bytes]:
    settings = spec.settings
    if settings.scope not in (Scope.ALL, before.scope):
        listed = {serial for serial in missing if serial in before.revoked}
        return listed.difference(of_its_kind()) if listed else listed
    wanted = frozenset(settings.only_some_reasons)
    if not wanted or (before.reasons and before.reasons <= wanted):
        return set()
    return {serial for serial, reason in reasons_of(before, missing).items() if reason not in wanted}


def reasons_of(crl: VerifiedCRL, serials: Collection[bytes]) -> dict[bytes, Reason]:
    """The reasons of those of the serials that a CRL lists; only their entries are parsed."""
    asked = [entry for entry in crlbytes.entries(crl.der) if crlbytes.serial_of(entry) in serials]
    listed = Entries(x509.load_der_x509_crl(crlbytes.excerpt(crl.der, asked)), is_delta=crl.base_number is not None)
    return {serial: said.reason for serial, said in listed.items()}
