"""An installation with four shards for users, and certificates that name theirs or do not."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import serials
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry
from tests.authority import NOW, Authority
from tests.estate import Estate, certificate

SECOND = timedelta(seconds=1)
SHARDED = 'crl = { scopes = ["user", "ca"], lists = { user = { shards = 4 } } }'


@pytest.fixture
def authority() -> Authority:
    """A CA that outlives the certificates of these tests."""
    return Authority(days=7300)


@pytest.fixture
def estate(tmp_path: Path, authority: Authority) -> Estate:
    """An installation with four shards for users."""
    return Estate.build(tmp_path / "estate", authority=authority, public=SHARDED)


def issued(authority: Authority, serial: int, *urls: str) -> ImportEntry:
    """A certificate that names these CRLs, as an importer finds it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "user")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority.certificate.subject)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(serial)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
    )
    if urls:
        names = [x509.UniformResourceIdentifier(url) for url in urls]
        points = x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
        builder = builder.add_extension(points, critical=False)
    signed = builder.sign(authority.key, SHA256())
    data, octets = signed.public_bytes(Encoding.DER), serials.from_int(serial)
    return ImportEntry(octets, signed.not_valid_after_utc, False, None, data, f"{serial}.pem")


LIST_OF_URGENT = 'urgent = { scope = "user", only_some_reasons = ["keyCompromise"] }'
URGENT = f'crl = {{ scopes = ["user", "ca"], lists = {{ user = {{ shards = 4 }}, {LIST_OF_URGENT} }} }}'


def listed(number: int, *, shard: int | None = None, reason: Reason | None = None) -> ImportEntry:
    """What a list says of a certificate, without the certificate."""
    one = certificate(number, revocation=Revocation(NOW, reason) if reason is not None else None)
    return replace(one, shard=shard)


BY_SERIAL = SHARDED.replace("shards = 4", 'shards = 4, assign = "serial"')
