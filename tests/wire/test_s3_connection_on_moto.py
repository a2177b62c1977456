"""A connection to an S3 endpoint over time: credentials that change, answers that drip, a CA of its own."""

import io
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest

from revocation.clock import now
from revocation.errors import ExchangeError
from revocation.wire.s3 import S3
from revocation.wire.s3_client import new_client
from revocation.wire.s3_exchange import S3Exchange
from revocation.wire.s3_trouble import S3Trouble
from tests.authority import Authority
from tests.building.faulty import Fault, Faulty
from tests.building.s3server import S3Place
from tests.responder.tlsproxy import issue

NAME = "000000000001-1a2b3c4d-crl-all.tar"


@pytest.fixture
def faulty(s3: S3Place) -> Iterator[Faulty]:
    """A server between us and S3."""
    with Faulty(s3.server.port) as between:
        yield between


@pytest.fixture
def credentials(s3: S3Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of AWS's tools where they are looked for; it is not there yet."""
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    return file


def write(file: Path, key: str) -> None:
    """As an operator does who rotates them."""
    file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = of-{key}\n")


def content_to(out: BinaryIO) -> None:
    """Writes a bundle."""
    out.write(b"content")


@pytest.mark.long
def test_credentials_that_come_late_are_found_at_the_next_look(s3: S3Place, credentials: Path) -> None:
    """A service that was started before them needs no restart."""
    exchange = S3Exchange(s3.bucket("late"))
    with pytest.raises(ExchangeError, match="no credentials"):
        exchange.list()
    write(credentials, "LATE")
    assert S3Exchange(s3.bucket("late")).list() == []
    assert exchange.list() == []


@pytest.mark.parametrize(
    "refused",
    [
        Fault(403, "InvalidAccessKeyId"),
        Fault(403, "SignatureDoesNotMatch"),
        Fault(400, "ExpiredToken"),
        Fault(400, "InvalidToken"),
        Fault(403, "AccessDenied"),
    ],
    ids=lambda fault: fault.code,
)
def test_credentials_that_were_rotated_are_taken_at_the_next_look(
    s3: S3Place, faulty: Faulty, credentials: Path, refused: Fault
) -> None:
    """What was found out of the endpoint's conditions is still known."""

    def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
        return refused if disabled in headers.get("authorization", "") else None

    disabled = "none of them"
    write(credentials, "FORMER")
    exchange = S3Exchange(s3.bucket("rotated", faulty.endpoint))
    exchange.put(NAME, content_to)
    write(credentials, "LATTER")
    disabled = "FORMER"
    faulty.plan = plan
    with pytest.raises(ExchangeError):
        exchange.list()
    faulty.seen.clear()
    exchange.put(NAME, content_to)
    assert ".probe" not in str(faulty.seen)


def test_client_is_kept_after_another_trouble(s3: S3Place, faulty: Faulty, credentials: Path) -> None:
    """One is made in a tenth of a second, and an outage may last."""
    write(credentials, "FORMER")
    bucket = s3.bucket("", faulty.endpoint)
    made = [new_client(bucket)]
    connection = S3(bucket, iter(made).__next__)
    faulty.plan = lambda method, path, headers: Fault(404, "NoSuchBucket")
    for _ in range(2):
        with pytest.raises(S3Trouble, match="no such bucket"):
            list(connection.list())


def test_answer_that_drips_is_given_up(s3: S3Place, faulty: Faulty) -> None:
    """An octet every few seconds keeps a connection from timing out, and would hold the look of all other targets."""
    s3.write("object", bytes(100))
    bucket = s3.bucket("", faulty.endpoint)
    faulty.plan = lambda method, path, headers: Fault(held=True)
    tardy = count(0.0, 40.0)
    with pytest.raises(S3Trouble, match="object: cannot be read: the answer comes too slowly"):
        S3(bucket, partial(new_client, bucket), lambda: next(tardy)).get("object", None)
    assert faulty.count("GET") == 1


def test_answer_of_a_slow_line_is_read(s3: S3Place) -> None:
    """Large bundles may take minutes, as long as they come on."""
    s3.write("large", bytes(8 << 20))
    bucket, slow, out = s3.bucket(), count(0.0, 1.0), io.BytesIO()
    S3(bucket, partial(new_client, bucket), lambda: next(slow)).get("large", out)
    assert out.getvalue() == bytes(8 << 20)


@pytest.mark.long
def test_endpoint_with_a_certificate_of_a_private_ca_is_reached_with_it_alone(s3: S3Place, tmp_path: Path) -> None:
    """`tls_ca` is what its certificate is checked with, and without it no other CA will do."""
    authority = Authority(not_before=now() - timedelta(days=1))
    ca = authority.write(tmp_path / "ca.pem")
    with Faulty(s3.server.port, certificate=issue(authority, tmp_path, "s3")) as front:
        place = s3.bucket("", front.endpoint)
        assert S3Exchange(place.model_copy(update={"tls_ca": ca})).list() == []
        with pytest.raises(ExchangeError, match="TLS fails"):
            S3Exchange(place).list()
