"""The Redis target by itself, on a real server: transactions, what was changed behind its back, refusals."""

from pathlib import Path

import pytest

from publisher.targets.protocol import Answer
from publisher.targets.redis import RedisTarget
from publisher.targets.redis_reading import read_responses, read_status
from revocation.errors import GateError, TargetError
from revocation.redisserver import RedisServer
from revocation.store import StoredResponse
from tests.publisher.targets.test_lmdb import ISSUER, always, answer
from tests.wire.server import Server

OTHER = b"\x01\x02\x03\x05"


def held(server: Server, prefix: str = "revocast:") -> dict[bytes, bytes]:
    """Every key with its DER."""
    found = server.client().hgetall(f"{prefix}responses.2")
    return {key: StoredResponse.decode(value).der for key, value in found.items()}


def stored(answer: Answer) -> StoredResponse:
    """What its value says."""
    return StoredResponse.decode(answer.value)


def version(server: Server) -> bytes | None:
    """What readers know the state of the store by."""
    found: bytes | None = server.client().get("revocast:version.2")
    return found


def test_put_stores_what_is_admitted_and_shows_what_was_there(target: RedisTarget, server: Server) -> None:
    """The decision is the line's: it sees the current answer, and None where there is none or it is unreadable."""
    seen = []
    server.client().hset("revocast:responses.2", answer(3).key, b"\x07of another version")

    def only_new(new: Answer, current: StoredResponse | None) -> bool:
        seen.append(current)
        return current is None

    assert target.put([answer(1, der=b"a")], only_new) == 1
    assert target.put([answer(1, der=b"b"), answer(2, der=b"c"), answer(3, der=b"d")], only_new) == 2
    assert seen == [None, stored(answer(1, der=b"a")), None, None]
    assert sorted(held(server).values()) == [b"a", b"c", b"d"]


def test_answer_sees_what_came_before_it_in_the_same_batch(target: RedisTarget, server: Server) -> None:
    """Two answers under one key: the second is judged by the first, which nobody else has seen yet."""
    seen = []

    def first_alone(new: Answer, current: StoredResponse | None) -> bool:
        seen.append((stored(new).der, current and current.der))
        return current is None

    assert target.put([answer(1, der=b"a"), answer(1, der=b"b")], first_alone) == 1
    assert seen == [(b"a", None), (b"b", b"a")]
    assert held(server) == {answer(1).key: b"a"}


def test_put_is_all_or_nothing(target: RedisTarget, server: Server) -> None:
    """A refusal in the middle leaves nothing of the batch."""

    def refuses_two(new: Answer, _: StoredResponse | None) -> bool:
        if new.key == answer(2).key:
            raise GateError("no")
        return True

    with pytest.raises(GateError):
        target.put([answer(1), answer(2)], refuses_two)
    assert target.put([answer(3)], refuses_two) == 1
    assert list(held(server)) == [answer(3).key]


def test_what_lies_beside_an_answer_goes_with_it(target: RedisTarget, server: Server) -> None:
    """An answer of the form of before, which readers would still find."""
    target.put([answer(1), answer(2)], always)
    target.put([Answer(ISSUER + b"\x00\x00\x01", answer(1).value, (ISSUER + b"\x01", ISSUER + b"\x02"))], always)
    assert sorted(held(server)) == [ISSUER + b"\x00\x00\x01", answer(2).key]


def test_more_than_one_command_takes_are_put_and_withdrawn(target: RedisTarget, server: Server) -> None:
    """A batch goes to the server in pieces, and is one transaction all the same."""
    answers = [answer(number, der=b"%d" % number) for number in range(2500)]
    assert target.put(answers, always) == 2500
    assert held(server) == {one.key: stored(one).der for one in answers}
    assert target.put(answers, always) == 0
    assert target.withdraw((one.key for one in answers), lambda _, stored: int(stored.der) % 2 == 1) == 1250
    assert len(held(server)) == 1250


