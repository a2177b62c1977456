"""What answers in the place of KMS and is none of it, as a proxy does that was put between: a mock, by a server here.

KMS itself gives no such answer, and moto's neither.
"""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation import der
from signer.keys import BytesTBS, KeyAway
from signer.keys.kms import client, key
from signer.keys.kms.key import open_kms_key
from tests.building.s3server import CREDENTIALS

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
DER = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
URI = "awskms:00000000-0000-0000-0000-000000000001?region=eu-north-1"


class Proxy(BaseHTTPRequestHandler):
    """It answers 200, whatever it is asked."""

    answers: ClassVar[dict[str, bytes]] = {}

    def do_POST(self) -> None:
        """By what is asked."""
        self.rfile.read(int(self.headers["Content-Length"]))
        content = self.answers[self.headers["X-Amz-Target"].partition(".")[2]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


def public(**more: object) -> bytes:
    """An answer to GetPublicKey."""
    said = {"KeyId": "arn", "KeyUsage": "SIGN_VERIFY", "PublicKey": b64encode(DER).decode(), **more}
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What the proxy says, by what it is asked."""
    server = HTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{server.server_port}")
    for cached in (client.client, key._found):
        cached.cache_clear()
    Proxy.answers = {"GetPublicKey": public()}
    yield Proxy.answers
    server.shutdown()
    server.server_close()
    for cached in (client.client, key._found):
        cached.cache_clear()


@pytest.mark.parametrize("content", [b"{}", b"<html>log in here</html>", b'{"Signature": "x"}', b"", b"[]", b"null"])
def test_answer_without_a_signature_is_none(answers: dict[str, bytes], content: bytes) -> None:
    """The key counts as away, so what was permitted is given back, and the next look asks again."""
    answers["Sign"] = content
    made = open_kms_key(URI, None)
    with pytest.raises(KeyAway, match="KMS gave an answer"):
        made.sign(BytesTBS(b"data"))
    with pytest.raises(KeyAway, match="KMS gave an answer"):
        made.sign_many([b"data"] * 3)


@pytest.mark.parametrize("field", ["KeyId", "KeyUsage", "PublicKey"])
def test_answer_without_a_key_is_none(answers: dict[str, bytes], field: str) -> None:
    """And is not remembered: the next one is taken."""
    answers["GetPublicKey"] = public(**{field: None})
    with pytest.raises(KeyAway, match=f"KMS gave an answer without {field}"):
        open_kms_key(URI, None)
    answers["GetPublicKey"] = public()
    assert der.public_key_octets(open_kms_key(URI, None).public_key_info)
