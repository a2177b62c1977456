"""How many OCSP slices an issuer should have: that is configured, since signer and publishers have to agree on it."""

from typing import Final

from revocation.config import IssuerProfile

LARGEST_SLICE: Final = 10_000
"""Certificates in a slice beyond which somebody should be told."""

_ADVISED: Final = 4_000
_MOST_SLICES: Final = 65_536


def too_large(profile: IssuerProfile, largest: int, responses: int) -> str | None:
    """What to say of slices that are too large; None where they are not, or no number of slices makes them smaller.

    Args:
        largest: responses of the largest slice.
        responses: those of all slices.
    """
    each, slices = len(profile.ocsp.responses), profile.ocsp.slices
    advised = min(-(-responses // each // _ADVISED), _MOST_SLICES)
    if largest // each <= LARGEST_SLICE or advised <= slices:
        return None
    return (
        f"{profile.issuer.name}: {largest // each} certificates in an OCSP slice, and what is revoked waits while a "
        f"publisher verifies one: set `slices` of [public.ocsp], now {slices}, to {advised}, also where publishers run"
    )
