"""Every rule of the conformance script is broken by a responder that lies, and the script says which one it was."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from revocation import clock, der
from revocation.certid import CertIDHash
from revocation.status import Revocation
from tests.authority import Authority
from tests.building.ca import CA
from tests.building.ocsp import by_name, response
from tests.conformance.examine import Examination
from tests.conformance.exchange import Server
from tests.conformance.lying import DAY, SERIAL, Lie, Responding, serving
from tests.conformance.report import Report

HOUR = timedelta(hours=1)
NONCE = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.2"), der.tlv(der.OCTET_STRING, b"\x04\x04late"))
MALFORMED, INTERNAL, UNAUTHORIZED = (bytes((0x30, 3, 0x0A, 1, status)) for status in (1, 2, 6))


def delegated(r: Responding, **wrong: object) -> Responding:
    """Signed by a delegate that is not what it should be."""
    usual = {"not_before": r.this_update - 5 * DAY, "not_after": r.this_update + 7 * DAY}
    return replace(r, responder=r.ca.responder(**(usual | wrong)))  # type: ignore[arg-type]


def swapped(r: Responding) -> Responding:
    """Each hash is answered in the other one."""
    other = {CertIDHash.SHA1: CertIDHash.SHA256, CertIDHash.SHA256: CertIDHash.SHA1}
    return replace(r, instead=lambda hash_: replace(r).answer(other[hash_]))


def divided(r: Responding) -> Responding:
    """Good in one hash, and revoked in the other."""
    revoked = replace(r, revocation=Revocation(r.this_update - DAY))
    return replace(r, instead=lambda hash_: (r if hash_ is CertIDHash.SHA1 else revoked).answer(hash_))


def unsigned(r: Responding) -> Responding:
    """A response whose serial was changed, and changed back in nothing but the signature."""

    def answer(hash_: CertIDHash) -> bytes:
        data = response(r.ca, r.responder, SERIAL + 1, hashes=(hash_,), this_update=r.this_update)
        return data.replace(b"\x02\x02\x41\x06", b"\x02\x02\x41\x05")

    return replace(r, instead=answer)


def begun(r: Responding, ago: timedelta, lifetime: timedelta = DAY) -> Responding:
    """Made so long ago, or ahead, for so long."""
    return replace(r, this_update=r.this_update - ago, lifetime=lifetime, lives=lifetime)


STORED: dict[str, tuple[Callable[[Responding], Responding], str]] = {
    "begins in a minute": (lambda r: begun(r, -HOUR / 60), "window.this-update"),
    "has ended": (lambda r: replace(begun(r, 2 * DAY), lives=9 * DAY), "window.expired"),
    "never ends": (lambda r: replace(r, lifetime=None), "window.next-update"),
    "was produced later": (
        lambda r: replace(r, more={"produced_at": r.this_update + timedelta(seconds=1)}),
        "window.produced-at",
    ),
    "outlives its signer": (lambda r: delegated(r, not_after=r.this_update + DAY / 2), "window.outlives"),
    "lives for seven hours": (lambda r: begun(r, 0 * HOUR, 7 * HOUR), "window.br-length"),
    "lives for eleven days": (
        lambda r: replace(delegated(r, not_after=r.this_update + 20 * DAY), lifetime=11 * DAY),
        "window.br-length",
    ),
    "is late": (lambda r: begun(r, 17 * HOUR), "window.br-renewal"),
    "is late, and short": (lambda r: begun(r, 6 * HOUR, 10 * HOUR), "window.br-renewal"),
    "is in another hash": (swapped, "cert-id.hash"),
    "is of another certificate": (lambda r: replace(r, serial=SERIAL + 1), "cert-id.serial"),
    "is of another issuer": (lambda r: replace(r, more={"about": CA(Authority("Other"))}), "cert-id.issuer"),
    "differs between hashes": (divided, "cert-id.differ"),
    "is byName": (lambda r: replace(r, more={"responder_id": by_name(r.responder)}), "signer.by-key"),
    "has a nonce": (
        lambda r: replace(r, more={"extensions": der.explicit(1, der.sequence(NONCE))}),
        "signer.extensions",
    ),
    "has another serial than was signed": (unsigned, "signer.signature"),
    "is of a delegate of another CA": (lambda r: delegated(r, signed_by=CA()), "signer.issued"),
    "is of a delegate for servers": (
        lambda r: delegated(r, usages=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        "signer.delegate",
    ),
    "is of a delegate without nocheck": (lambda r: delegated(r, no_check=False), "signer.no-check"),
    "is of a delegate that has expired": (lambda r: delegated(r, not_after=clock.now() - HOUR), "signer.validity"),
    "has a time with a fraction": (
        lambda r: replace(r, more={"status": der.tlv(0xA1, der.tlv(0x18, b"20260301120000.5Z"))}),
        "answer.status",
    ),
}


def signed(**headers: str | None) -> Lie:
    """Other headers of signed answers."""
    return lambda reply: reply.say(**headers) if reply.signed else reply


def errors(**headers: str) -> Lie:
    """Other headers of errors."""
    return lambda reply: reply.say(**headers) if len(reply.body) == 5 else reply


def to(method: str, lie: Lie, header: str = "") -> Lie:
    """A lie to requests of one method, and with one header."""
    return lambda reply: (
        lie(reply) if reply.environ["REQUEST_METHOD"] == method and (not header or header in reply.environ) else reply
    )


def instead(of: bytes, body: bytes, status: str = "200 OK") -> Lie:
    """Another error in the place of one."""
    return lambda reply: replace(reply, body=body, status=status) if reply.body == of else reply


def other(status: str, body: bytes = b"") -> Lie:
    """Another status and body."""
    return lambda reply: replace(reply.say(Content_Length=str(len(body))), status=status, body=body)


AGE = "max-age=%d, public, no-transform, must-revalidate"
SAID: dict[str, tuple[Lie, str]] = {
    "another media type": (signed(Content_Type="application/octet-stream"), "header.content-type"),
    "no length": (signed(Content_Length=None), "header.content-length"),
    "a date in UTC": (signed(Date="Sun, 01 Mar 2026 12:00:00 UTC"), "header.date"),
    "a date of yesterday": (signed(Date="Sun, 01 Mar 2026 12:00:00 GMT"), "header.date"),
    "modified at another time": (
        signed(Last_Modified="Sun, 01 Mar 2026 12:00:00 GMT"),
        "header.last-modified http.304",
    ),
    "a weak tag": (signed(ETag='W/"1"'), "header.etag http.304 http.304-headers"),
    "expires never": (signed(Expires=None), "header.expires"),
    "must not be revalidated": (signed(Cache_Control="max-age=60, public, no-transform"), "header.cache-control"),
    "not stored": (signed(Cache_Control=f"{AGE % 60}, no-store"), "header.uncached"),
    "pragma": (signed(Pragma="no-cache"), "header.uncached"),
    "kept to the end": (signed(Cache_Control=AGE % (25 * 3600)), "header.max-age header.fresh"),
    "kept without an end": (
        signed(Cache_Control="public, no-transform, must-revalidate"),
        "header.max-age header.cache-control",
    ),
    "kept longer than the next one needs": (signed(Cache_Control=AGE % (13 * 3600)), "header.fresh"),
    "an error as HTTP 400": (lambda r: replace(r, status="400 Bad") if len(r.body) == 5 else r, "error.status"),
    "an error that is kept": (errors(Cache_Control="max-age=60"), "error.cached"),
    "an error with a tag": (errors(ETag='"1"'), "error.validators"),
    "internalError": (instead(UNAUTHORIZED, INTERNAL), "error.which"),
    "everything is unauthorized": (instead(MALFORMED, UNAUTHORIZED), "error.which"),
    "no nonce": (
        lambda r: other("200 OK", MALFORMED)(r) if r.signed and b"n" * 32 in r.asked else r,
        "answer.nonce",
    ),
    "HEAD of another length": (to("HEAD", signed(Content_Length="0")), "http.head"),
    "never 304": (lambda r: replace(r, status="200 OK") if r.status.startswith("304") else r, "http.304"),
    "304 without a tag": (
        lambda r: r.say(ETag=None) if r.status.startswith("304") else r,
        "http.304-headers",
    ),
    "304 of no length": (
        lambda r: r.say(Content_Length="0") if r.status.startswith("304") else r,
        "http.304-length",
    ),
    "304 to a POST": (to("POST", other("304 NOT MODIFIED"), "HTTP_IF_NONE_MATCH"), "http.condition"),
    "PUT is taken": (to("PUT", other("200 OK")), "http.method"),
}


def examined(folder: Path, responding: Responding, lie: Lie | None = None) -> Report:
    """What the script finds."""
    with serving(folder, responding, lie) as url:
        issuer = responding.ca.authority.certificate
        return Examination(Server(url), issuer, (SERIAL,), br=True, renewal=DAY / 2).run()


def test_honest_responder_breaks_no_rule(tmp_path: Path) -> None:
    """So what is found below is the lie."""
    assert examined(tmp_path, Responding.honest()).violations == []


@pytest.mark.long
@pytest.mark.parametrize(("lie", "rule"), STORED.values(), ids=STORED)
def test_response_that_breaks_a_rule_is_noticed(
    tmp_path: Path, lie: Callable[[Responding], Responding], rule: str
) -> None:
    """What is signed, and who signed it."""
    assert rule in examined(tmp_path, lie(Responding.honest())).rules


@pytest.mark.parametrize(("lie", "rule"), SAID.values(), ids=SAID)
def test_answer_that_breaks_a_rule_is_noticed(tmp_path: Path, lie: Lie, rule: str) -> None:
    """Headers, conditions and errors: that rule, and no more of those than hang on the same header."""
    assert examined(tmp_path, Responding.honest(), lie).rules == set(rule.split())


def test_every_rule_is_broken_by_a_lie() -> None:
    """A rule that nothing can break says nothing."""
    code = "".join(file.read_text() for file in Path(__file__).parent.glob("*.py") if "test" not in file.name)
    rules = set(re.findall(r'"((?:window|cert-id|signer|header|error|http|answer)\.[a-z0-9-]+)"', code))
    assert rules == {rule for _, rules in (*STORED.values(), *SAID.values()) for rule in rules.split()}