def test_readers_learn_of_each_change_by_another_version(target: RedisTarget, server: Server) -> None:
    """What they remember holds for one version; a look that changes nothing leaves it as it is."""
    target.set_filled(is_filled=True)
    versions = [version(server)]
    changes = [
        lambda: target.introduce([(b"key", ISSUER)]),
        lambda: target.put([answer(1, next_update=10)], always),
        lambda: target.put([answer(2)], always),
        lambda: target.withdraw([answer(2).key], always),
        lambda: target.sweep(ISSUER, 11),
    ]
    for change in changes:
        change()
        versions.append(version(server))
    assert None not in versions
    assert len(set(versions)) == 6
    target.introduce([(b"key", ISSUER)])
    target.put([], always)
    target.sweep(ISSUER, 11)
    target.set_filled(is_filled=True)
    assert version(server) == versions[-1]


def test_full_server_that_is_filled_may_be_said_to_be_so_again(target: RedisTarget, server: Server) -> None:
    """Nothing needs to be written, so that it is full is no failure."""
    target.set_filled(is_filled=True)
    before = version(server)
    server.client().config_set("maxmemory", "1")
    target.set_filled(is_filled=True)
    assert version(server) == before


def test_change_by_somebody_else_in_between_is_noticed(target: RedisTarget, server: Server) -> None:
    """Two publishers, or an attacker: nothing is put by a decision about what is not there any more."""

    def meanwhile(*_: object) -> bool:
        server.client().hset("revocast:responses.2", b"other", b"value")
        return True

    with pytest.raises(TargetError, match="somebody else wrote"):
        target.put([answer(1)], meanwhile)
    assert target.put([answer(1)], always) == 1


