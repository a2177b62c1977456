"""Certificates with their chains (RFC 8555 section 7.4.2): PEM, the other chains as alternates; or DER alone."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.asked import Answer, Asked, not_there, not_yours
from registrar.acme.chains import chains_of
from registrar.database import certificates
from registrar.database.rows import Certificate
from revocation.paths import issuer_path

_CHAIN = "application/pem-certificate-chain"
_DER = "application/pkix-cert"


def certificate(asked: Asked, id_: str, alternate: int = 0) -> Answer:
    """A certificate of the account that asks, with one of its chains."""
    asked.require_get()
    with asked.services.database.read() as connection:
        found = certificates.by_id(connection, asked.tenant.name, id_)
    if found is None:
        raise not_there("certificate")
    if found.account != asked.account.id:
        raise not_yours("certificate")
    if _DER in asked.accept and _CHAIN not in asked.accept:
        up = asked.tenant.profile.url(issuer_path(found.ca))
        return Answer(found.der, media_type=_DER, links=[("up", up)])
    chains = chains_of(asked.tenant, asked.services.public, found.ca)
    if alternate >= len(chains):
        raise not_there("chain of this certificate")
    others = [number for number in range(len(chains)) if number != alternate]
    links = [("alternate", _url(asked, id_, number)) for number in others]
    return Answer(_pem(found, chains[alternate]), media_type=_CHAIN, links=links)


def _url(asked: Asked, id_: str, number: int) -> str:
    return asked.tenant.url("certificate", id_, *((str(number),) if number else ()))


def _pem(found: Certificate, chain: Sequence[x509.Certificate]) -> bytes:
    leaf = x509.load_der_x509_certificate(found.der)
    return b"".join(one.public_bytes(Encoding.PEM) for one in (leaf, *chain))
