"""What is to be certified, in plain words, and the digest that people agree to."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509

from revocation import serials
from revocation.clock import iso
from revocation.compliance import Compliance
from revocation.config import IssuerProfile
from revocation.issuer import Issuer
from signer.encoding.ca_certificate import CAProfile
from signer.encoding.extensions import Places
from signer.issuers.pointers import all_pointers, pointers
from signer.issuers.subject import shown_name
from signer.issuers.turn import Turn
from signer.keys.kind import name_of_kind
from signer.random_serial import random_serial

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Order:
    """A CA certificate that somebody wants.

    Attributes:
        ca: whose it will be; one that has no certificate yet has none here.
        subject: its DN, for people.
        parent: who is to certify it; None for a root, which certifies itself.
        lasts: from notBefore to notAfter, both ends counted.
        turn: which of the certifier's CA certificates it is: none is made by an agreement to another.
        serial: what it will have; another each time, so no part of what is agreed to.
        request: SHA-256 of the file in which it was asked for, hexadecimal; None where there was none.
    """

    ca: Issuer
    subject: x509.Name
    parent: IssuerProfile | None
    profile: CAProfile
    lasts: timedelta
    compliance: Compliance
    turn: Turn
    request: str | None = None
    serial: bytes = field(default_factory=random_serial)

    @property
    def certifier(self) -> Issuer:
        """Who signs it."""
        return self.parent.issuer if self.parent else self.ca

    @property
    def key_sha256(self) -> str:
        """Of the SubjectPublicKeyInfo."""
        return hashlib.sha256(self.ca.public_key_info).hexdigest()

    @property
    def digest(self) -> str:
        """SHA-256 of all that was decided, the same from when it is shown until it is carried out, and never again."""
        said = {
            "subject": self.ca.subject.hex(),
            "public_key_info": self.ca.public_key_info.hex(),
            "parent": self.parent.issuer.id if self.parent else None,
            "seconds": int(self.lasts.total_seconds()),
            "path_length": self.profile.path_length,
            "signs_responses": self.profile.signs_responses,
            "usages": self.profile.usages,
            "policies": self.profile.policies,
            "request": self.request,
            "places": all_pointers(self.parent, is_ca=True) if self.parent else None,
            "number": self.turn.number,
            "since": iso(self.turn.since) if self.turn.since else None,
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def places(self) -> Places | None:
        """The URLs that will stand in it; none in that of a root.

        Raises:
            Refused: no CRL of the parent lists CA certificates.
        """
        return pointers(self.parent, serials.to_int(self.serial), is_ca=True) if self.parent else None

    def window(self, not_before: datetime) -> tuple[datetime, datetime]:
        """notBefore and notAfter."""
        return not_before, not_before + self.lasts - _SECOND

    def lines(self, not_before: datetime) -> Iterator[str]:
        """What people agree to."""
        begin, end = self.window(not_before)
        yield f"subject    {shown_name(self.subject)}"
        yield f"key        {name_of_kind(self.ca.public_key_info)}, spki sha256 {self.key_sha256}"
        by = f"{self.parent.issuer.name} ({self.parent.issuer.id})" if self.parent else "itself: a root"
        yield f"issued by  {by}"
        yield f"valid      from {iso(begin)} to {iso(end)} ({self.lasts.days} days)"
        yield f"below it   {_below(self.profile.path_length)}"
        signs = ", OCSP responses" if self.profile.signs_responses else ""
        yield f"may sign   certificates, CRLs{signs}"
        if self.profile.usages:
            yield f"usages     {', '.join(self.profile.usages)}"
        if self.profile.policies:
            yield f"policies   {', '.join(self.profile.policies)}"
        if self.places:
            yield f"status at  {self.places.crl}, {self.places.ocsp}"
            yield f"issuer at  {self.places.issuer}"
        yield f"number     {self.turn.number} of the CA certificates that its issuer signs here"
        if self.request:
            yield f"request    sha256:{self.request}"


def _below(path_length: int | None) -> str:
    if path_length is None:
        return "any number of CAs in a chain"
    return f"at most {path_length} CAs in a chain" if path_length else "no CA"