def test_what_does_not_read_back_is_an_error(target: RedisTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that gives back something else than was put is not taken for published."""
    monkeypatch.setattr(target._client, "hmget", lambda _name, keys: [None] * len(keys))
    with pytest.raises(TargetError, match="does not read back"):
        target.put([answer(1)], always)


def test_sweep_takes_expired_answers_of_one_issuer_a_bounded_number_at_a_time(
    target: RedisTarget, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on where it stopped, begins again at the end, and touches nothing of others or still valid."""
    monkeypatch.setattr("publisher.targets.redis._SWEPT_AT_ONCE", 1000)
    foreign = Answer(OTHER + b"\x02\x01", StoredResponse(1, 2, 1, b"f").encode())
    answers = [answer(n, next_update=100 if n % 2 else 300) for n in range(4000)]
    target.put([foreign, *answers], always)
    assert 0 < target.sweep(ISSUER, 200) < 1500
    for _ in range(6):
        target.sweep(ISSUER, 200)
    assert set(held(server)) == {foreign.key, *(one.key for one in answers if stored(one).next_update == 300)}


def test_two_stores_on_one_server_do_not_meet(server: Server, target: RedisTarget) -> None:
    """Each has its prefix; what others keep there is let be."""
    server.client().set("somebody", "else")
    target.put([answer(1, der=b"a")], always)
    with RedisTarget(RedisServer(url=server.url, prefix="other/")) as other:
        other.put([answer(1, der=b"b")], always)
        other.save_status(b"status")
    assert held(server) == {answer(1).key: b"a"}
    assert held(server, "other/") == {answer(1).key: b"b"}
    assert server.client().get("somebody") == b"else"


def test_key_of_somebody_else_under_our_prefix_is_left_alone(server: Server, store: RedisServer) -> None:
    """It is not deleted: the error says which it is, and what to do."""
    server.client().set("revocast:status.2", "theirs")
    with pytest.raises(TargetError, match=r"revocast:status\.2 is no hash but a string") as caught:
        RedisTarget(store)
    assert "prefix" in (caught.value.advice or "")
    assert server.client().get("revocast:status.2") == b"theirs"


def test_full_server_is_an_error_that_says_so_and_keeps_what_was_there(tmp_path: Path) -> None:
    """Nothing of the batch is stored, and what is stored stays."""
    with Server(tmp_path, "--maxmemory", "8mb", "--maxmemory-policy", "noeviction") as server:
        with RedisTarget(RedisServer(url=server.url)) as target:
            counts = list[int]()

            def fill() -> None:
                for start in range(0, 3000, 100):
                    counts.append(target.put([answer(start + n, der=b"x" * 5000) for n in range(100)], always))

            with pytest.raises(TargetError, match="its memory is full: raise `maxmemory`"):
                fill()
        assert 0 < sum(counts) == len(held(server))


def test_replica_is_an_error_that_says_so(server: Server, store: RedisServer) -> None:
    """Nothing is written to what does not pass it on."""
    server.client().replicaof("127.0.0.1", "1")
    with RedisTarget(store) as target, pytest.raises(TargetError, match="is a replica"):
        target.put([answer(1)], always)


def test_server_that_is_away_is_an_error_that_says_so(server: Server, store: RedisServer) -> None:
    """At the start, and in the middle of a batch: nothing of it is there afterwards."""
    with RedisTarget(store) as target:
        target.put([answer(1)], always)

        def dies(*_: object) -> bool:
            server.kill()
            return True

        with pytest.raises(TargetError, match="the connection was lost"):
            target.put([answer(2)], dies)
    with pytest.raises(TargetError, match="no connection: Connection refused"):
        RedisTarget(store)
    server.start()
    with RedisTarget(store) as target:
        assert target.load_status() is None
        assert target.put([answer(1)], always) == 1


def test_password_is_wanted_and_never_told(tmp_path: Path) -> None:
    """Wrong, missing or unreadable, the error says so without it; a new one in the file is taken at once."""
    file = tmp_path / "password"
    with Server(tmp_path) as server:
        server.client().config_set("requirepass", "right-secret")
        store = RedisServer(url=server.url, password=f"file:{file}")
        told = []
        for text in (None, "wrong-secret"):
            if text:
                file.write_text(text)
            with pytest.raises(TargetError) as caught:
                RedisTarget(store)
            told.append(str(caught.value))
        file.write_text("right-secret\n")
        with RedisTarget(store) as target:
            assert target.put([answer(1)], always) == 1
    assert "No such file" in told[0]
    assert "the password is wrong or missing" in told[1]
    assert not [text for text in told if "-secret" in text]


def test_status_and_responses_are_read_without_a_target(target: RedisTarget, store: RedisServer) -> None:
    """As `status` and `revoke` do, which write nothing."""
    assert read_status(store) is None
    target.put([answer(1)], always)
    target.save_status(b"status")
    assert read_status(store) == b"status"
    assert read_responses(store, [answer(2).key, answer(1).key]) == [answer(1).value]


def test_socket_that_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    """For who only asks, too."""
    with pytest.raises(TargetError, match="no connection: No such file"):
        read_status(RedisServer(url=f"unix://{tmp_path}/nobody.sock"))


def test_client_needs_no_rights_over_the_server(server: Server) -> None:
    """What an ACL has to allow, as the documentation says it."""
    rights = "+@connection +@transaction +hget +hmget +hset +hdel +hlen +hscan +hgetall +hkeys +set +del +type"
    user = ["publisher", "on", "nopass", "resetkeys", "~revocast:*", "-@all", *rights.split()]
    with server.client() as admin:
        admin.execute_command("ACL", "SETUSER", *user)
    store = RedisServer(url=server.url, user="publisher", password="env:HOME")
    with RedisTarget(store) as target:
        target.introduce([(b"key", ISSUER)])
        assert target.put([answer(1)], always) == 1
        target.save_status(b"status")
        assert target.load_status() == b"status"
        assert target.sweep(ISSUER, 1000) == 1
        for is_filled in (True, False):
            target.set_filled(is_filled=is_filled)
            assert (version(server) is not None) == is_filled
