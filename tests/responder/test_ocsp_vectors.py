"""Every OCSP file of cryptography_vectors, sent as a request by POST and by GET: it gets the answer that it deserves.

The store knows the certificates that the requests are for, so that what is answered is answered with a response.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import cryptography_vectors
import pytest
from flask.testing import FlaskClient

from responder.answers import ErrorAnswer
from responder.app import create_app
from responder.lmdbsource import LMDBSource
from responder.ocsprequest import parse
from revocation.certid import CertID
from revocation.store import ISSUERS_DATABASE, RESPONSES_DATABASE, issuer_key, response_key
from tests.authority import NOW
from tests.responder.filling import GOOD, Entry, Filling, write

VECTORS = Path(cryptography_vectors.__path__[0]) / "x509" / "ocsp"

KNOWN = {
    "ocsp-army.inapplicable-req.der": "a certificate of the store",
    "ocsp-army.revoked-req.der": "a certificate of the store",
    "ocsp-army.valid-req.der": "a certificate of the store",
    "req-acceptable-responses.der": "an extension that asks for a kind of response, RFC 6960 section 4.4.3",
    "req-ext-nonce.der": "a nonce of 16 octets, RFC 9654",
    "req-ext-unknown-oid.der": "an unknown extension that is not critical, RFC 6960 section 4.4",
    "req-multi-sha1.der": "two certificates: for the first, RFC 9919 section 3.2.1",
    "req-sha1.der": "a certificate of the store",
}
REFUSED = {
    "req-duplicate-ext.der": (ErrorAnswer.MALFORMED_REQUEST, "an extension twice, RFC 5280 section 4.2"),
    "req-invalid-version.der": (ErrorAnswer.MALFORMED_REQUEST, "version 2, which nobody has defined"),
    "req-invalid-hash-alg.der": (ErrorAnswer.UNAUTHORIZED, "a hash that no response of ours could repeat"),
}
RESPONSES = {path.name for path in VECTORS.iterdir()} - KNOWN.keys() - REFUSED.keys()


@dataclass(frozen=True)
class Knowing:
    """A client of the responder, and the one response that it has, under every CertID that is asked for."""

    client: FlaskClient
    response: bytes


@pytest.fixture
def knowing(tmp_path: Path, filling: Filling) -> Iterator[Knowing]:
    """The responder whose store has everything that a request of the vectors is for."""
    stored = filling.response(GOOD)
    asked = [parse((VECTORS / name).read_bytes()).cert_id for name in KNOWN]
    entries: list[Entry] = []
    for cert_id in asked:
        assert cert_id
        entries += _under(cert_id, stored.encode())
    write(tmp_path / "knowing", entries)
    source = LMDBSource(tmp_path / "knowing")
    yield Knowing(create_app(source, now=lambda: NOW).test_client(), stored.der)
    source.close()


def _under(cert_id: CertID, value: bytes) -> list[Entry]:
    issuer = cert_id.issuer_key_hash[:4]
    known_as = issuer_key(cert_id.hash, cert_id.issuer_name_hash, cert_id.issuer_key_hash)
    return [
        (ISSUERS_DATABASE, known_as, issuer),
        (RESPONSES_DATABASE, response_key(issuer, cert_id.hash.octet, cert_id.serial), value),
    ]


def answers(client: FlaskClient, octets: bytes) -> list[bytes]:
    """The bodies by POST, and by GET in either writing."""
    text = base64.b64encode(octets).decode()
    replies = [client.post("/ocsp/", data=octets), *(client.get(f"/ocsp/{quote(text, safe=s)}") for s in ("", "/+="))]
    assert {(reply.status_code, reply.content_type) for reply in replies} == {(200, "application/ocsp-response")}
    return [reply.data for reply in replies]


def test_tables_have_every_request_of_the_package() -> None:
    """One that comes with a new version is judged by somebody; what is left is a response, or says that it is one."""
    assert len(KNOWN) + len(REFUSED) == len(list(VECTORS.glob("*req*.der")))
    assert all("resp" in name for name in RESPONSES)
    assert len(RESPONSES) >= 17


@pytest.mark.parametrize("name", KNOWN)
def test_request_is_answered_with_the_response_of_its_certificate(knowing: Knowing, name: str) -> None:
    """With the stored bytes, whatever else is in the request."""
    assert set(answers(knowing.client, (VECTORS / name).read_bytes())) == {knowing.response}


@pytest.mark.parametrize("name", KNOWN)
def test_request_for_an_unknown_certificate_is_unauthorized(client: FlaskClient, name: str) -> None:
    """RFC 9919 section 3.2.3: the responder of another CA has no record of it."""
    assert set(answers(client, (VECTORS / name).read_bytes())) == {ErrorAnswer.UNAUTHORIZED.der}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_request_gets_the_error_that_it_deserves(knowing: Knowing, client: FlaskClient, name: str) -> None:
    """Whether or not its certificate is known."""
    octets = (VECTORS / name).read_bytes()
    assert {*answers(knowing.client, octets), *answers(client, octets)} == {REFUSED[name][0].der}


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_response_that_is_sent_as_a_request_is_malformed(knowing: Knowing, name: str) -> None:
    """It is DER, and an error that a client may understand; by GET where a path has room for it."""
    octets = (VECTORS / name).read_bytes()
    assert set(answers(knowing.client, octets)) == {ErrorAnswer.MALFORMED_REQUEST.der}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_cut_vector_is_malformed_wherever_it_is_cut(knowing: Knowing, name: str) -> None:
    """No prefix of a request is another request."""
    octets = (VECTORS / name).read_bytes()
    posted = {knowing.client.post("/ocsp/", data=octets[:size]).data for size in range(len(octets))}
    assert posted == {ErrorAnswer.MALFORMED_REQUEST.der}
