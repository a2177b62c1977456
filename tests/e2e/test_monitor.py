"""The monitor and the client behind it are the judges of `make chaos`: they notice what they are there for."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.ocsp import load_der_ocsp_response

from revocation.certid import CertIDHash
from revocation.clock import now
from revocation.status import Reason, Revocation
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.ocsp import response
from tests.e2e.clients import Away
from tests.e2e.monitor import CRLWatch, OCSPWatch, Record
from tests.e2e.trouble import Trouble
from tests.e2e.verify import Verifier, Wrong

MINUTE = timedelta(minutes=1)
SINCE = now() - 2 * MINUTE
SERIAL = 0x1234
TRY_LATER = bytes.fromhex("30030a0103")
UNAUTHORIZED = bytes.fromhex("30030a0106")


@dataclass
class Saying:
    """A place that says one thing after the other; None is nothing, a number a status of HTTP."""

    answers: list[bytes | int | None]
    verifier: Verifier
    name: str = "1"
    port: int = 0
    asked: int = field(default=0)

    def crl(self) -> bytes:
        return self.ask()

    def ask(self, *_: object) -> bytes:
        self.asked += 1
        answer = self.answers[self.asked - 1]
        if not isinstance(answer, bytes):
            raise Away("nobody", answer)
        return answer


@pytest.fixture(scope="module")
def ca() -> CA:
    """One that is right, and began yesterday."""
    return CA()


def revoked(*serials: int) -> Mapping[int, Revocation]:
    """Some time ago."""
    return {serial: Revocation(SINCE, Reason.superseded) for serial in serials}


def ocsp(ca: CA, *, is_revoked: bool = False, **perturbed: Any) -> bytes:
    """A response of a minute ago."""
    responder = ca.responder(not_before=now() - timedelta(hours=1), not_after=now() + timedelta(days=7))
    said = revoked(SERIAL)[SERIAL] if is_revoked else None
    return response(
        ca, responder, perturbed.pop("serial", SERIAL), said, **{"this_update": now() - MINUTE, **perturbed}
    )


def list_of(ca: CA, number: int, *serials: int, **perturbed: Any) -> bytes:
    """A CRL of a minute ago."""
    return crl(ca, number, revoked(*serials), **{"this_update": now() - MINUTE, **perturbed})


def violations(file: Path) -> list[str]:
    """What was written down."""
    return [json.loads(line)["what"] for line in file.read_text().splitlines()] if file.exists() else []


def watch_crls(ca: CA, file: Path, *answers: bytes | int | str | None, where: str = "here") -> list[str]:
    """What is wrong with these CRLs, one after the other; a text among them is a disturbance of which it is told."""
    source: Any = Saying([one for one in answers if not isinstance(one, str)], Verifier(ca.authority.certificate))
    trouble = Trouble()
    watch = CRLWatch(where, source, source.verifier, Record(file), trouble)
    for one in answers:
        trouble.told(one) if isinstance(one, str) else watch.look()
    return violations(file)


def watch_ocsp(ca: CA, file: Path, *answers: bytes | str | None, edge: str = "1") -> list[str]:
    """The same of answers about one certificate."""
    said = [one for one in answers if not isinstance(one, str)]
    source: Any = Saying([*said], Verifier(ca.authority.certificate), edge)
    trouble = Trouble()
    watch = OCSPWatch(source, [SERIAL], Record(file), random.Random(1), trouble)
    for one in answers:
        trouble.told(one) if isinstance(one, str) else watch._ask(SERIAL, "sha256", "POST")
    return violations(file)


def test_crls_that_go_on_are_no_violation_nor_is_one_that_cannot_be_had(ca: CA, tmp_path: Path) -> None:
    """The same again, a newer one, an outage."""
    first, second = list_of(ca, 1, 5), list_of(ca, 2, 5, 6)
    assert watch_crls(ca, tmp_path / "file", first, first, None, second) == []


def test_crl_that_went_back_is_written_down_with_its_octets(ca: CA, tmp_path: Path) -> None:
    """Its number, and what it does not list any more."""
    first, second = list_of(ca, 1, 5), list_of(ca, 2, 5, 6)
    number, lost = watch_crls(ca, tmp_path / "file", second, first)
    assert (number, lost) == ("the CRL number went from 2 back to 1", "the CRL does not list 1 any more")
    assert '"octets": "MI' in (tmp_path / "file").read_text()


def test_crl_with_a_higher_number_and_an_earlier_this_update_is_a_violation(ca: CA, tmp_path: Path) -> None:
    """Both rise, always (docs/bundle.md)."""
    answers = list_of(ca, 1), list_of(ca, 2, this_update=now() - 2 * MINUTE)
    (what,) = watch_crls(ca, tmp_path / "file", *answers)
    assert what.startswith("thisUpdate of the CRL went from")


@pytest.mark.parametrize(
    "changed", [Revocation(SINCE, Reason.keyCompromise), Revocation(SINCE - MINUTE, Reason.superseded)]
)
def test_crl_entry_that_changes_without_an_act_is_a_violation(ca: CA, tmp_path: Path, changed: Revocation) -> None:
    """Its reason, and its date; nobody raises a reason or moves a date while the monitor looks on."""
    second = crl(ca, 2, {5: changed}, this_update=now() - MINUTE)
    (what,) = watch_crls(ca, tmp_path / "file", list_of(ca, 1, 5), second)
    assert what.startswith("the CRL lists 1 with another date or reason: 5 ")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_crl_url_that_answers_with_an_error_is_a_violation(ca: CA, tmp_path: Path, status: int) -> None:
    """A web server that is killed refuses connections; one that answers has the file."""
    (what,) = watch_crls(ca, tmp_path / "file", list_of(ca, 1), status, where="web server 1")
    assert what.startswith("the CRL is ")


def test_bucket_may_answer_with_an_error_while_its_server_is_down_and_starts(ca: CA, tmp_path: Path) -> None:
    """Until it has answered again; what is done to other servers excuses nothing."""
    whole, disturbed = list_of(ca, 1), "kill s3"
    excused = whole, disturbed, 500, disturbed, 503, whole
    assert watch_crls(ca, tmp_path / "file", *excused, where="bucket") == []
    assert len(watch_crls(ca, tmp_path / "after", *excused, 503, where="bucket")) == 1
    assert len(watch_crls(ca, tmp_path / "other", whole, "kill valkey", 500, where="bucket")) == 1
    assert len(watch_crls(ca, tmp_path / "web", *excused, where="web server 1")) == 2


@pytest.mark.parametrize(
    ("perturbed", "why"),
    [
        ({"this_update": datetime.fromisoformat("2026-06-01T00:00:00Z")}, "has expired"),
        ({"this_update": datetime.fromisoformat("2126-06-01T00:00:00Z")}, "which has not come"),
        ({"signed_by": CA(name="other")}, "its signature does not verify"),
    ],
)
def test_crl_that_is_not_valid_now_is_a_violation(ca: CA, tmp_path: Path, perturbed: dict[str, Any], why: str) -> None:
    """Whatever the others were."""
    (what,) = watch_crls(ca, tmp_path / "file", list_of(ca, 1, **perturbed))
    assert why in what


def test_answers_that_go_on_are_no_violation_nor_is_try_later(ca: CA, tmp_path: Path) -> None:
    """Good, an outage, tryLater, revoked."""
    answers = ocsp(ca), None, TRY_LATER, ocsp(ca, is_revoked=True)
    assert watch_ocsp(ca, tmp_path / "file", *answers) == []


def test_revoked_certificate_that_turns_good_is_a_violation(ca: CA, tmp_path: Path) -> None:
    """Although both answers are valid."""
    answers = ocsp(ca, is_revoked=True), ocsp(ca)
    assert watch_ocsp(ca, tmp_path / "file", *answers) == ["a revoked certificate turned good"]


def test_certificate_that_is_revoked_since_another_time_than_before_is_a_violation(ca: CA, tmp_path: Path) -> None:
    """Nobody moves a date while the monitor looks on."""
    responder = ca.responder(not_before=now() - timedelta(hours=1), not_after=now() + timedelta(days=7))
    moved = response(ca, responder, SERIAL, Revocation(SINCE - MINUTE, Reason.superseded), this_update=now() - MINUTE)
    (what,) = watch_ocsp(ca, tmp_path / "file", ocsp(ca, is_revoked=True), moved)
    assert what.startswith("a certificate that was revoked ")


def test_answer_that_is_older_than_the_one_before_is_a_violation(ca: CA, tmp_path: Path) -> None:
    """Good over good too: a store takes newer responses alone (docs/bundle.md)."""
    newer, older = ocsp(ca), ocsp(ca, this_update=now() - 2 * MINUTE)
    (what,) = watch_ocsp(ca, tmp_path / "file", older, newer, older)
    assert what.startswith("thisUpdate went from")


def test_answer_may_be_older_once_its_store_was_lost(ca: CA, tmp_path: Path) -> None:
    """Valkey started again empty is filled with what the exchange has; the store of the other edge is not lost."""
    newer, older, lost = ocsp(ca), ocsp(ca, this_update=now() - 2 * MINUTE), "kill valkey"
    answers = newer, lost, None, lost, older, newer
    assert watch_ocsp(ca, tmp_path / "file", *answers, edge="1") == []
    assert len(watch_ocsp(ca, tmp_path / "again", *answers, older, edge="1")) == 1
    assert len(watch_ocsp(ca, tmp_path / "other", *answers, edge="2")) == 1


def test_certificate_that_is_not_known_any_more_is_a_violation(ca: CA, tmp_path: Path) -> None:
    """`unauthorized` says that there is no record of it."""
    (what,) = watch_ocsp(ca, tmp_path / "file", UNAUTHORIZED)
    assert "UNAUTHORIZED" in what


@pytest.mark.parametrize(
    ("perturbed", "why"),
    [
        ({"this_update": datetime.fromisoformat("2026-06-01T00:00:00Z")}, "has expired"),
        ({"this_update": datetime.fromisoformat("2126-06-01T00:00:00Z")}, "which has not come"),
        ({"serial": SERIAL + 1}, "another question"),
        ({"hashes": (CertIDHash.SHA1,)}, "another question"),
        ({"certificates": []}, "without the certificate"),
        ({"produced_at": now() - timedelta(seconds=30)}, "its producedAt is another time"),
    ],
)
def test_answer_that_is_not_valid_now_is_a_violation(
    ca: CA, tmp_path: Path, perturbed: dict[str, Any], why: str
) -> None:
    """Its window, its subject, its signer."""
    (what,) = watch_ocsp(ca, tmp_path / "file", ocsp(ca, **perturbed))
    assert why in what


def test_answer_with_another_signature_or_of_another_delegate_is_wrong(ca: CA) -> None:
    """One octet of the signature, and a delegate that another CA made."""
    verifier, der = Verifier(ca.authority.certificate), bytearray(ocsp(ca))
    der[der.index(load_der_ocsp_response(bytes(der)).signature) + 10] ^= 1
    with pytest.raises(Wrong, match="does not verify"):
        verifier.response(bytes(der), SERIAL, "sha256", now())
    stranger = CA(name="stranger")
    responder = ca.responder(not_before=now() - MINUTE, signed_by=stranger, not_after=now() + MINUTE)
    with pytest.raises(Wrong, match="that the CA did not make"):
        verifier.response(response(ca, responder, SERIAL, this_update=now()), SERIAL, "sha256", now())
