"""Revocation (RFC 8555 section 7.6): by the account, by the key of the certificate, or by who holds all its names."""

import logging
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registrar.acme.asked import Answer, Asked
from registrar.acme.identifiers import STAR
from registrar.acme.strict_json import decode, malformed
from registrar.database import certificates
from registrar.database import orders as stored
from registrar.database.states import State, record_revoked_before, record_told
from registrar.problem import Problem, ProblemType
from revocation import serials
from revocation.issuer import Issuer
from revocation.status import Reason

_SOON: Final = 5
_LOG: Final = logging.getLogger("revocast.registrar")
_ALLOWED: Final = frozenset(
    {
        Reason.unspecified,
        Reason.keyCompromise,
        Reason.affiliationChanged,
        Reason.superseded,
        Reason.cessationOfOperation,
        Reason.privilegeWithdrawn,
    }
)
_BY_NAMES: Final = frozenset({Reason.unspecified, Reason.superseded, Reason.cessationOfOperation})
"""Who holds the names alone never had the key, and cannot say that it is compromised."""


def revoke(asked: Asked) -> Answer:
    """Have a certificate revoked: recorded when this is answered, published a moment later."""
    payload = asked.payload()
    found = _certificate(payload)
    serial = serials.to_hex(serials.from_int(found.serial_number))
    ca = _ca(asked, found, serial)
    with asked.services.database.read() as connection:
        known = certificates.by_serial(connection, asked.tenant.name, ca, serial)
    owner = known.account if known else None
    reason = _reason(payload, _allowed(asked, found, owner))
    who = f"account {asked.account_url(asked.sender.id)}" if asked.sender else f"the key of the certificate {serial}"
    asked.services.rates.revocation(asked.tenant, asked.sender.id if asked.sender else None, asked.address)
    try:
        revision = asked.services.issuance.revoke(asked.tenant, ca, serial, reason, who)
    except Problem as problem:
        if problem.type is ProblemType.ALREADY_REVOKED:
            _require_published(asked, ca, found.serial_number)
        raise
    _LOG.info("certificate %s of %s is revoked (%s), asked by %s", serial, asked.tenant.name, reason.name, who)
    state = State(revoked_at=asked.now, reason=reason.name)
    with asked.services.database.write() as connection:
        record_told(connection, asked.tenant.name, ca, serial, state, revision, asked.now)
    return Answer(None)


def _require_published(asked: Asked, ca: str, serial: int) -> None:
    """Return if it is published that it is revoked for good, and note that: who forges replies could say so of any.

    Raises:
        Problem: it is not, or not yet.
    """
    issuer = asked.services.public.profiles[ca].issuer
    published = asked.services.statuses.published(issuer, serial, fresh=True)
    if published is None or published.revoked_for_good is None:
        detail = "the signer says that it is revoked already, and that is not published yet: ask again"
        raise Problem(ProblemType.SERVER_INTERNAL, detail, status=503, retry_after=_SOON)
    name = serials.to_hex(serials.from_int(serial))
    with asked.services.database.write() as connection:
        record_revoked_before(connection, asked.tenant.name, ca, name, published.revoked_for_good, asked.now)


def _certificate(payload: dict[str, Any]) -> x509.Certificate:
    octets = decode(payload.get("certificate"), "certificate")
    try:
        return x509.load_der_x509_certificate(octets)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise _not_ours() from None


def _ca(asked: Asked, found: x509.Certificate, serial: str) -> str:
    """The id of the issuer that signed a certificate: this one, or what it was when it had a former key.

    Raises:
        Problem: none did, or what has that key is no longer among the issuers that are configured.
    """
    tenant, issuers = asked.tenant, [one.issuer for one in asked.services.public.profiles.values()]
    ca = next((one.id for one in (tenant.issuer, *issuers) if _signed(one, found)), None)
    if ca == tenant.issuer.id:
        return ca
    with asked.services.database.read() as connection:
        known = certificates.by_der(connection, tenant.name, serial, found.public_bytes(Encoding.DER))
    if known is None:
        raise _not_ours()
    if known.ca != ca:
        detail = "the key that signed this certificate is not in use here any more: ask the operator of this CA"
        raise Problem(ProblemType.SERVER_INTERNAL, detail, status=500)
    return ca


def _signed(issuer: Issuer, found: x509.Certificate) -> bool:
    try:
        found.verify_directly_issued_by(issuer.certificates[0])
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True


def _not_ours() -> Problem:
    return malformed("`certificate` is none that this CA issued", status=404)


def _allowed(asked: Asked, found: x509.Certificate, owner: str | None) -> frozenset[Reason]:
    """The reasons that who asks may give.

    Raises:
        Problem: none, since it is not theirs to revoke.
    """
    if asked.sender is None:
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if found.public_key().public_bytes(*form) == asked.key.public_key_info:
            return _ALLOWED
        raise _not_theirs("the key that signs this is not the certificate's; an account signs with `kid`")
    if owner == asked.sender.id:
        return _ALLOWED
    with asked.services.database.read() as connection:
        names = _names(found)
        if names and stored.are_authorized(connection, asked.tenant.name, asked.sender.id, names, asked.now):
            return _BY_NAMES
    raise _not_theirs("this account neither has the certificate nor a valid authorization for each of its names")


def _not_theirs(detail: str) -> Problem:
    return Problem(ProblemType.UNAUTHORIZED, detail, status=403)


def _names(found: x509.Certificate) -> list[tuple[str, bool]]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return []
    dns = names.get_values_for_type(x509.DNSName)
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    if len(dns) + len(addresses) != len(names):
        return []  # of other names nobody has an authorization
    return [(one.removeprefix(STAR), one.startswith(STAR)) for one in dns] + [(one, False) for one in addresses]


def _reason(payload: dict[str, Any], allowed: frozenset[Reason]) -> Reason:
    wanted = payload.get("reason", 0)
    if isinstance(wanted, int) and not isinstance(wanted, bool) and wanted in allowed:
        return Reason(wanted)
    numbers = ", ".join(str(one.value) for one in sorted(allowed))
    raise Problem(ProblemType.BAD_REVOCATION_REASON, f"the reasons that can be given here are {numbers}")
