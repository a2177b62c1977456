"""ETag and If-Match: a tag is of the state of a certificate, and what is repeated is not held against it again."""

from typing import Any

import pytest

from revocation.messages import Outcome, Reply
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.registrar.api.desk import Desk, kind
from tests.registrar.api.test_states import HOUR, Watched

KEY = "0123456789abcdef" * 2


@pytest.fixture
def one(desk: Desk) -> Watched:
    """A certificate that is live."""
    return Watched(desk)


def tag(one: Watched) -> str:
    return str(one.desk.ask("GET", one.place, token=one.token).headers["ETag"])


def post(one: Watched, act: str, **headers: str) -> Any:
    return one.desk.ask("POST", f"{one.place}/{act}", {}, token=one.token, **headers)


def test_request_whose_answer_was_lost_is_not_held_against_what_it_did(one: Watched) -> None:
    """RFC 9110 section 13.1.1: it is seen to be the same one; another one under that tag is refused."""
    before = tag(one)
    for _ in range(2):
        assert post(one, "hold", If_Match=before, Idempotency_Key=KEY).status_code == 200
    assert kind(post(one, "hold", If_Match=before)) == "changed"
    other = one.desk.ask("POST", "/issuers/home/certificates/0A/hold", {}, token=one.token, Idempotency_Key=KEY)
    assert kind(other) == "key-reused"


def test_request_that_was_refused_for_its_tag_is_refused_again(one: Watched) -> None:
    """It was not begun: the same under a tag of now is done."""
    before = tag(one)
    post(one, "hold")
    for _ in range(2):
        assert kind(post(one, "revoke", If_Match=before, Idempotency_Key=KEY)) == "changed"
    assert post(one, "revoke", If_Match=tag(one), Idempotency_Key=KEY).status_code == 200


@pytest.mark.parametrize("act", ["revoke", "hold", "release"])
def test_request_that_was_refused_by_the_ca_is_held_against_its_tag_again(one: Watched, act: str) -> None:
    """It changed nothing, and somebody else did since: a release would end a hold that it never knew of."""
    before = tag(one)
    one.desk.signer.refusal = Reply(id="0" * 32, outcome=Outcome.REFUSED, at=NOW, detail="no right")
    assert kind(post(one, act, If_Match=before, Idempotency_Key=KEY)) == "refused"
    one.desk.signer.refusal = None
    assert post(one, "hold").status_code == 200
    assert kind(post(one, act, If_Match=before, Idempotency_Key=KEY)) == "changed"
    assert one.state()[0] == "held"


def test_hold_that_was_not_answered_is_held_against_its_tag_again(one: Watched) -> None:
    """Nobody goes on with it, and another hold was put and released since."""
    before = tag(one)
    one.desk.signer.silent = True
    assert kind(post(one, "hold", If_Match=before, Idempotency_Key=KEY)) == "unavailable"
    one.desk.signer.silent = False
    for act in ("hold", "release"):
        assert post(one, act).status_code == 200
    assert kind(post(one, "hold", If_Match=before, Idempotency_Key=KEY)) == "changed"


def test_request_that_waits_for_the_signer_goes_on_under_its_tag(one: Watched) -> None:
    """503 said to ask again; the certificate has not changed, or by that request alone."""
    before = tag(one)
    one.desk.signer.silent = True
    assert kind(post(one, "revoke", If_Match=before, Idempotency_Key=KEY)) == "unavailable"
    one.desk.signer.silent = False
    assert post(one, "revoke", If_Match=before, Idempotency_Key=KEY).status_code == 200


def test_tag_is_the_same_whoever_looks_when(one: Watched) -> None:
    """That it is seen published changes no state, nor do the seconds by which its date was not known."""
    before = tag(one)
    one.publish()
    assert one.shown()["seen_at"]
    assert tag(one) == before
    one.act("revoke")
    told = tag(one)
    assert told != before
    one.publish(Revocation(NOW - HOUR))
    assert one.shown()["seen_at"]
    assert one.shown()["revoked_at"] == "2026-03-01T11:00:00Z"
    assert tag(one) == told


def test_tag_is_another_one_of_another_state(one: Watched) -> None:
    """Of a hold that was released and put again too, and of another reason that is published."""
    tags = [tag(one)]
    for act in ("hold", "release", "hold", "revoke"):
        one.act(act)
        tags.append(tag(one))
    one.publish(Revocation(NOW, Reason.keyCompromise))
    tags.append(tag(one))
    assert len(set(tags)) == len(tags)
