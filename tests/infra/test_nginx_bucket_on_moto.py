"""What lies in a bucket as relying parties get it: by the shipped nginx before it, and a responder for the rest.

moto's server stands for S3. Before it stands what it lacks of S3's ways: a `+` in a path is a space there.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from urllib.parse import quote
from wsgiref.simple_server import make_server

import pytest
from cryptography.x509 import ocsp

from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import canonical_request, get_path
from revocation.paths import issuer_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl, put_slice
from tests.building.crl import crl
from tests.building.faulty import Faulty
from tests.building.ocsp import both
from tests.building.s3server import CREDENTIALS, S3Server
from tests.infra.running_nginx import ask, free_port, nginx
from tests.infra.test_nginx_ocsp import SEEN, Quiet
from tests.responder.wire import MALFORMED

pytestmark = [pytest.mark.judge("nginx"), pytest.mark.judge("curl")]
POLICIES = Path(__file__).parents[2] / "infra/aws/policies"
GONE = 0x51 << 100
REVOKED = Revocation(NOW, Reason.keyCompromise)
FROM_OBJECTS = {"escaped", "escaped in lower case", "padding escaped", "query string"}
"""The ways of asking that name a key as S3 reads it, whatever the base64."""


class Served:
    """A bucket with nginx before it.

    Attributes:
        port: nginx's.
        responses: by serial, of those that have all the characters that go wrong; the first is revoked.
        asked: what was asked of the bucket.
    """

    def __init__(self, place: BucketPlace, port: int, responses: dict[int, bytes], between: Faulty) -> None:
        self.place, self.s3, self.port, self.responses, self.between = place, place.s3, port, responses, between

    def path(self, number: int) -> str:
        """The base64 that a client asks with."""
        return get_path(self.cert_id(number)).removeprefix("ocsp/")

    def cert_id(self, number: int) -> CertID:
        """By SHA-256."""
        return CertID.of(self.place.ca.issuer, serials.from_int(number), CertIDHash.SHA256)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[Served]:
    """CRL, issuer certificate and responses in a bucket that everybody reads and nobody lists."""
    root = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        s3 = s3_server.new_bucket()
        policy = (POLICIES / "public-bucket.json").read_text().replace("example-pki", s3.name)
        s3.client.put_bucket_policy(Bucket=s3.name, Policy=policy)
        place = BucketPlace(root, s3, target={"url": f"s3://{s3.name}", "ocsp": True})
        responder = place.ca.responder()
        numbers = _serials(place)
        answers = both(place.ca, responder, numbers[0], REVOKED)
        answers += [der for n in (*numbers[1:], GONE) for der in both(place.ca, responder, n)]
        put_slice(place.exchange, place.ca, 1, answers)
        put_crl(place.exchange, place.ca, 2, crl(place.ca, 5))
        place.publish()
    source = LMDBSource(place.store)
    upstream = make_server("127.0.0.1", 0, create_app(source, now=lambda: NOW), handler_class=Quiet)
    Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    with (
        Faulty(s3_server.port, reads=lambda path: path.replace("+", "%20")) as between,
        nginx(root, port, upstream.server_port, bucket=(between.port, s3.name)),
    ):
        yield Served(place, port, dict(zip(numbers, answers[1::2], strict=False)), between)
    upstream.shutdown()
    upstream.server_close()
    source.close()


def _serials(place: BucketPlace) -> list[int]:
    """Of base64 with each thing that goes wrong: slash and plus, doubled slashes, a slash at the end, none of it."""
    numbers = range(0x51 << 120, (0x51 << 120) + 4000 * 0x10F3C7FF, 0x10F3C7FF)
    ids = {n: CertID.of(place.ca.issuer, serials.from_int(n), CertIDHash.SHA256) for n in numbers}
    tails = {n: get_path(one)[-24:] for n, one in ids.items()}
    wanted = [
        lambda tail: "/" in tail and "+" in tail,
        lambda tail: "//" in tail,
        lambda tail: tail.endswith("/"),
        lambda tail: True,
    ]
    return list(dict.fromkeys(next(n for n, tail in tails.items() if fits(tail)) for fits in wanted))


@pytest.mark.parametrize("seen", SEEN)
def test_every_encoding_that_clients_were_seen_to_use_gets_its_own_answer(served: Served, seen: str) -> None:
    """From an object or from the responder: never another certificate's, and the bytes are the same from both."""
    for number, der in served.responses.items():
        response, body = ask(served.port, "/ocsp/" + SEEN[seen](served.path(number)))
        assert (response.status, body) == (200, der)
        assert next(iter(ocsp.load_der_ocsp_response(body).responses)).serial_number == number
        assert response.headers["Content-Type"] == "application/ocsp-response"
        is_object = response.headers["Cache-Control"] == "max-age=3600, public, no-transform, must-revalidate"
        assert is_object or seen not in FROM_OBJECTS or ("+" in served.path(number) and seen != "escaped")


