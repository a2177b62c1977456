"""What a certificate will say, decided from what was asked, the profile and the issuer; nothing of the ledger."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from revocation import der, serials
from revocation.compliance import Compliance
from revocation.config import IssuerProfile
from revocation.errors import Refused
from revocation.issuer import Issuer
from revocation.messages import MOST_NAMES, Issue
from revocation.refusalkind import RefusalKind
from revocation.visible import visible
from signer.encoding import ca_certificate, certificate, responder_certificate
from signer.encoding.ca_certificate import CAProfile
from signer.encoding.certificate import CertificateFrame
from signer.encoding.extensions import Places
from signer.encoding.responder_certificate import ResponderCertificateFrame
from signer.issuers.certify import frame_of
from signer.issuers.order import Order
from signer.issuers.pointers import pointers
from signer.issuers.rules import require_allowed, with_defaults
from signer.issuers.subject import shown_name
from signer.issuers.turn import Turn
from signer.issuers.usages import USAGES
from signer.issuing.config import Issuance, Profile
from signer.issuing.kinds import Kind
from signer.issuing.names import Name, parse_name, require_permitted
from signer.issuing.public_names import require_public
from signer.issuing.request import Request, read_request, require_its_key
from signer.issuing.subject_key import require_certifiable
from signer.issuing.subjects import subject_of
from signer.issuing.window import Window, longest_by_rule, window_of
from signer.random_serial import random_serial
from signer.refusal import refused_as

DOMAIN_VALIDATED: Final = "2.23.140.1.2.1"
"""The policy of certificates of which domains alone were validated (BRs section 7.1.6.1)."""


@dataclass(frozen=True)
class Draft:
    """A certificate that may be signed, as far as the ledger has nothing against it.

    Attributes:
        name: its subject; empty where there is none.
        tbs: the TBSCertificate, by the AlgorithmIdentifier of the key that is to sign it.
        frame: of an end entity; None of a CA and of a responder.
        ca: of a CA; None of others.
    """

    kind: Kind
    serial: bytes
    name: x509.Name
    names: Sequence[Name]
    window: Window
    public_key_info: bytes
    tbs: Callable[[bytes], bytes]
    frame: CertificateFrame | None = None
    ca: CAProfile | None = None

    @property
    def subject(self) -> str:
        """As text of RFC 4514."""
        return shown_name(self.name)

    @property
    def common_names(self) -> Sequence[str]:
        """Those in the subject, each once, in which nothing is unseen."""
        found = self.name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(dict.fromkeys(visible(str(one.value)) for one in found))


def draft(
    issuer: IssuerProfile,
    issuance: Issuance,
    body: Issue,
    now: datetime,
    responders_last: timedelta,
    suffixes: Path | None,
) -> Draft:
    """The certificate that a message asks for.

    Args:
        responders_last: how long the certificate of a responder may last at most.
        suffixes: the file of a Public Suffix List; None for the one that the library brings.

    Raises:
        Refused: it may not be certified: says which rule is in the way.
        InputError: something in the message is not what it should be.
        ConfigurationError: the list cannot be read.
    """
    profile, kind = _profile(issuer.issuer, issuance, body.profile), issuance.kind_of(body.profile)
    request = read_request(body.csr)
    require_certifiable(request.public_key_info, profile.keys or kind.usual_keys, issuer.compliance)
    require_its_key(request)
    rule = responders_last if kind is Kind.OCSP else longest_by_rule(issuer.compliance, kind, now)
    window = window_of(body, profile.validity, profile.most, issuer.issuer, now, rule)
    if kind is Kind.OCSP:
        return _of_responder(issuer.issuer, body, request, window)
    names = _names(body, request, kind, issuance, issuer, suffixes)
    subject = subject_of(body, request, names, kind, profile, issuer.compliance)
    if kind.is_ca:
        return _of_ca(issuer, profile, request, subject, window, now)
    return _of_end_entity(issuer, profile, kind, request, subject, names, window)


@refused_as(RefusalKind.ISSUER)
def _profile(issuer: Issuer, issuance: Issuance, name: str) -> Profile:
    if name not in issuance.profiles:
        raise Refused(
            f"has no profile {name!r}",
            where=f"issuer {issuer.name}",
            advice=f"its profiles are {', '.join(issuance.profiles)}",
        )
    return issuance.profiles[name]


@refused_as(RefusalKind.NAME)
def _names(
    body: Issue, request: Request, kind: Kind, issuance: Issuance, profile: IssuerProfile, suffixes: Path | None
) -> Sequence[Name]:
    """Those of the message, else those of the request, each once."""
    asked = map(parse_name, body.names) if body.names else request.names
    names = tuple(dict.fromkeys(asked))
    if len(names) > MOST_NAMES:
        raise Refused(f"{len(names)} names are too many", where="names", advice=f"{MOST_NAMES} at most")
    for name in names:
        if name.type not in kind.name_types:
            known = ", ".join(kind.name_types) or "none"
            raise Refused(f"{name}: a certificate of the kind `{kind}` has names of the types {known}", where="names")
        require_permitted(name, issuance.names_of(body.profile))
    if profile.compliance is Compliance.BR:
        require_public(names, suffixes)
    if kind.needs_names and not names:
        raise Refused("there are none", where="names", advice=f"--name {kind.name_types[0]}:…, or in the request")
    return names


def _of_end_entity(
    issuer: IssuerProfile,
    profile: Profile,
    kind: Kind,
    request: Request,
    subject: x509.Name,
    names: Sequence[Name],
    window: Window,
) -> Draft:
    serial, key = random_serial(), load_der_public_key(request.public_key_info)
    is_br = issuer.compliance is Compliance.BR
    places = pointers(issuer, serials.to_int(serial), is_ca=False)
    if profile.no_rev_avail is not None and window.lasts <= profile.no_rev_avail:
        places = Places(None, None, places.issuer)
    frame = CertificateFrame(
        issuer=issuer.issuer,
        serial=serial,
        not_before=window.not_before,
        not_after=window.not_after,
        subject=subject,
        public_key_info=request.public_key_info,
        subject_key=None if is_br else key_identifier(request.public_key_info),  # BRs section 7.1.2.7.6
        key_usage=kind.key_usage(key, issuer.compliance),
        usages=kind.usages,
        names=[name.general_name for name in names],
        policies=tuple(dict.fromkeys([*([DOMAIN_VALIDATED] if is_br else []), *profile.policies])),
        places=places,
    )
    tbs = partial(certificate.encode_tbs, frame)
    return Draft(kind, serial, subject, names, window, request.public_key_info, tbs, frame)


@refused_as(RefusalKind.ISSUER)
def _of_ca(
    issuer: IssuerProfile, profile: Profile, request: Request, subject: x509.Name, window: Window, now: datetime
) -> Draft:
    """By the same rules and in the same form as one that people order."""
    ca = Issuer(shown_name(subject), subject.public_bytes(), request.public_key_info, ())
    usages = tuple(USAGES[name] for name in profile.usages)
    wanted = CAProfile(profile.path_length, usages=usages, policies=profile.policies)
    made = with_defaults(wanted, issuer.compliance, is_root=False)
    order = Order(ca, subject, issuer, made, window.lasts, issuer.compliance, Turn(0, None))
    require_allowed(order, now)
    tbs = partial(ca_certificate.encode_tbs, frame_of(order, (window.not_before, window.not_after)))
    return Draft(Kind.INTERMEDIATE, order.serial, subject, (), window, request.public_key_info, tbs, ca=made)


@refused_as(RefusalKind.REQUEST)
def _of_responder(issuer: Issuer, body: Issue, request: Request, window: Window) -> Draft:
    if body.names or body.subject:
        raise Refused("the certificate of a responder has the subject that this signer gives it, and no names")
    frame = ResponderCertificateFrame(
        issuer, random_serial(), request.public_key_info, window.not_before, window.not_after
    )
    subject = responder_certificate.subject_of(issuer)
    tbs = partial(responder_certificate.encode_tbs, frame)
    return Draft(Kind.OCSP, frame.serial, subject, (), window, request.public_key_info, tbs)


def key_identifier(public_key_info: bytes) -> bytes:
    """The keyIdentifier of a key: SHA-1 of its octets (RFC 5280 section 4.2.1.2, method 1)."""
    return hashlib.sha1(der.public_key_octets(public_key_info), usedforsecurity=False).digest()
