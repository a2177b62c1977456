"""The path of a static OCSP response: that of a GET, and of one certificate only."""

import base64
import itertools
import random
import re
from urllib.parse import quote, unquote

import pytest
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import canonical_request, static_path
from tests.building.ca import CA

ISSUER = CA().issuer
PREFIXES = {"plain": (b"\x01" * 20, b"\x02" * 20), "slashes": (b"\xff" * 20, b"\xff" * 19 + b"\xfe")}


def served(cert_id: CertID) -> str:
    """What a web server may look for: decoded, slashes merged, and one at the end taken away on the way."""
    text = base64.b64encode(canonical_request(cert_id)).decode()
    return "ocsp/" + re.sub("/+", "/", unquote(quote(text, safe=""))).rstrip("/")


@pytest.mark.parametrize("hash_", CertIDHash)
def test_path_is_that_of_the_request_that_others_build(hash_: CertIDHash) -> None:
    """cryptography builds the same request; what the path decodes to, its slashes not lost, is it."""
    algorithm = SHA1() if hash_ is CertIDHash.SHA1 else SHA256()
    cert_id = CertID.of(ISSUER, serials.from_int(0x1234567890), hash_)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        cert_id.issuer_name_hash, cert_id.issuer_key_hash, 0x1234567890, algorithm
    )
    assert builder.build().public_bytes(Encoding.DER) == canonical_request(cert_id)
    assert static_path(cert_id) == served(cert_id)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_no_certificate_is_answered_by_the_file_of_another(prefix: str, size: int) -> None:
    """All serials whose base64 is full of slashes: a path that is stored is what one request alone becomes.

    Nor is it a folder on the way to another: a file system has one or the other.
    """
    octets = (0x00, 0x0F, 0x3F, 0x7F, 0xC0, 0xF0, 0xFC, 0xFF, 0xF3)
    names = PREFIXES[prefix]
    ids = [CertID(CertIDHash.SHA1, *names, bytes(serial)) for serial in itertools.product(octets, repeat=size)]
    stored = {path for one in ids if (path := static_path(one)) is not None}
    requests: dict[str, list[CertID]] = {}
    for one in ids:
        requests.setdefault(served(one), []).append(one)
        assert static_path(one) in (None, served(one))
    assert stored
    assert all(len(requests[path]) == 1 for path in stored)
    folders = {path[: slash.start()] for path in stored for slash in re.finditer("/", path)}
    assert not stored & folders


def test_longest_serials_whose_path_no_file_can_have_are_refused() -> None:
    """A name has 255 octets at most; RFC 9919 has clients send such requests by POST anyway."""
    ids = [CertID(CertIDHash.SHA1, b"\x01" * 20, b"\x02" * 20, b"\x55" * size) for size in range(1, 129)]
    longest = [max(map(len, served(one).split("/"))) for one in ids]
    assert [static_path(one) is not None for one in ids] == [names <= 255 for names in longest]
    assert max(longest) > 255


@pytest.mark.parametrize(
    ("size", "hash_", "least", "most"),
    [
        (16, CertIDHash.SHA256, 0.015, 0.03),
        (16, CertIDHash.SHA1, 0, 0.004),
        (20, CertIDHash.SHA1, 0.015, 0.03),
        (18, CertIDHash.SHA256, 0, 0.004),
    ],
)
def test_few_certificates_have_no_path(size: int, hash_: CertIDHash, least: float, most: float) -> None:
    """Of random serials: about 2.2 % or 0.15 % by length and hash, as it is told in the documents."""
    chance = random.Random(1)
    numbers = [chance.getrandbits(8 * size - 1) | 1 << (8 * size - 2) for _ in range(5000)]
    refused = sum(static_path(CertID.of(ISSUER, serials.from_int(n), hash_)) is None for n in numbers)
    assert least * len(numbers) < refused < most * len(numbers)
