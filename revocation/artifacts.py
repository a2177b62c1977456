"""The kinds of objects that bundles and targets carry, and how each is named inside the system."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

_LABEL: Final = re.compile(r"(?P<profile>[a-z][a-z0-9]{0,31})(\.(?P<shard>[1-9][0-9]{0,4}))?(?P<delta>\.delta)?")


class Kind(StrEnum):
    """What a bundle or a target carries; `departed`, why entries left CRLs, is for publishers and no target's."""

    CRL = "crl"
    OCSP = "ocsp"
    ISSUER = "issuer"
    DEPARTED = "departed"


class Scope(StrEnum):
    """Which certificates a complete CRL covers (RFC 5280 section 5.2.5).

    `all` has no IssuingDistributionPoint, for consumers that refuse a critical one; the others carry it.
    """

    ALL = "all"
    USER = "user"
    CA = "ca"

    def covers(self, is_ca: bool) -> bool:
        """Whether a certificate of that kind belongs on a CRL of this scope."""
        return self is Scope.ALL or (self is Scope.CA) == is_ca


@dataclass(frozen=True, order=True)
class CRLName:
    """Which of an issuer's CRLs: its text, the *label*, stands in paths, bundles and rows: `all`, `user.7.delta`.

    Attributes:
        profile: the name of its profile; that of its scope unless the operator gave another.
        shard: 1 and up; 0 for a CRL that is not sharded.
        delta: whether it is the delta to the complete CRL of that profile and shard.
    """

    profile: str
    shard: int = 0
    delta: bool = False

    @classmethod
    def parse(cls, label: str) -> "CRLName":
        """The CRL of that label.

        Raises:
            ValueError: it is none.
        """
        match = _LABEL.fullmatch(label)
        if match is None:
            raise ValueError(f"{label!r} names no CRL: wanted is `all`, `user.7` or `user.7.delta`")
        return cls(match["profile"], int(match["shard"] or 0), bool(match["delta"]))

    def __str__(self) -> str:
        return self.profile + (f".{self.shard}" if self.shard else "") + (".delta" if self.delta else "")

    @property
    def complete(self) -> "CRLName":
        """The complete CRL that a delta belongs to; a complete one itself."""
        return replace(self, delta=False)

    @property
    def of_delta(self) -> "CRLName":
        """The delta to a complete CRL; a delta itself."""
        return replace(self, delta=True)
