"""One CRL that an issuer is configured to have: what it covers, where it is, and from when to when it is valid."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from revocation.artifacts import CRLName, Kind
from revocation.compliance import Compliance
from revocation.crlprofile import CRLList
from revocation.issuer import Issuer
from revocation.part import Part
from revocation.paths import crl_path

NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""nextUpdate of a last CRL that does not end (RFC 5280 section 4.1.2.5 has this value for notAfter)."""


class LastCRL(StrEnum):
    """How long the last CRL of a retired issuer is valid: until its certificates have expired, or for ever."""

    EXPIRY = "expiry"
    NEVER = "never"


@dataclass(frozen=True)
class CRLSpec:
    """One CRL of an issuer.

    Attributes:
        settings: what holds for all CRLs of its profile.
        url: of the complete CRL, byte for byte as it stands in certificates and in the IDP, also in that of its delta.
        last: of an issuer that is retired.
        freshest: the URL of its delta CRL, where it has one (FreshestCRL, RFC 5280 section 5.2.6).
    """

    issuer: Issuer
    name: CRLName
    settings: CRLList
    url: str
    compliance: Compliance = Compliance.PKIX
    last: LastCRL | None = None
    freshest: str | None = None

    @property
    def label(self) -> str:
        """Its name as it stands in paths, bundles and rows."""
        return str(self.name)

    def __str__(self) -> str:
        return f"CRL {self.issuer.name}/{self.label}"

    @property
    def form(self) -> str:
        """Stands for what it says of itself: its scope, its URLs. One of another form is to be replaced."""
        says = (self.settings.scope, self.url, self.freshest, *self.settings.only_some_reasons)
        return hashlib.sha256(repr(says).encode()).hexdigest()[:16]

    @property
    def path(self) -> str:
        """Where it is published."""
        return crl_path(self.issuer.id, self.label)

    @property
    def part(self) -> Part:
        """What bundles and the ledger call it."""
        return Part(issuer=self.issuer.id, kind=Kind.CRL, label=self.label)

    def window(self, now: datetime, last: datetime | None = None) -> tuple[datetime, datetime]:
        """thisUpdate and nextUpdate of one that is made now: backdated as far as thisUpdate rises by whole seconds.

        Args:
            last: thisUpdate of the one before; it has to be earlier than `now`.

        Under `br` both ends count, so a second is taken off; and no CRL may be valid for longer than others, so the
        last one is the first whose window reaches the end.
        """
        this_update = now - self.settings.backdate
        this_update = max(this_update, last + timedelta(seconds=1)) if last else this_update
        usual = this_update + self.compliance.lasting(self.settings.expires)
        if self._end is None:
            return this_update, usual
        return this_update, min(usual, self._end) if self.compliance is Compliance.BR else self._end

    def renew_at(self, this_update: datetime, next_update: datetime) -> datetime:
        """When one with that window is to be replaced: also one that was signed when something else was configured."""
        if next_update > self.window(this_update + self.settings.backdate)[1]:
            return this_update  # longer than is configured now: the publisher would refuse it
        if self._end is not None:
            if next_update >= self._end:
                return NEVER
            if self.compliance is not Compliance.BR:
                return this_update
        margin = self.settings.expires - self.settings.renewal
        return min(this_update + self.settings.renewal, next_update - margin)

    @property
    def _end(self) -> datetime | None:
        """Until when the last CRL of a retired issuer is valid."""
        if self.last is None:
            return None
        return NEVER if self.last is LastCRL.NEVER else self.issuer.not_after