def test_escaped_plus_is_an_object_and_a_bare_one_the_responders(served: Served) -> None:
    """S3 reads `%2B` as a plus and a plus as a space: what is no key there is asked of the responder."""
    number = next(n for n in served.responses if "+" in served.path(n))
    for form, is_object in ((quote(served.path(number), safe=""), True), (served.path(number), False)):
        response, body = ask(served.port, "/ocsp/" + form)
        assert body == served.responses[number]
        assert (response.headers["Cache-Control"] == "max-age=3600, public, no-transform, must-revalidate") is is_object


def test_curl_gets_the_object_and_openssl_verifies_it(served: Served, tmp_path: Path) -> None:
    """Clients that nobody here wrote."""
    revoked = next(iter(served.responses))
    url = f"http://127.0.0.1:{served.port}/ocsp/{quote(served.path(revoked), safe='')}"
    command = ["curl", "-sS", "--fail", "-D", "-", "-o", str(tmp_path / "response"), url]
    headers = subprocess.run(command, check=True, capture_output=True, text=True).stdout.lower()
    assert "max-age=3600, public, no-transform, must-revalidate" in headers
    assert "expires: mon, 02 mar 2026 12:00:00 gmt" in headers
    issuer = served.place.ca.write(tmp_path)
    verify = ["openssl", "ocsp", "-respin", str(tmp_path / "response"), "-CAfile", str(issuer), "-partial_chain"]
    said = subprocess.run(
        [*verify, "-issuer", str(issuer), "-sha256", "-serial", str(revoked), "-attime", str(int(NOW.timestamp()))],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "Response verify OK" in said.stderr + said.stdout
    assert "Reason: keyCompromise" in said.stdout


def test_post_is_answered_by_the_responder_and_not_sent_to_the_bucket(served: Served) -> None:
    """To each path that there may be for it."""
    served.between.seen.clear()
    for number, der in served.responses.items():
        for path in ("/ocsp/", "/ocsp"):
            assert ask(served.port, path, "POST", canonical_request(served.cert_id(number)))[1] == der
    assert served.between.seen == []


def test_response_that_is_no_object_any_more_is_the_responders(served: Served) -> None:
    """A miss is no answer."""
    number = GONE
    key = get_path(served.cert_id(number))
    content = served.s3.read(key)
    served.s3.remove(key)
    response, body = ask(served.port, "/ocsp/" + quote(served.path(number), safe=""))
    assert (response.status, body) == (200, content)


def test_unknown_certificate_is_answered_unauthorized(served: Served) -> None:
    """By the responder, which can say so."""
    path = get_path(CertID.of(served.place.ca.issuer, b"\x7e\x01", CertIDHash.SHA256))
    response, body = ask(served.port, "/" + quote(path, safe="/"))
    assert (response.status, body) == (200, bytes.fromhex("30030a0106"))


def test_crl_and_issuer_certificate_come_with_the_headers_of_the_objects(served: Served) -> None:
    """Nothing of S3's own beside them."""
    for path, cached in ((served.place.spec().path, 300), (issuer_path(served.place.ca.issuer.id), 86400)):
        response, body = ask(served.port, f"/{path}")
        assert (response.status, body) == (200, served.s3.read(path))
        assert response.headers["Cache-Control"] == f"max-age={cached}, public, no-transform"
        assert not [name for name in response.headers if name.lower() in ("x-amz-version-id", "x-amz-request-id")]


@pytest.mark.parametrize("path", ["/", "/private/bucket.json", "/?list-type=2", "/crl/", "/ocsp/?list-type=2"])
def test_nothing_else_of_the_bucket_is_reached(served: Served, path: str) -> None:
    """No list, and no status."""
    served.between.seen.clear()
    _, body = ask(served.port, path)
    assert b"ListBucketResult" not in body
    assert b"slices" not in body
    assert [seen for _, seen in served.between.seen if "list-type" in seen or "private" in seen] == []


def test_policy_lets_everybody_read_what_is_public_and_nothing_else(served: Served) -> None:
    """Straight from the bucket, as nobody: objects by name, no status, no list."""
    host = {"Host": f"{served.s3.name}.s3.amazonaws.com"}
    said = {
        path: ask(served.between.upstream, path, **host)[0].status
        for path in (f"/{served.place.spec().path}", "/private/bucket.json")
    }
    assert list(said.values()) == [200, 403]
    (statement,) = json.loads((POLICIES / "public-bucket.json").read_text())["Statement"]
    assert statement["Action"] == "s3:GetObject"


def test_who_posts_too_much_is_not_held(served: Served) -> None:
    """What the responder finds too long is malformedRequest, and the connection ends."""
    response, body = ask(served.port, "/ocsp/", "POST", b"\x30" * 5000)
    assert (response.status, body, response.headers["Connection"]) == (413, MALFORMED, "close")
