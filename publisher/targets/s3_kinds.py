"""What stands in the headers of objects in a bucket: for each kind of object the same.

The media types are those of RFC 5280 and RFC 6960. How long caches may keep an object follows from the profiles, whose
windows leave room for it; where issuers differ it is the shortest.
"""

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final

from revocation.config import PublicConfig
from revocation.paths import MEDIA_TYPES, OCSP_MEDIA_TYPE, number_in
from revocation.wire.s3_object import Kind

_ISSUER: Final = timedelta(days=1)
_FOR_EVER: Final = timedelta(days=365)
_ISSUER_SUFFIXES: Final = frozenset({".cer", ".p7c"})

STATUS: Final = Kind("application/json", "no-store")


class Kinds:
    """The kinds of public objects of one installation.

    Attributes:
        response: that of OCSP responses (RFC 9919 section 7.2).
    """

    def __init__(self, public: PublicConfig) -> None:
        specs = [spec for profile in public.profiles.values() for spec in profile.crls.values()]
        longest = min((profile.ocsp.max_age for profile in public.profiles.values()), default=timedelta(0))
        self.response = Kind(OCSP_MEDIA_TYPE, f"max-age={_seconds(longest)}, public, no-transform, must-revalidate")
        self._crl = min((spec.settings.max_age for spec in specs), default=timedelta(0))

    def of(self, path: str) -> Kind:
        """That of the object with a public path."""
        suffix = PurePosixPath(path).suffix
        if number_in(path) is not None:
            return _kind(suffix, _FOR_EVER, ", immutable")
        return _kind(suffix, _ISSUER if suffix in _ISSUER_SUFFIXES else self._crl)


def _kind(suffix: str, longest: timedelta, more: str = "") -> Kind:
    return Kind(MEDIA_TYPES[suffix], f"max-age={_seconds(longest)}, public, no-transform{more}")


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())
