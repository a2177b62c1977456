"""Seconds of what `make fuzz` does for an hour; and that it notices what is wrong."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from responder.answers import ErrorAnswer
from responder.ocsprequest import OCSPRequest, parse
from revocation.certid import CertIDHash
from tests.conftest import MEASURED
from tests.fuzz import dertree
from tests.fuzz.processes import NAMES, fuzz, run
from tests.fuzz.requests import Asked
from tests.fuzz.responses import AS_IT_IS, BY_DELEGATE, Signed
from tests.responder.filling import GOOD, REVOKED

SECONDS = 20
PLANTED = """
import atheris, sys
from tests.fuzz.engine import Target, run
@atheris.instrument_func
def try_(octets):
    if octets[:1] == b"0" and octets[3:4] == b"7":
        raise KeyError("planted")
run(Target(try_, lambda: iter([b"0123"])), sys.argv[1:])
"""


@pytest.mark.judge("atheris")
@pytest.mark.parametrize("seconds", [5, pytest.param(SECONDS, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found(
    name: str, seconds: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Every answer is valid DER of a known status, nothing raises, and nothing passes that was not signed."""
    outcome = fuzz(name, seconds, tmp_path)
    record_property(MEASURED, f"fuzz {name}: {outcome.tried} inputs in {seconds} s")
    assert not outcome.found, outcome.said


@pytest.mark.judge("atheris")
def test_planted_defect_is_found_and_its_octets_kept(tmp_path: Path) -> None:
    """Three octets away from the seed: coverage leads there."""
    outcome = run(["-c", PLANTED], "planted", SECONDS, tmp_path)
    assert outcome.found
    assert "KeyError: 'planted'" in outcome.said
    (kept,) = tmp_path.glob("planted-crash-*")
    assert re.match(rb"0..7", kept.read_bytes(), re.S)


@pytest.fixture(scope="module")
def signed() -> Signed:
    """The gate."""
    return Signed()


def test_seeds_pass_and_are_tried_in_full(signed: Signed) -> None:
    """Else nothing behind the first check would ever be reached."""
    asked = Asked()
    for seed in asked.seeds():
        asked.post(seed)
    for seed in asked.seeds_of_paths():
        asked.get(seed)
    for seed in signed.seeds():
        signed.try_(seed)


def test_answer_to_what_is_malformed_is_noticed() -> None:
    """If the parser took everything, or took one certificate for another, the judgement of the answer would differ."""
    known = Asked()
    wanted, other = (known.filling.cert_id(serial, CertIDHash.SHA256) for serial in (GOOD, REVOKED))
    for lie in (OCSPRequest(other, unknown_critical=False), OCSPRequest(wanted, unknown_critical=True)):
        lying = Asked(read=lambda _, lie=lie: lie)  # type: ignore[misc]
        lying.both = known.both
        for tried in (b"\x30\x00", next(known.seeds())):
            with pytest.raises(AssertionError):
                lying.post(tried)


@pytest.mark.parametrize(
    "answer", [b"", b"\x30\x03\x0a\x01\x02", b"\x30\x03\x0a\x01\x04", b"no DER", b"\x30\x03\x0a\x01\x06"]
)
def test_answer_that_is_no_known_error_is_noticed(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing, internalError, a number without meaning, no DER, and the wrong one of those that are known."""
    asked = Asked()
    monkeypatch.setattr("responder.answers._ERRORS", dict.fromkeys(ErrorAnswer, answer))
    with pytest.raises((AssertionError, ValueError)):
        asked.post(b"\x30\x00")


def test_exception_behind_the_hot_path_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application turns it into a 503, which no request deserves."""

    def failing(octets: bytes) -> OCSPRequest:
        parse(octets)
        raise KeyError("a defect")

    asked = Asked()
    monkeypatch.setattr("responder.answers.parse", failing)
    with pytest.raises(AssertionError):
        asked.post(list(asked.seeds())[-1])


def test_gate_that_verifies_no_signature_is_noticed(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    """One octet of the serial is another, and nobody signed that."""
    data = signed.originals[0].replace(b"\x02\x02\x41\x05", b"\x02\x02\x41\x06")
    assert data != signed.originals[0]
    signed.try_(bytes((AS_IT_IS,)) + data)
    for where in ("verify_ocsp", "verifying"):
        monkeypatch.setattr(f"publisher.{where}.verifier_by", lambda _: lambda *_: None)
    with pytest.raises(AssertionError):
        signed.try_(bytes((AS_IT_IS,)) + data)


def test_gate_that_misreads_what_the_delegate_signed_is_noticed(
    signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asn1crypto reads the same, and says another thing."""
    monkeypatch.setattr("publisher.verify_ocsp._revocation_in", lambda _: None)
    good, _, revoked, *_ = signed.originals
    signed.try_(bytes((BY_DELEGATE,)) + good)
    with pytest.raises(AssertionError):
        signed.try_(bytes((BY_DELEGATE,)) + revoked)


def test_tree_is_what_it_was_read_from(signed: Signed) -> None:
    """Reading and writing changes nothing, so a change of the tree is the only one."""
    for data in (*signed.originals, *Asked().seeds()):
        assert b"".join(node.encode() for node in dertree.parse(data)) == data
        assert len([below for node in dertree.parse(data) for below in node.walk()]) > 10
