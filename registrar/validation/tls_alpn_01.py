"""tls-alpn-01 (RFC 8737; for addresses RFC 8738 section 6): a certificate made for the purpose, on port 443."""

from ipaddress import ip_address
from typing import Final

from cryptography import x509

from registrar.problem import Identifier, Problem, ProblemType
from registrar.validation.challenge import Challenge
from registrar.validation.config import Network
from registrar.validation.connecting import Host, connected
from registrar.validation.deadline import Deadline
from registrar.validation.failure import FORBIDDEN
from registrar.validation.resolver import Resolver
from registrar.validation.tls import handshaken

_PROTOCOL: Final = "acme-tls/1"
_ACME_IDENTIFIER: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
_OCTET_STRING_32: Final = bytes.fromhex("0420")
"""The head of an OCTET STRING of 32 octets in DER."""


class _Wrong(Exception):
    """What is wrong with the certificate, for people."""


def validate_tls_alpn_01(challenge: Challenge, network: Network, resolver: Resolver, deadline: Deadline) -> None:
    """Return if the server that the identifier leads to shows the certificate.

    Raises:
        Problem: it does not; says where, and what is wrong.
    """
    identifier = challenge.identifier
    is_address = identifier.type == "ip"
    host = Host(identifier.value, ip_address(identifier.value)) if is_address else Host(identifier.value)
    server_name = ip_address(identifier.value).reverse_pointer if is_address else identifier.value
    with connected(host, network.tls_port, resolver, network.private_addresses, deadline) as connection:
        where = f"{host}, port {network.tls_port}, at {connection.address}, asked for {_PROTOCOL} of {server_name}"
        with handshaken(connection.socket, server_name, where, deadline, [_PROTOCOL]) as secured:
            protocol, der = secured.selected_alpn_protocol(), secured.getpeercert(binary_form=True)
    if protocol != _PROTOCOL:
        raise Problem(ProblemType.TLS, f"{where}: the server did not agree on that protocol (ALPN)")
    try:
        require_certificate(der or b"", challenge)
    except _Wrong as error:
        raise Problem(ProblemType.INCORRECT_RESPONSE, f"{where}: the certificate {error}", status=FORBIDDEN) from None


def require_certificate(der: bytes, challenge: Challenge) -> None:
    """Return if it is the certificate of that challenge (RFC 8737 section 3).

    Raises:
        _Wrong: it is not.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        extensions = certificate.extensions
    except Exception:  # a stranger wrote it: whatever the parser raises is about it, and there is no list of that
        raise _Wrong("cannot be read, or has an extension twice") from None
    _require_self_signed(certificate)
    _require_one_name(extensions, challenge.identifier)
    _require_digest(extensions, challenge.digest)


def _require_self_signed(certificate: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception:  # likewise
        raise _Wrong("is not self-signed") from None


def _require_one_name(extensions: x509.Extensions, identifier: Identifier) -> None:
    try:
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        raise _Wrong("has no subjectAltName") from None
    if len(names) != 1:
        raise _Wrong(f"has {len(names)} names in subjectAltName, and exactly one is wanted")
    if not _is_named(names[0], identifier):
        raise _Wrong(f"is for another name than {identifier.value}")


def _is_named(name: x509.GeneralName, identifier: Identifier) -> bool:
    if identifier.type == "ip":
        return isinstance(name, x509.IPAddress) and name.value == ip_address(identifier.value)
    return isinstance(name, x509.DNSName) and name.value.lower() == identifier.value


def _require_digest(extensions: x509.Extensions, digest: bytes) -> None:
    try:
        found = extensions.get_extension_for_oid(_ACME_IDENTIFIER)
    except x509.ExtensionNotFound:
        raise _Wrong("has no extension acmeIdentifier") from None
    if not found.critical:
        raise _Wrong("has an extension acmeIdentifier that is not critical")
    if not isinstance(found.value, x509.UnrecognizedExtension) or found.value.value != _OCTET_STRING_32 + digest:
        raise _Wrong("has an acmeIdentifier that is not the digest of this account's key authorization")
