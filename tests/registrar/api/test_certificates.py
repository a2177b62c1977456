"""Issuing, listing, revoking and importing over the API, with a stand-in for the signer."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.cleanup import clean_up
from registrar.config import Retention
from registrar.database.schema import certificate_names, requests
from revocation.messages import Outcome, Release, Reply, Revoke, Verb
from tests.authority import NOW, Authority
from tests.building.keyforms import EC
from tests.building.requests import info_of, request_info, signed_by
from tests.registrar.api.desk import Desk, kind, pem
from tests.registrar.fakes import Clock, FakeCA
from tests.registrar.site import csr_for

KEY = "0123456789abcdef" * 2


@pytest.fixture
def desk(tmp_path: Path, place: str) -> Desk:
    """An API that is right by default, on either database."""
    return Desk.build(tmp_path, database=place)


@pytest.mark.parametrize("version", [1, 7])
def test_request_of_an_unknown_version_is_refused(desk: Desk, version: int) -> None:
    """Before anybody is asked."""
    csr = base64.b64encode(signed_by(EC, request_info(info_of(EC), version=version))).decode()
    answer = desk.issue(desk.token(), csr=csr)
    assert (kind(answer), desk.signer.asked) == ("unreadable", [])


def test_certificate_is_issued_for_who_has_the_scope(desk: Desk) -> None:
    """Its message says who asked; the answer is where Location says, under an ETag."""
    token = desk.token("issue:server", "read", name="backup")
    answer = desk.issue(token, "a.example", names=["dns:a.example"])
    assert answer.status_code == 201, answer.text
    (_, verb, body) = desk.signer.asked[0]
    assert (verb, body.asked_by, body.names) == (Verb.ISSUE, "token backup", ("dns:a.example",))
    found = x509.load_pem_x509_certificate(answer.json["certificate"].encode())
    assert answer.json["serial"] == f"{found.serial_number:X}".zfill(len(answer.json["serial"]))
    assert (answer.json["state"], answer.json["asked_by"], answer.json["names"]) == (
        *("live", "token backup"),
        ["dns:a.example"],
    )
    place = answer.headers["Location"].partition("/api/v1")[2]
    again = desk.ask("GET", place, token=token)
    assert (again.json, again.headers["ETag"]) == (answer.json, answer.headers["ETag"])
    assert desk.ask("GET", place, token=token, If_None_Match=again.headers["ETag"]).status_code == 304


def test_same_request_under_the_same_key_is_one_certificate(desk: Desk) -> None:
    """And another request under it is none."""
    token, csr = desk.token(), pem(csr_for("a.example"))
    first = desk.issue(token, csr=csr, Idempotency_Key=KEY)
    second = desk.issue(token, csr=csr, Idempotency_Key=KEY)
    assert (first.status_code, first.json) == (201, second.json)
    assert len({id_ for id_, _, _ in desk.signer.asked}) == 1
    assert kind(desk.issue(token, csr=csr, profile="client", Idempotency_Key=KEY)) == "key-reused"
    assert kind(desk.issue(token, csr=csr, Idempotency_Key="short")) == "bad-request"


def test_key_says_nothing_of_what_others_ask_under_it(desk: Desk) -> None:
    """Another token, another issuer, another operation: each is a message of its own, whose id nobody can choose."""
    token, other, lab = desk.token(), desk.token(name="other"), desk.token(name="lab", issuers=("lab",))
    serial = desk.issue(token, "a.example", Idempotency_Key=KEY).json["serial"]
    assert desk.issue(other, "a.example", Idempotency_Key=KEY).status_code == 201
    for one, issuer in ((token, "home"), (other, "home"), (lab, "lab")):
        place = f"/issuers/{issuer}/certificates/{serial}"
        for act in ("hold", "release", "revoke"):
            assert desk.ask("POST", f"{place}/{act}", {}, token=one, Idempotency_Key=KEY).status_code == 200
    ids = [id_ for id_, _, _ in desk.signer.asked]
    assert (len(ids), len(set(ids)), KEY in ids) == (11, 11, False)


def test_key_of_one_revocation_is_not_that_of_anothers(desk: Desk) -> None:
    """409, before the signer is asked: one request is one certificate."""
    token = desk.token()
    for serial, status in (("0A", 200), ("0B", 409)):
        place = f"/issuers/home/certificates/{serial}/revoke"
        assert desk.ask("POST", place, {}, token=token, Idempotency_Key=KEY).status_code == status
    assert len(desk.signer.asked) == 1


def test_signer_that_does_not_answer_yet_is_asked_again_under_the_id_that_is_told(desk: Desk) -> None:
    """202 with Retry-After, and one certificate in the end."""
    token, csr = desk.token(), pem(csr_for("a.example"))
    desk.signer.silent = True
    waits = desk.issue(token, csr=csr)
    assert (waits.status_code, waits.json["idempotency_key"]) == (202, waits.headers["Idempotency-Key"])
    assert int(waits.headers["Retry-After"]) > 0
    desk.signer.silent = False
    assert desk.issue(token, csr=csr, Idempotency_Key=waits.json["idempotency_key"]).status_code == 201


def test_refusal_of_the_signer_is_told_in_its_words(desk: Desk) -> None:
    """And nothing is listed."""
    token = desk.token()
    said = {"at": NOW, "detail": "names are not allowed\x1b[2J", "advice": "ask for others"}
    desk.signer.refusal = Reply(id=KEY, outcome=Outcome.REFUSED, **said)
    answer = desk.issue(token, "evil.example")
    assert kind(answer) == "refused"
    assert (answer.json["detail"], answer.json["advice"]) == (
        "the CA refuses: names are not allowed[2J",
        "ask for others",
    )
    assert desk.ask("GET", "/issuers/home/certificates", token=token).json["certificates"] == []


def test_signer_that_may_not_now_says_when(desk: Desk) -> None:
    """Retry-After is until then; one that is away is 503."""
    again = {"retry_at": "2026-03-01T12:10:00Z"}
    desk.signer.refusal = Reply(id=KEY, outcome=Outcome.REFUSED, at=NOW, detail="enough", data=again)
    answer = desk.issue(desk.token(), "a.example")
    assert (kind(answer), answer.headers["Retry-After"]) == ("too-many", "601")
    desk.signer.away = True
    assert kind(desk.issue(desk.token(name="b"), "a.example")) == "unavailable"


def test_forged_reply_is_no_certificate(desk: Desk) -> None:
    """Of another CA, another key or other names: it is as if nobody had answered."""
    token = desk.token()
    other = FakeCA(Authority("Home CA"), Clock(NOW))
    desk.signer.ca, own = other, desk.signer.ca
    assert desk.issue(token, "a.example").status_code == 202
    desk.signer.ca = own
    body = {"csr": pem(csr_for("a.example")), "names": ["dns:a.example"]}
    issued = desk.issue(token, **body)
    desk.signer.forged = x509.load_pem_x509_certificate(issued.json["certificate"].encode()).public_bytes(Encoding.DER)
    assert desk.issue(token, "a.example").status_code == 202
    assert desk.issue(token, **{**body, "names": ["dns:b.example"]}).status_code == 202


@pytest.mark.parametrize("csr", ["no request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END", "AAAA"])
def test_request_that_cannot_be_read_is_told_where(desk: Desk, csr: str) -> None:
    """422, and the signer is not asked."""
    answer = desk.issue(desk.token(), csr=csr)
    assert (kind(answer), answer.json["faults"][0]["at"]) == ("unreadable", "csr")
    assert desk.signer.asked == []


def test_list_is_paged_and_searched(desk: Desk) -> None:
    """The newest first, each once; by name, by state, by expiry."""
    token = desk.token()
    for number in range(7):
        desk.clock.forward(seconds=number % 2)
        desk.issue(token, f"{number}.example", names=[f"dns:{number}.example"])
    seen, path = [], "/issuers/home/certificates?limit=3"
    cursor = ""
    while True:
        page = desk.ask("GET", path + cursor, token=token).json
        seen += [one["names"][0] for one in page["certificates"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == [f"dns:{number}.example" for number in range(7)]
    found = desk.ask("GET", "/issuers/home/certificates?name=dns:3.example", token=token).json["certificates"]
    assert [one["names"] for one in found] == [["dns:3.example"]]
    place = f"/issuers/home/certificates/{found[0]['serial']}"
    assert desk.ask("POST", f"{place}/hold", {}, token=token).status_code == 200

    def count(query: str) -> int:
        return len(desk.ask("GET", f"/issuers/home/certificates?{query}", token=token).json["certificates"])

    assert (count("state=held"), count("state=live"), count("state=revoked"), count("state=expired")) == (1, 6, 0, 0)
    assert (count("expires_before=2026-04-01T00:00:00Z"), count("expires_after=2026-04-01T00:00:00Z")) == (0, 7)
    desk.clock.forward(days=100)
    assert (count("state=expired"), count("state=live")) == (7, 0)


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "cursor=AAAA", "cursor=%00", "state=dead"),
        *("name=example", "expires_before=yesterday", "expires_after=1700000000", "unknown=1", "expires_before="),
    ],
)
def test_query_of_another_form_is_refused(desk: Desk, query: str) -> None:
    """With what is wrong."""
    assert kind(desk.ask("GET", f"/issuers/home/certificates?{query}", token=desk.token())) == "bad-request"


def test_revocation_hold_and_release_are_asked_of_the_signer_by_name(desk: Desk) -> None:
    """Each with who asked; the state follows."""
    token = desk.token(name="ops")
    serial = desk.issue(token, "a.example").json["serial"]
    place = f"/issuers/home/certificates/{serial}"
    steps = (("hold", {}, "held"), ("release", {}, "live"), ("revoke", {"reason": "superseded"}, "revoked"))
    for act, body, state in steps:
        answer = desk.ask("POST", f"{place}/{act}", body, token=token)
        assert (answer.status_code, answer.json["serial"]) == (200, serial), answer.text
        assert desk.ask("GET", place, token=token).json["state"] == state
    bodies = [body for _, _, body in desk.signer.asked[1:]]
    assert [type(one) for one in bodies] == [Revoke, Release, Revoke]
    assert [getattr(one, "reason", None) for one in bodies] == ["certificateHold", None, "superseded"]
    assert {one.asked_by for one in bodies} == {"token ops"}


def test_certificate_that_the_registrar_does_not_know_can_be_revoked(desk: Desk) -> None:
    """The signer knows it, or refuses; it is not listed after."""
    token = desk.token()
    assert desk.ask("POST", "/issuers/home/certificates/0A1B/revoke", {}, token=token).status_code == 200
    assert kind(desk.ask("GET", "/issuers/home/certificates/0A1B", token=token)) == "not-found"


def test_certificate_that_changed_is_not_revoked_under_an_older_tag(desk: Desk) -> None:
    """If-Match; the signer is not asked."""
    token = desk.token()
    issued = desk.issue(token, "a.example")
    place = f"/issuers/home/certificates/{issued.json['serial']}"
    desk.ask("POST", f"{place}/hold", {}, token=token)
    asked = len(desk.signer.asked)
    old = desk.ask("POST", f"{place}/revoke", {}, token=token, If_Match=issued.headers["ETag"])
    assert (kind(old), len(desk.signer.asked)) == ("changed", asked)
    tag = desk.ask("GET", place, token=token).headers["ETag"]
    assert desk.ask("POST", f"{place}/revoke", {}, token=token, If_Match=tag).status_code == 200


def test_certificates_that_were_issued_elsewhere_are_imported(desk: Desk) -> None:
    """Those of another CA are not, nor any beside them; the signer looks again."""
    token = desk.token()
    ours = x509.load_pem_x509_certificate(desk.issue(token, "a.example").json["certificate"].encode())
    other = Authority("Other CA").certificate
    wrong = desk.ask("POST", "/issuers/home/imports", {"certificates": [pem(ours), pem(other)]}, token=token)
    assert (kind(wrong), wrong.json["faults"][0]["at"]) == ("unreadable", "certificates.1")
    right = desk.ask("POST", "/issuers/home/imports", {"certificates": [pem(ours)]}, token=token)
    assert right.status_code == 200, right.text
    assert len(right.json["registered"]) == 1


def certified(
    authority: Authority,
    key: ec.EllipticCurvePrivateKey | None = None,
    names: bytes | None = None,
    serial: int = 0x1234,
) -> str:
    """PEM of a certificate that an authority signed elsewhere; `names` are the octets of its subjectAltName."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(authority.certificate.subject)
    builder = builder.public_key(key.public_key()).serial_number(serial)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=30))
    if names is not None:
        kind_ = x509.oid.ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        builder = builder.add_extension(x509.UnrecognizedExtension(kind_, names), critical=False)
    return pem(builder.sign(authority.key, authority.digest))


