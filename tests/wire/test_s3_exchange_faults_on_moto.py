"""The exchange in a bucket when something fails: answers, digests, credentials, a disk. moto's server stands for S3."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from revocation.errors import ExchangeError, Unreadable
from revocation.wire.s3_exchange import S3Exchange
from tests.building.faulty import Fault, Faulty, times
from tests.building.s3server import CREDENTIALS, S3Place
from tests.wire.bundled import NAME, NAMES, of


@pytest.fixture
def faulty(s3: S3Place) -> Iterator[Faulty]:
    """A server between us and S3."""
    with Faulty(s3.server.port) as proxy:
        yield proxy


@pytest.fixture
def shaken(s3: S3Place, faulty: Faulty) -> S3Exchange:
    """The exchange through it."""
    return S3Exchange(s3.bucket("exchange", faulty.endpoint))


def test_bundle_that_arrives_damaged_is_noticed_where_moto_checks_no_digest(shaken: S3Exchange, faulty: Faulty) -> None:
    """It is read back, and not said to be there."""
    faulty.plan = times(1, Fault(damaged=True), "PUT", NAME)
    with pytest.raises(ExchangeError, match="does not read back"):
        shaken.put(NAME, of(b"content"))


@pytest.mark.parametrize(
    "fault",
    [Fault(503, "SlowDown"), Fault(500, "InternalError"), Fault(409, "ConditionalRequestConflict"), Fault(lost=True)],
    ids=["throttled", "fails", "at the same time", "answer lost"],
)
def test_bundle_is_put_in_spite_of_faults_that_pass(shaken: S3Exchange, faulty: Faulty, fault: Fault) -> None:
    """Two in a row; the put whose answer was lost is not taken for somebody else's."""
    faulty.plan = times(2, fault, "PUT", NAME)
    shaken.put(NAME, of(b"content"))
    with shaken.open(NAME) as source:
        assert source.read() == b"content"


PASSING = {
    "throttled": Fault(503, "SlowDown"),
    "breaks off": Fault(cut=True),
    "lost": Fault(lost=True),
    "damaged": Fault(damaged=True),
    "a page of a proxy": Fault(200, "Maintenance"),
}


@pytest.mark.long
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_bundle_is_read_in_spite_of_faults_that_pass(shaken: S3Exchange, faulty: Faulty, fault: Fault) -> None:
    """Whole, also when answers broke off in the middle."""
    content = bytes(range(256)) * 10_000
    shaken.put(NAME, of(content))
    faulty.plan = times(2, fault, "GET", NAME)
    with shaken.open(NAME) as source:
        assert source.read() == content


def test_answers_that_always_break_off_end_in_an_error(shaken: S3Exchange, faulty: Faulty) -> None:
    """Half a bundle is never taken for a bundle, and it is tried a bounded number of times."""
    shaken.put(NAME, of(b"content"))
    seen = faulty.count("GET")
    faulty.plan = times(100, Fault(cut=True), "GET", NAME)
    with pytest.raises(Unreadable, match="the answer breaks off"):
        shaken.open(NAME)
    assert faulty.count("GET") - seen == 3


@pytest.mark.parametrize(
    ("fault", "words"), [(Fault(damaged=True), "not what was put"), (Fault(200, "Maintenance"), "is none of S3")]
)
def test_answer_that_is_not_what_was_put_says_nothing_of_the_bundle(
    shaken: S3Exchange, faulty: Faulty, fault: Fault, words: str
) -> None:
    """Such as a page of a proxy: it is tried again at the next look, and a publisher sets nothing aside."""
    shaken.put(NAME, of(b"content"))
    faulty.plan = times(3, fault, "GET", NAME)
    with pytest.raises(Unreadable, match=words):
        shaken.open(NAME)
    with shaken.open(NAME) as source:
        assert source.read() == b"content"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(403, "AccessDenied"), "may not do what is needed.*policy"),
        (Fault(403, "SignatureDoesNotMatch"), "credentials are wrong"),
        (Fault(400, "ExpiredToken"), "have expired"),
        (Fault(301, "PermanentRedirect"), "another region"),
        (Fault(418, "a-secret"), "it answers 418$"),
    ],
    ids=lambda value: value.code if isinstance(value, Fault) else "",
)
def test_error_says_what_where_and_no_secret(shaken: S3Exchange, faulty: Faulty, fault: Fault, words: str) -> None:
    """What a server says in words is never repeated."""
    faulty.plan = times(100, fault, "PUT", NAME)
    shaken.put(NAMES[1], of(b"before"))
    with pytest.raises(ExchangeError, match=words) as raised:
        shaken.put(NAME, of(b"content"))
    assert f"exchange/{NAME}: cannot be put" in str(raised.value)
    assert not {word for word in (*CREDENTIALS.values(), "a-secret") if len(word) > 10 and word in str(raised.value)}


def test_missing_credentials_are_an_error_that_says_where_they_are_looked_for(
    s3: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never in our configuration."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ExchangeError, match=r"no credentials .*environment, profile, or the role"):
        S3Exchange(s3.bucket("without")).list()


def test_disk_that_is_full_keeps_a_bundle_for_the_next_look(
    exchange: S3Exchange, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It says nothing of what is in the bundle, which is not set aside."""
    exchange.put(NAME, of(b"x" * 100_000))
    full = tempfile_of("/dev/full")
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(Unreadable, match=r"cannot be kept while it is looked at: No space left.*TMPDIR"):
        exchange.open(NAME)


def tempfile_of(device: str) -> Callable[[], BinaryIO]:
    """A temporary file on a disk that is full."""

    class Full(io.FileIO):
        def truncate(self, size: int | None = None) -> int:
            return 0

    return lambda: Full(device, "r+")  # type: ignore[return-value]


@pytest.mark.parametrize("without", [("if-none-match",), ()], ids=["ignores them", "refuses them"])
def test_endpoint_without_conditions_is_told_of_and_the_name_is_looked_at_before(
    s3: S3Place, shaken: S3Exchange, faulty: Faulty, caplog: pytest.LogCaptureFixture, without: tuple[str, ...]
) -> None:
    """Another bundle of the same name is still refused, but for one that is put at that very moment."""

    def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
        if "if-none-match" not in headers:
            return None
        return Fault(without=without) if without else Fault(501, "NotImplemented")

    faulty.plan = plan
    shaken.put(NAME, of(b"one"))
    with pytest.raises(ExchangeError, match="another bundle has this name"):
        shaken.put(NAME, of(b"two"))
    assert s3.read(f"exchange/{NAME}") == b"one"
    (told,) = [record.getMessage() for record in caplog.records]
    assert "does not heed If-None-Match:" in told
