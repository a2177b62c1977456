"""CRLs that are published and not configured any more: one that alone says of a serial that it is revoked stays.

A mistaken configuration, or one that the signer refuses, must not take a revocation back from who fetches that CRL:
it stays until its nextUpdate, when nobody may rely on it any more, or until all that are configured are published and
list what it lists.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from publisher.verify_crl import VerifiedCRL, read_crl
from revocation import serials
from revocation.artifacts import CRLName
from revocation.config import IssuerProfile
from revocation.errors import GateError
from revocation.published import LeftoverCRL

_NAMED: Final = 20


def leftover(
    path: str, label: str, data: bytes, profile: IssuerProfile, listed: Sequence[VerifiedCRL], now: datetime
) -> LeftoverCRL | None:
    """Why the CRL has to stay; None where it may go.

    Args:
        path: of the file.
        label: what it was called; no CRL of the profile is.
        listed: the complete CRLs of the issuer that are configured and published: its list of URLs names the others
            of before until all of them are.
    """
    crl = _read(label, data, profile)
    if crl is None or crl.next_update <= now:
        return None
    alone = set(crl.revoked)
    for other in listed:
        alone -= set(other.revoked)
    if not alone and len(listed) == len(profile.complete_crls):
        return None
    return LeftoverCRL(
        path=path, until=crl.next_update, count=len(alone), serials=[serials.to_hex(one) for one in _first(alone)]
    )


def _first(found: Collection[bytes]) -> list[bytes]:
    return sorted(found)[:_NAMED]


def _read(label: str, data: bytes, profile: IssuerProfile) -> VerifiedCRL | None:
    """What the issuer did not sign proves nothing."""
    try:
        spec = replace(next(iter(profile.crls.values())), name=CRLName.parse(label))
        return read_crl(data, spec, any_form=True)
    except (ValueError, GateError):
        return None
