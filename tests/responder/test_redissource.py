"""The Redis source: what it finds, and what it never hands out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from responder.negative import Negatives
from responder.redissource import HELD, RedisSource
from responder.source import ResponseExpired, ResponseTooEarly, SourceUnavailable
from revocation import serials
from revocation.certid import CertIDHash
from revocation.redisserver import RedisServer
from revocation.store import RESPONSES_DATABASE, StoredResponse, response_key
from tests.authority import NOW, Authority
from tests.responder.filling import EXPIRED, GOOD, REVOKED, UNKNOWN, Filling
from tests.responder.serverstore import BOUND, Seconds, fill, source_of
from tests.wire.server import Server

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Valkey for the tests that leave it as it is."""
    with Server(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def server(running: Server, filling: Filling) -> Server:
    """A filled store on it."""
    with running.client() as client:
        client.flushall()
    fill(running, filling.shelf())
    return running


@pytest.fixture
def source(server: Server, seconds: Seconds) -> Iterator[RedisSource]:
    """That of the filled store."""
    source = source_of(server, seconds)
    yield source
    source.close()


def under(filling: Filling, serial: int, value: bytes, hash_: CertIDHash = CertIDHash.SHA256) -> tuple[bytes, ...]:
    """An entry with any value."""
    return RESPONSES_DATABASE, response_key(filling.issuer.octets, hash_.octet, serials.from_int(serial)), value


@pytest.mark.parametrize("serial", [GOOD, REVOKED])
@pytest.mark.parametrize("hash_", list(CertIDHash))
def test_response_is_the_one_for_the_hash_that_was_asked_for(
    source: RedisSource, server: Server, filling: Filling, hash_: CertIDHash, serial: int
) -> None:
    """The bytes that the publisher stored."""
    _, key, _ = under(filling, serial, b"", hash_)
    with server.client() as client:
        stored = client.hget("revocast:responses.2", key)
    assert source.find(filling.cert_id(serial, hash_), NOW) == StoredResponse.decode(stored)


def test_response_for_both_hashes_is_found_by_its_own(source: RedisSource, server: Server, filling: Filling) -> None:
    """The hash id 0; what does not have the CertID that was asked for is not handed out there either."""
    both = filling.response(0x2001)
    key = response_key(filling.issuer.octets, b"\x00", serials.from_int(0x2001))
    fill(server, [(RESPONSES_DATABASE, key, both.encode())])
    assert source.find(filling.cert_id(0x2001), NOW) == both
    with pytest.raises(SourceUnavailable, match="answers something else"):
        source.find(filling.cert_id(0x2001, CertIDHash.SHA1), NOW)


def test_unknown_certificate_and_unknown_issuer_are_none(source: RedisSource, filling: Filling) -> None:
    """And so is the name of one issuer with the key of another: peers answered good."""
    other = Filling(Authority())
    mixed = replace(filling.cert_id(GOOD), issuer_key_hash=other.cert_id(GOOD).issuer_key_hash)
    for asked in (filling.cert_id(UNKNOWN), other.cert_id(GOOD), mixed):
        assert source.find(asked, NOW) is None


def test_two_issuers_on_one_server_are_apart(source: RedisSource, server: Server, filling: Filling) -> None:
    """The same serial of each, in one store."""
    other = Filling(Authority())
    fill(server, [*other.issuer_entries(), *other.entries(GOOD, revoked=True)])
    found = [source.find(one.cert_id(GOOD), NOW) for one in (filling, other)]
    assert None not in found
    assert len({stored.der for stored in found if stored}) == 2


def test_response_is_refused_outside_of_its_window(source: RedisSource, filling: Filling) -> None:
    """To the second at its end; five minutes of skew at its beginning."""
    asked = filling.cert_id(GOOD)
    assert source.find(asked, NOW + DAY - timedelta(seconds=1))
    for now, error in (
        (NOW + DAY, ResponseExpired),
        (NOW - timedelta(minutes=5, seconds=1), ResponseTooEarly),
    ):
        with pytest.raises(error):
            source.find(asked, now)
    with pytest.raises(ResponseExpired):
        source.find(filling.cert_id(EXPIRED), NOW)


@pytest.mark.parametrize(
    "what", ["other serial", "other hash", "later times", "cut", "version", "text", "huge", "error"]
)
def test_value_that_is_not_the_answer_is_never_handed_out(
    source: RedisSource, server: Server, filling: Filling, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Written by whoever can write there: another certificate's, expired under times of his own, or no response."""
    good = filling.response(GOOD)
    old = filling.response(GOOD, this_update=NOW - 2 * DAY)
    forged = {
        "other serial": filling.response(REVOKED).encode(),
        "other hash": filling.response(GOOD, CertIDHash.SHA1).encode(),
        "later times": old._replace(next_update=good.next_update).encode(),
        "cut": good.encode()[:-1],
        "version": b"\x02" + good.encode()[1:],
        "text": b"nothing of the kind",
        "huge": good._replace(der=good.der + bytes(1 << 17)).encode(),
        "error": good._replace(der=b"\x30\x03\x0a\x01\x06").encode(),
    }
    fill(server, [under(filling, GOOD, forged[what])])
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            source.find(filling.cert_id(GOOD), NOW)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert source.find(filling.cert_id(REVOKED), NOW)


def test_publication_is_seen_within_the_stated_delay(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds
) -> None:
    """What was unknown, what was known, and the version that others remember answers by."""
    assert source.find(filling.cert_id(UNKNOWN), NOW) is None
    before = source.version()
    fill(server, filling.entries(UNKNOWN))
    seconds.now += HELD
    assert source.version() not in (None, before)
    assert source.find(filling.cert_id(UNKNOWN), NOW)


def test_answers_of_before_count_no_more_when_a_state_comes_back(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds
) -> None:
    """A replica that lags behind, after its primary: what was found in between may be of either."""
    with server.client() as client:
        versions = [source.version()]
        first = client.get("revocast:version.2")
        for token in (b"second", first):
            client.set("revocast:version.2", token)
            seconds.now += HELD
            versions.append(source.version())
    assert len(set(versions)) == 3


def test_floods_of_unknown_serials_do_not_reach_the_server(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds
) -> None:
    """Asked for again, an unknown certificate costs no round trip until the version is looked at again."""
    remembering = Negatives(source)

    def commands() -> int:
        with server.client() as client:
            return int(client.info("stats")["total_commands_processed"])

    remembering.find(filling.cert_id(UNKNOWN), NOW)
    own = -commands() + commands()
    before = commands()
    for _ in range(100):
        assert remembering.find(filling.cert_id(UNKNOWN), NOW) is None
    assert commands() - before == own


def test_certificate_is_not_unknown_the_moment_a_server_is_emptied(
    source: RedisSource, server: Server, filling: Filling
) -> None:
    """Before the version is looked at again: it comes with the values, and says what their absence means."""
    assert source.find(filling.cert_id(GOOD), NOW)
    with server.client() as client:
        client.flushall()
    with pytest.raises(SourceUnavailable, match="being filled"):
        source.find(filling.cert_id(GOOD), NOW)


def test_issuer_that_is_published_no_more_is_unknown(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds
) -> None:
    """Its responses may still lie there; that it was found before counts no more in another state of the store."""
    assert source.find(filling.cert_id(GOOD), NOW)
    with server.client() as client:
        client.delete("revocast:issuers")
    fill(server, [])
    seconds.now += HELD
    assert source.find(filling.cert_id(GOOD), NOW) is None


@pytest.mark.parametrize("loss", ["flush", "version"])
def test_emptied_server_says_nothing_of_any_certificate_until_it_is_filled(
    source: RedisSource, server: Server, filling: Filling, seconds: Seconds, loss: str
) -> None:
    """Not unknown: it may be half filled. Then it answers, and nobody was asked to restart anything."""
    assert source.find(filling.cert_id(GOOD), NOW)
    with server.client() as client:
        client.flushall() if loss == "flush" else client.delete("revocast:version.2")
    seconds.now += HELD
    for serial in (GOOD, UNKNOWN):
        with pytest.raises(SourceUnavailable, match="being filled"):
            source.find(filling.cert_id(serial), NOW)
    assert source.version() is None
    fill(server, filling.shelf())
    seconds.now += HELD
    assert source.find(filling.cert_id(GOOD), NOW)


def test_password_is_wanted_and_never_told(
    tmp_path: Path, filling: Filling, seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong one is as a server that is away; a new one in the file is taken without a restart."""
    file = tmp_path / "password"
    file.write_text("wrong-secret\n")
    with Server(tmp_path) as server:
        fill(server, filling.shelf())
        server.client().config_set("requirepass", "right-secret")
        source = RedisSource(RedisServer(url=server.url, password=f"file:{file}"), clock=seconds, patience=BOUND)
        for text in ("wrong-secret", None, "wrong-secret"):
            file.write_text(text) if text else file.unlink()
            with pytest.raises(SourceUnavailable) as caught:
                source.find(filling.cert_id(GOOD), NOW)
            assert "-secret" not in str(caught.value)
            seconds.now += 2
        file.write_text("right-secret\n")
        assert source.find(filling.cert_id(GOOD), NOW)
        source.close()
    assert "the password is wrong or missing" in caplog.text
    assert "-secret" not in caplog.text


def test_reader_needs_no_right_to_write(server: Server, filling: Filling) -> None:
    """What an ACL has to allow, as the documentation says it."""
    user = [
        "responder",
        "on",
        "nopass",
        "resetkeys",
        "%R~revocast:*",
        "-@all",
        "+@connection",
        "+get",
        "+hget",
        "+hmget",
    ]
    with server.client() as admin:
        admin.execute_command("ACL", "SETUSER", *user)
    source = RedisSource(RedisServer(url=server.url, user="responder", password="env:HOME"))
    assert source.find(filling.cert_id(GOOD), NOW)
    source.close()


def test_replica_answers_as_well(server: Server, filling: Filling, tmp_path: Path) -> None:
    """It takes no writes, and nobody here writes."""
    with Server(tmp_path) as copy:
        fill(copy, filling.shelf())
        copy.client().replicaof("127.0.0.1", "1")
        source = RedisSource(RedisServer(url=copy.url))
        assert source.find(filling.cert_id(GOOD), NOW)
        source.close()


def test_another_prefix_is_another_store(server: Server, filling: Filling) -> None:
    """Ours says nothing of theirs."""
    fill(server, filling.issuer_entries(), "theirs:")
    source = RedisSource(RedisServer(url=server.url, prefix="theirs:"))
    assert source.find(filling.cert_id(GOOD), NOW) is None
    source.close()
