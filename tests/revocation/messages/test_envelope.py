"""Messages as they travel: one JSON text of one form, and everything else refused with its reason."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation.errors import InputError
from revocation.messages import BODIES, Look, Message, Publish, Release, Reply, Revoke, Verb, compose, parse_message
from revocation.messages.envelope import LIFETIME
from revocation.messages.reply import Outcome
from tests.authority import NOW


def revocation(**changed: object) -> Revoke:
    """A body that is right by default."""
    return Revoke.model_validate({"issuer": "demo", "serial": "0A1B", "reason": "superseded"} | changed)


def changed(**fields: object) -> str:
    """A message's text with other fields."""
    return json.dumps(json.loads(compose(Verb.REVOKE, revocation(), NOW).model_dump_json()) | fields)


def test_message_survives_its_text() -> None:
    """Queue, file and pipe carry the same JSON."""
    message = compose(Verb.REVOKE, revocation(), NOW, requester="operator")
    assert parse_message(message.model_dump_json()) == message
    assert parse_message(message.model_dump_json().encode()) == message
    assert message.typed_body() == revocation()
    assert message.expires_at - message.issued_at == LIFETIME


def test_message_ids_are_random_unless_one_is_asked_again() -> None:
    """128 bits, or the id that was given."""
    ids = {compose(Verb.PUBLISH, Publish(), NOW).id for _ in range(100)}
    assert len(ids) == 100
    assert compose(Verb.PUBLISH, Publish(), NOW, id_="ab" * 16).id == "ab" * 16


def test_unknown_field_cannot_write_into_a_log() -> None:
    """Its name is shown with its control characters as codes, and cut."""
    with pytest.raises(InputError) as caught:
        parse_message(changed(**{"x\n2026-03-01 INFO made everything\x1b[2J" + "y" * 5000: 1}))
    assert str(caught.value).startswith("message: x\\u000a2026-03-01 INFO made everything\\u001b[2Jyy")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_has_a_body(verb: Verb) -> None:
    """And a model that refuses what it does not know."""
    assert BODIES[verb].model_config["extra"] == "forbid"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"version": 2}, "version"),
        ({"id": "short"}, "id"),
        ({"id": "AB" * 16}, "id"),
        ({"id": "reply:" + "a" * 26}, "id"),
        ({"verb": "eval"}, "verb"),
        ({"issued_at": "2026-03-01T12:00:00"}, "issued_at"),
        ({"expires_at": "2026-03-01T12:00:00"}, "expires_at"),
        ({"expires_at": None}, "expires_at"),
        ({"body": []}, "body"),
        ({"requester": "x" * 65}, "requester"),
        ({"signature": "x" * 129}, "signature"),
        ({"callback": "os.system"}, "callback"),
    ],
)
def test_message_of_another_form_is_refused_with_the_field(fields: dict[str, object], place: str) -> None:
    """Unknown fields are no less wrong than missing ones."""
    with pytest.raises(InputError, match=place):
        parse_message(changed(**fields))


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", "[" * 100_000, "\ud800", b"\xff", b"\x80\x04K\x01.", "1" * 5000]
)
def test_text_that_is_no_message_is_refused(text: str | bytes) -> None:
    """Not JSON, nested beyond reason, not Unicode, a pickle."""
    with pytest.raises(InputError):
        parse_message(text)


def test_message_of_a_megabyte_is_refused_unread() -> None:
    """Before anything is made of it."""
    with pytest.raises(InputError, match="more than 1048576 bytes"):
        parse_message(changed(body={"issuer": "x" * (1 << 20)}))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_is_a_message_or_an_input_error(text: str | bytes) -> None:
    """Never another exception: the worker lives on."""
    with pytest.raises(InputError):
        parse_message(text)


