"""What is sent to the application over HTTP, and what it has to answer."""

import hashlib
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from revocation.certid import CertIDHash
from tests.responder.asking import request
from tests.responder.filling import Filling

Ask = Callable[[Filling], bytes]


def cache_control(seconds: int, body: bytes) -> str:
    """That of a response which may be kept for so long, less the up to an eighth that its SHA-256 says."""
    early = seconds * int.from_bytes(hashlib.sha256(body).digest()[:2], "big") // 65536 // 8
    return f"max-age={seconds - early}, public, no-transform, must-revalidate"


def about(*serials: int, hash_: CertIDHash = CertIDHash.SHA256, **more: bytes) -> Ask:
    """The request for certificates of the store's issuer."""
    return lambda filling: request(*(filling.cert_id(serial, hash_) for serial in serials), **more)


def post(client: FlaskClient, body: bytes, **more: object) -> TestResponse:
    """A POST as clients send it."""
    return client.post("/ocsp/", data=body, content_type="application/ocsp-request", **more)
