"""Replies on their way between services of different versions."""

import json
from datetime import UTC, datetime

from revocation.messages import Outcome, Reply
from revocation.refusalkind import RefusalKind

BEFORE = {"id", "outcome", "at", "issuer", "revision", "detail", "advice", "data"}
"""The fields that every version knows; the first refused all others."""


def test_what_is_new_in_a_reply_travels_where_older_versions_look_at_nothing() -> None:
    """Else an operator of before would hear nothing from a signer of now; and it is read as it was written."""
    at = datetime(2026, 11, 30, tzinfo=UTC)
    reply = Reply(
        id="a" * 32, outcome=Outcome.REFUSED, at=at, kind=RefusalKind.NAME, asked="b" * 64, data={"retry_at": "x"}
    )
    said = json.loads(reply.model_dump_json())
    assert set(said) == BEFORE
    assert said["data"] == {"retry_at": "x", "kind": "name", "asked": "b" * 64}
    assert Reply.model_validate_json(reply.model_dump_json()) == reply


def test_reply_without_what_is_new_is_as_before() -> None:
    """Of a signer of before, and of one that has nothing to say."""
    said = '{"id":"1","outcome":"done","at":"2026-11-30T00:00:00Z","issuer":null,"data":{"a":1}}'
    reply = Reply.model_validate_json(said)
    assert (reply.kind, reply.asked, reply.data) == (None, None, {"a": 1})
    assert json.loads(reply.model_dump_json())["data"] == {"a": 1}