@pytest.mark.parametrize(
    ("verb", "body", "place"),
    [
        (Verb.REVOKE, {"issuer": "demo", "serial": "0a1b", "reason": "superseded"}, "serial"),
        (Verb.REVOKE, {"issuer": "demo", "serial": "", "reason": "superseded"}, "serial"),
        (Verb.REVOKE, {"issuer": "demo", "serial": "A" * 257, "reason": "superseded"}, "serial"),
        (Verb.REVOKE, {"issuer": "demo", "serial": "0A"}, "reason"),
        (Verb.REVOKE, {**revocation().model_dump(), "revoked_at": "2026-03-01T12:00:00"}, "revoked_at"),
        (Verb.REVOKE, {**revocation().model_dump(), "tbs": "3000"}, "tbs"),
        (Verb.RELEASE, revocation().model_dump(), "reason"),
        (Verb.PUBLISH, {"path": "/etc"}, "path"),
        (Verb.GENERATE_CRLS, {"force": True}, "force"),
        (Verb.GENERATE_CRLS, {"crls": [{"issuer": "1a2b3c4d"}]}, r"crls\.0"),
        (Verb.IMPORT, {"issuer": "demo", "source": "x", "entries_sha256": "zz"}, "entries_sha256"),
    ],
)
def test_body_of_another_form_is_refused_with_its_field(verb: Verb, body: dict[str, object], place: str) -> None:
    """A body says what is wanted: what bytes to sign, or to sign at any price, it cannot say."""
    message = parse_message(changed(verb=verb, body=json.loads(json.dumps(body, default=str))))
    with pytest.raises(InputError, match=place) as caught:
        message.typed_body()
    assert message.id in (caught.value.where or "")


def test_signed_bytes_do_not_depend_on_how_the_text_was_written() -> None:
    """Order, white space, escapes and the spelling of a time do not matter; every field but the signature does."""
    message = compose(Verb.RELEASE, Release(issuer="é", serial="0A"), NOW, requester="operator")
    again = json.loads(message.model_dump_json())
    again["issued_at"] = again["issued_at"].replace("Z", "+00:00")
    again["body"] = dict(reversed(again["body"].items()))
    other_text = json.dumps(dict(reversed(again.items())), indent=3)
    assert parse_message(other_text).signed_bytes() == message.signed_bytes()
    for field, value in {
        "id": "ab" * 16,
        "verb": Verb.REVOKE,
        "requester": "other",
        "issued_at": NOW + timedelta(seconds=1),
        "expires_at": NOW + timedelta(days=1),
        "body": {"issuer": "é", "serial": "0B"},
    }.items():
        assert message.model_copy(update={field: value}).signed_bytes() != message.signed_bytes()
    assert message.model_copy(update={"signature": "x"}).signed_bytes() == message.signed_bytes()


def test_looks_default_to_all_issuers() -> None:
    """An empty body is the usual one."""
    assert Message.typed_body(compose(Verb.DUE, Look(), NOW)) == Look()


def test_reply_survives_its_text() -> None:
    """With what a verb gave back."""
    reply = Reply(id="ab" * 16, outcome=Outcome.DONE, at=NOW, issuer="1a2b3c4d", revision=3, data={"due": []})
    assert Reply.model_validate_json(reply.model_dump_json()) == reply


def test_reply_of_a_later_signer_is_understood() -> None:
    """Who asks may be of the version before: that the signer says more is no reason to take it for no reply."""
    reply = Reply(id="ab" * 16, outcome=Outcome.DONE, at=NOW)
    later = {**json.loads(reply.model_dump_json()), "more": 1}
    assert Reply.model_validate_json(json.dumps(later)) == reply


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constant_that_is_no_json_is_refused(constant: str) -> None:
    """Signed, it would have the bytes of null: one signature, two messages."""
    text = compose(Verb.DUE, Look(), NOW).model_dump_json().replace("null", constant, 1)
    with pytest.raises(InputError, match="not JSON"):
        parse_message(text)


@pytest.mark.parametrize("field", ["issued_at", "expires_at"])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_time_that_does_not_exist_in_utc_is_refused(field: str, time: str) -> None:
    """It is a time of RFC 3339, and no step after the parsing could compare with it or say it."""
    with pytest.raises(InputError, match=f"{field}: .*in UTC"):
        parse_message(changed(**{field: time}))


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_dates_of_a_revocation_exist_in_utc(time: str) -> None:
    """Those of a body are held to the same."""
    for name in ("revoked_at", "invalidity_date"):
        message = parse_message(changed(body={"issuer": "a", "serial": "01", "reason": "superseded", name: time}))
        with pytest.raises(InputError, match=f"{name}: .*in UTC"):
            message.typed_body()
