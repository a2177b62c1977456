"""Online: the CRLs of a ceremony in the order in which they will be published, without a gap between them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.durations import show
from revocation.errors import Refused
from revocation.status import Revocation
from revocation.windows import SKEW
from signer.ceremony.series import begins
from signer.recovery.signed import SignedCRL

_ALIKE = "configure the two machines alike, [public] above all, and hold another ceremony"


def require_schedule(spec: CRLSpec, crls: Sequence[SignedCRL]) -> None:
    """Return if these are all that a ceremony has to sign of a CRL: one, or a series that leaves no gap.

    Args:
        crls: in the order of their bundles.

    Raises:
        Refused: some are missing, or are not in order.
    """
    wanted = 1 + len(begins(spec, crls[0].this_update))
    if len(crls) != wanted:
        raise Refused(f"the ceremony signed {len(crls)} of it, and wanted are {wanted}", where=str(spec), advice=_ALIKE)
    for one, other in pairwise(crls):
        if _said(other) != _said(one):
            what = f"number {other.number} does not say what number {one.number} says"
            raise Refused(what, where=str(spec), advice="find out whose key signed them")
        if other.number <= one.number or other.this_update <= one.this_update:
            raise Refused(f"number {other.number} does not follow on {one.number}", where=str(spec), advice=_ALIKE)
        if other.this_update >= one.next_update:
            raise Refused(
                f"number {one.number} ends at {iso(one.next_update)}, and number {other.number} begins only at "
                f"{iso(other.this_update)}: nothing would be valid in between",
                where=str(spec),
                advice=_ALIKE,
            )


def require_begun(crls: Sequence[SignedCRL], now: datetime) -> None:
    """Return if what a ceremony signed has begun, by the clock of this machine, and can be published.

    Raises:
        Refused: it has not; nobody would see what it revokes until then.
    """
    for crl in first_of_each(crls):
        if crl.this_update > now + SKEW:
            raise Refused(
                f"CRL number {crl.number} begins at {iso(crl.this_update)}, and the clock of this machine says "
                f"{iso(now)}: nothing of what it revokes would be published for {show(crl.this_update - now)}",
                where=str(crl.spec or crl.profile.issuer.name),
                advice="where the clock of the offline machine ran ahead: set it right, there `revocast discard` of "
                "each issuer, and hold another ceremony with a new request; where this one is behind: set it right. "
                "--ahead takes it in, and publishers hold it until it begins",
            )


def first_of_each(crls: Iterable[SignedCRL]) -> list[SignedCRL]:
    """One of each CRL: the others of its series say the same."""
    found: dict[tuple[str, str | None], SignedCRL] = {}
    for crl in crls:
        found.setdefault((crl.profile.issuer.id, crl.spec.label if crl.spec else None), crl)
    return list(found.values())


def _said(crl: SignedCRL) -> dict[bytes, Revocation | None]:
    return {entry.serial: entry.revocation for entry in crl.entries}


def of_a_request(profiles: Iterable[IssuerProfile]) -> Iterator[str]:
    """What a ceremony will sign ahead of time, and what that costs: said before it is asked for."""
    for profile in profiles:
        for spec in profile.complete_crls.values():
            if series := spec.settings.series:
                yield (
                    f"{spec}: the ceremony signs a series of {series.count}, one every {show(series.every)}: to who is "
                    "shown one that leaked, it hides what is revoked after it, from its beginning until its end"
                )


def told(crls: Sequence[SignedCRL], now: datetime) -> Iterator[str]:
    """The schedule in words, in the order of the bundles."""
    seen = set()
    for crl in crls:
        which = (crl.profile.issuer.id, crl.spec.label if crl.spec else "")
        begins_now = which not in seen and crl.this_update <= now + SKEW
        window = "" if begins_now else f"from {iso(crl.this_update)} "
        yield f"{crl.profile.issuer.name}: CRL {_label(crl)}number {crl.number}, {window}until {iso(crl.next_update)}"
        seen.add(which)


def _label(crl: SignedCRL) -> str:
    """Which CRL it is, where the issuer has several."""
    return f"{crl.spec.label}, " if crl.spec is not None and len(crl.profile.complete_crls) > 1 else ""
