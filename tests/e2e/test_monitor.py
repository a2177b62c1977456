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
from tests.e2e.verify import Verifier, Wrong

MINUTE = timedelta(minutes=1)
SERIAL = 0x1234
TRY_LATER = bytes.fromhex("30030a0103")
UNAUTHORIZED = bytes.fromhex("30030a0106")


@dataclass
class Saying:
    """A place that says one thing after the other; None is nothing."""

    answers: list[bytes | None]
    verifier: Verifier
    name: str = "1"
    port: int = 0
    asked: int = field(default=0)

    def crl(self) -> bytes:
        return self.ask()

    def ask(self, *_: object) -> bytes:
        self.asked += 1
        answer = self.answers[self.asked - 1]
        if answer is None:
            raise Away("nobody")
        return answer


@pytest.fixture(scope="module")
def ca() -> CA:
    """One that is right, and began yesterday."""
    return CA()


def revoked(*serials: int) -> Mapping[int, Revocation]:
    """Some time ago."""
    return {serial: Revocation(now() - 2 * MINUTE, Reason.superseded) for serial in serials}


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


def watch_crls(ca: CA, file: Path, *answers: bytes | None) -> list[str]:
    """What is wrong with these CRLs, one after the other."""
    source: Any = Saying(list(answers), Verifier(ca.authority.certificate))
    watch = CRLWatch("here", source, source.verifier, Record(file))
    for _ in answers:
        watch.look()
    return violations(file)


def watch_ocsp(ca: CA, file: Path, *answers: bytes | None) -> list[str]:
    """What is wrong with these answers about one certificate, one after the other."""
    source: Any = Saying(list(answers), Verifier(ca.authority.certificate))
    watch = OCSPWatch(source, [SERIAL], Record(file), random.Random(1))
    for _ in answers:
        watch._ask(SERIAL, "sha256", "POST")
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
