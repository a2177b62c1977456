"""Certificates with their chains (RFC 8555 section 7.4.2): PEM, the other chains as alternates; or DER alone."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.asked import Answer, Asked, not_there, not_yours
from registrar.database import certificates
from registrar.database.rows import Certificate
from registrar.tenant import Tenant
from revocation.config import PublicConfig, load_certificates
from revocation.paths import issuer_path

_CHAIN = "application/pem-certificate-chain"
_DER = "application/pkix-cert"
_LONGEST = 8

Chain = tuple[x509.Certificate, ...]


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
    chains = chains_of(asked.tenant, asked.services.public)
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


def chains_of(tenant: Tenant, public: PublicConfig) -> tuple[Chain, ...]:
    """The chains behind a certificate of an issuer, the usual one first: as configured, or found."""
    if tenant.table.chains:
        return tuple(_configured(paths) for paths in tenant.table.chains)
    known = tuple(one for profile in public.profiles.values() for one in profile.issuer.certificates)
    return tuple(dict.fromkeys(_above(one, known) for one in tenant.issuer.certificates))


@lru_cache(maxsize=64)
def _configured(paths: tuple[Path, ...]) -> Chain:
    return tuple(one for path in paths for one in load_certificates(path))


def _above(first: x509.Certificate, known: Sequence[x509.Certificate]) -> Chain:
    """Up to the root, which its relying parties have, and which stands there only where it would stand alone."""
    chain = [first]
    while len(chain) < _LONGEST and not is_root(chain[-1]):
        above = next((one for one in known if one not in chain and _signed(one, chain[-1])), None)
        if above is None or is_root(above):
            break
        chain.append(above)
    return tuple(chain)


def is_root(one: x509.Certificate) -> bool:
    """Whether it is self-signed."""
    return one.subject == one.issuer and _signed(one, one)


@lru_cache(maxsize=256)
def _signed(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