@pytest.mark.parametrize("names", [b"\xff", b"\x30\x04\x82\x02\xff\xfe", bytes.fromhex("3002a300")])
def test_certificate_whose_names_cannot_be_read_is_not_imported(desk: Desk, names: bytes) -> None:
    """It is said of which, in words of ours, and the signer is not asked."""
    body = {"certificates": [certified(desk.authority), certified(desk.authority, names=names)]}
    answer = desk.ask("POST", "/issuers/home/imports", body, token=desk.token())
    assert (kind(answer), desk.signer.asked) == ("unreadable", [])
    assert answer.json["faults"] == [
        {"at": "certificates.1", "detail": "has a key or an extension that cannot be read"}
    ]


def test_certificate_of_the_issuer_itself_is_not_imported_into_it(desk: Desk) -> None:
    """Its own one, and another of its key: held or revoked there, it would take the issuer along."""
    token = desk.token()
    for one in (pem(desk.authority.certificate), certified(desk.authority, desk.authority.key)):
        answer = desk.ask("POST", "/issuers/home/imports", {"certificates": [one]}, token=token)
        assert (kind(answer), desk.signer.asked) == ("unreadable", [])
        assert "is of the key of home itself" in answer.json["detail"]


def test_cleaning_up_takes_names_and_old_ids_along(desk: Desk) -> None:
    """Nothing is left of a certificate that ended long ago."""
    desk.issue(desk.token(), "a.example", names=["dns:a.example"])
    database = desk.services.database
    done = clean_up(database, Retention(), NOW + timedelta(days=400), 0)
    assert (done["certificates"], done["requests"]) == (1, 1)
    with database.read() as connection:
        assert connection.execute(certificate_names.select()).all() == []
        assert connection.execute(requests.select()).all() == []


def test_nothing_secret_is_in_the_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The log has who asked what, and no token."""
    caplog.set_level("INFO")
    token = desk.token(name="ops")
    desk.issue(token, "a.example")
    assert "issue of home, asked by token ops: done" in caplog.text
    assert token[-20:] not in json.dumps(caplog.text)
