"""The exchange in a bucket of SeaweedFS, each side with its own key and policy: what signers and publishers may do."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import pytest

from revocation.errors import ExchangeError
from revocation.wire.bucket import Bucket
from revocation.wire.s3 import connect
from revocation.wire.s3_exchange import S3Exchange
from tests.building.faulty import Fault, Faulty, times
from tests.building.s3server import S3Place
from tests.building.seaweedfs import EXCHANGE, SeaweedFS

pytestmark = [pytest.mark.judge("weed"), pytest.mark.usefixtures("seaweed")]
NAME = "000000000001-1a2b3c4d-crl-all.tar"
CONTENT = bytes(range(256)) * 1000


def of(content: bytes) -> Callable[[BinaryIO], None]:
    """Writes that."""
    return lambda out: out.write(content) and None


@pytest.fixture
def faulty(seaweedfs: SeaweedFS) -> Iterator[Faulty]:
    """A server between us and S3, with TLS on either side."""
    with Faulty(seaweedfs.port, certificate=seaweedfs.certificate, trusts=seaweedfs.ca) as between:
        yield between


As = Callable[..., S3Exchange]


@pytest.fixture
def as_(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> As:
    """The exchange as one of the services."""

    def connected(user: str, endpoint: str = seaweedfs.endpoint) -> S3Exchange:
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", seaweedfs.variables(user)["AWS_SHARED_CREDENTIALS_FILE"])
        connect.cache_clear()
        return S3Exchange(Bucket(url=f"s3://{EXCHANGE}/bundles", endpoint=endpoint, path_style=True))

    return connected


def test_signer_puts_and_publisher_reads_and_puts_nothing(as_: As) -> None:
    """Each by its own policy; the publisher is told what it lacks."""
    as_("signer").put(NAME, of(CONTENT))
    publisher = as_("publisher")
    assert [one.name for one in publisher.list()] == [NAME]
    with publisher.open(NAME) as source:
        assert source.read() == CONTENT
    with pytest.raises(ExchangeError, match="these credentials may not do what is needed"):
        publisher.put(NAME.replace("1-", "2-", 1), of(CONTENT))
    with pytest.raises(ExchangeError, match="these credentials may not do what is needed"):
        publisher.remove(NAME)
    as_("signer").remove(NAME)
    assert as_("publisher").list() == []


def test_of_signers_that_put_at_once_one_wins_and_no_bundle_is_torn(as_: As, caplog: pytest.LogCaptureFixture) -> None:
    """By the server's own conditional writes, which the probe finds: the log has no warning of them."""
    signers = [as_("signer") for _ in range(8)]
    contents = [bytes([number]) * 100_000 for number in range(8)]

    def put(number: int) -> bytes | None:
        try:
            signers[number].put(NAME, of(contents[number]))
        except ExchangeError as error:
            if "another bundle has this name" in str(error):
                return None
            raise
        return contents[number]

    with ThreadPoolExecutor(8) as pool, caplog.at_level(logging.WARNING, "revocast.s3"):
        (won,) = [one for one in pool.map(put, range(8)) if one]
    with as_("publisher").open(NAME) as source:
        assert source.read() == won
    assert caplog.records == []


def test_bundle_that_is_damaged_on_its_way_is_refused_by_the_server(
    as_: As, seaweedfs: SeaweedFS, faulty: Faulty
) -> None:
    """It holds what comes against its SHA-256: nothing lies there then, and the next put is as if it were the first."""
    signer = as_("signer", faulty.endpoint)
    faulty.plan = times(100, Fault(damaged=True), "PUT", NAME)
    with pytest.raises(ExchangeError, match="cannot be put: it arrived damaged"):
        signer.put(NAME, of(CONTENT))
    assert seaweedfs.place(EXCHANGE).listed("bundles/000") == []
    faulty.plan = lambda method, path, headers: None
    signer.put(NAME, of(CONTENT))


@pytest.mark.parametrize(
    "fault", [Fault(503, "SlowDown"), Fault(lost=True), Fault(409, "ConditionalRequestConflict")], ids=lambda f: f.code
)
def test_bundle_is_put_in_spite_of_faults_that_pass(as_: As, faulty: Faulty, fault: Fault) -> None:
    """A put whose answer was lost meets its own object at the second try."""
    signer = as_("signer", faulty.endpoint)
    faulty.plan = times(2, fault, "PUT", NAME)
    signer.put(NAME, of(CONTENT))
    with as_("publisher").open(NAME) as source:
        assert source.read() == CONTENT


def test_bundle_carries_its_digest_and_is_not_for_everybody(seaweedfs: SeaweedFS, as_: As, seaweed: S3Place) -> None:
    """Who has no key gets nothing of the exchange."""
    as_("signer").put(NAME, of(CONTENT))
    said = seaweedfs.place(EXCHANGE).head(f"bundles/{NAME}")
    assert (said["ContentType"], said["CacheControl"]) == ("application/x-tar", "no-store")
    assert said["Metadata"].keys() == {"sha256"}
    with pytest.raises(seaweed.client.exceptions.ClientError, match="AccessDenied"):
        seaweedfs.client("anonymous").get_object(Bucket=EXCHANGE, Key=f"bundles/{NAME}")
