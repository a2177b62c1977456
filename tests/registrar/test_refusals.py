"""What clients are told of what the signer refuses, in ACME and in the API: a real signer decides."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from registrar.acme.app import create_app
from registrar.api.app import create_app as create_api
from revocation.clock import fixed
from signer.change import change_together
from tests.authority import NOW, Authority
from tests.registrar.api.desk import Desk, kind, pem
from tests.registrar.api.leaving import is_open, listed, look
from tests.registrar.signing import Handed, signed_by
from tests.registrar.site import UNLIMITED, Site, csr_for, problem
from tests.signer.issuing.office import NAMES, PROFILES, Office

WEAK = rsa.generate_private_key(3, 2048)  # its exponent is small
STOLEN = ec.generate_private_key(ec.SECP256R1())
SERVER = "[signer.issuers.issuance.profiles.server]\n"
GOOD = ec.generate_private_key(ec.SECP256R1())


def steal(office: Office) -> None:
    """A certificate of that key is revoked for a compromise."""
    issued = office.issue(key=STOLEN)
    change_together(office.signer, [office.estate.revoke(issued.serial_number).model_dump_json()], fixed(NOW))


def retire(office: Office) -> None:
    change(office, "[publisher]", '[signer.limits]\nlast_crl = "expiry"\n[publisher]')
    change(office, 'certificates = ["ca.pem"]', 'certificates = ["ca.pem"]\nlast_crl = "expiry"')


def stop_issuing(office: Office) -> None:
    change(office, NAMES + PROFILES, "")


def take_the_right_away(office: Office) -> None:
    change(office, 'verbs = ["issue", ', "verbs = [")


def change(office: Office, before: str, after: str) -> None:
    config = office.estate.folder / "revocast.toml"
    assert before in config.read_text()
    config.write_text(config.read_text().replace(before, after))
    office.signer = office.estate.signer(NOW)


def nothing(_: Office) -> None:
    pass


CASES = {
    "weak key": (WEAK, "www.example.com", nothing, "badPublicKey", "bad-key"),
    "compromised key": (STOLEN, "www.example.com", steal, "badPublicKey", "bad-key"),
    "name": (GOOD, "www.example.org", nothing, "rejectedIdentifier", "name"),
    "retired issuer": (GOOD, "www.example.com", retire, "serverInternal", "issuer"),
    "nothing is issued": (GOOD, "www.example.com", stop_issuing, "serverInternal", "issuer"),
    "no right": (GOOD, "www.example.com", take_the_right_away, "serverInternal", "refused"),
}


OF_THE_CSR = ("badCSR", "badPublicKey")


def acme(folder: Path, issuer: str = UNLIMITED, **office: Any) -> tuple[Site, Office]:
    """A server whose CA is a real signer."""
    authority = Authority("Home CA")
    signer = Office.build(folder / "signer", authority=authority, **office)
    site = Site.build(folder, authority=authority, issuer=f'{issuer}\nrequester = "operator"')
    services = replace(site.services, issuance=signed_by(signer, site.clock))
    return replace(site, services=services, app=create_app(services)), signer


def api(folder: Path, **office: Any) -> tuple[Desk, Office]:
    """The same of the API."""
    desk = Desk.build(folder, requester="operator")
    signer = Office.build(folder / "signer", authority=desk.authority, **office)
    services = replace(desk.services, signer=signed_by(signer, desk.clock))
    return replace(desk, services=services, app=create_api(services)), signer


@pytest.mark.parametrize("case", CASES)
def test_order_that_the_signer_refuses_says_why(tmp_path: Path, case: str) -> None:
    """By RFC 8555 section 6.7, beside the signer's words."""
    key, name, first, expected, _ = CASES[case]
    site, signer = acme(tmp_path)
    first(signer)
    one = site.client()
    order = one.finalize(one.ready(name), csr_for(name, key=key))
    if expected in OF_THE_CSR:
        assert (order.status_code, problem(order)) == (400, expected)
        assert order.json["detail"].startswith("the CA refuses: ")
        return
    assert order.json["status"] == "invalid"
    assert order.json["error"]["type"] == f"urn:ietf:params:acme:error:{expected}"
    assert order.json["error"]["detail"].startswith("the CA refuses: ")


@pytest.mark.parametrize("case", CASES)
def test_request_that_the_signer_refuses_says_why(tmp_path: Path, case: str) -> None:
    """By RFC 9457, each with a type of its own."""
    key, name, first, _, expected = CASES[case]
    desk, signer = api(tmp_path)
    first(signer)
    assert kind(desk.issue(desk.token(), csr=pem(csr_for(name, key=key)), names=[f"dns:{name}"])) == expected


@pytest.mark.parametrize("was_issued", [True, False])
def test_request_that_waits_while_its_requester_is_renamed_ends(
    tmp_path: Path, was_issued: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Under the new name it is another message: of an id that the signer knows already, or as good as the first."""
    caplog.set_level("INFO")
    desk, signer = api(tmp_path)
    token = desk.token()
    with monkeypatch.context() as patched:
        patched.setattr(Handed, "await_reply", lambda *_: None)
        if not was_issued:
            patched.setattr(Handed, "send", lambda *_: None)
        assert desk.issue(token, "www.example.com", names=["dns:www.example.com"]).status_code == 202
    change(signer, '[[signer.requesters]]\nname = "operator"', '[[signer.requesters]]\nname = "renamed"')
    home = desk.services.tenants["home"]
    desk.services.tenants["home"] = replace(home, table=home.table.model_copy(update={"requester": "renamed"}))
    look(desk)
    assert ("is refused: message" in caplog.text) is was_issued
    assert (is_open(desk), len(listed(desk, token))) == ([False], 0 if was_issued else 1)


@pytest.mark.parametrize("key", [WEAK, ec.generate_private_key(ec.SECP384R1())], ids=["known", "not of the profile"])
def test_order_whose_key_is_refused_is_finalized_with_another(tmp_path: Path, key: Any) -> None:
    """It is ready as before (section 7.4), without an error, and nothing of it counts as a certificate."""
    limits = UNLIMITED.replace("certificates_per_set = 'off'", "certificates_per_set = '1 per day'")
    site, _ = acme(tmp_path, limits, issuance=NAMES + PROFILES.replace(SERVER, SERVER + 'keys = ["p256"]\n'))
    one = site.client()
    order = one.ready("www.example.com")
    for _ in range(2):
        assert problem(one.finalize(order, csr_for("www.example.com", key=key))) == "badPublicKey"
    shown = one.post(order.headers["Location"]).json
    assert (shown["status"], "error" in shown) == ("ready", False)
    assert one.finalize(order, csr_for("www.example.com")).json["status"] == "valid"


def test_validity_beyond_the_profile_is_malformed(tmp_path: Path) -> None:
    """The times stand in the order, and not in the CSR."""
    site, _ = acme(tmp_path)
    one = site.client()
    order = one.ready("www.example.com", notAfter="2027-01-01T00:00:00Z")
    error = one.finalize(order, csr_for("www.example.com")).json["error"]
    assert error["type"] == "urn:ietf:params:acme:error:malformed"


def test_order_beyond_the_limit_of_the_hour_is_ready_again_and_finalized_when_there_is_room(tmp_path: Path) -> None:
    """rateLimited with Retry-After; the limits of the registrar do not count what was not had."""
    limits = UNLIMITED.replace("certificates_per_set = 'off'", "certificates_per_set = '1 per day'")
    site, _ = acme(tmp_path, limits, requester="issues_per_hour = 1\n")
    one = site.client()
    one.certificate("a.example.com")
    order = one.ready("b.example.com")
    for _ in range(2):
        answer = one.finalize(order, csr := csr_for("b.example.com"))
        assert (problem(answer), answer.status_code, answer.headers["Retry-After"]) == ("rateLimited", 429, "3600")
        assert one.post(order.headers["Location"]).json["status"] == "ready"
    site.clock.forward(hours=1)
    assert one.finalize(order, csr).json["status"] == "valid"


def test_key_that_may_sign_no_more_this_hour_is_told_alike_in_the_api(tmp_path: Path) -> None:
    """429 with Retry-After, and done under the same key when there is room."""
    limits = "[signer.issuers.limits]\nsignatures_per_hour = 1\nreserved_for_revocations = 0\n"
    desk, _ = api(tmp_path, limits=limits)
    token, name = desk.token(), "www.example.com"
    assert desk.issue(token, name, names=[f"dns:{name}"]).status_code == 201
    again = {"csr": pem(csr_for(name)), "names": [f"dns:{name}"]}
    answer = desk.issue(token, **again)
    assert (kind(answer), answer.status_code, answer.headers["Retry-After"]) == ("too-many", 429, "3600")
    desk.clock.forward(hours=1)
    assert desk.issue(token, **again, Idempotency_Key=answer.headers["Idempotency-Key"]).status_code == 201


def test_order_waits_for_a_key_that_is_away(tmp_path: Path) -> None:
    """It is processing, and issued once the key is back."""
    site, signer = acme(tmp_path)
    key = signer.estate.folder / "ca.key"
    key.rename(key.with_suffix(".away"))
    one = site.client()
    order = one.ready("www.example.com")
    answer = one.finalize(order, csr_for("www.example.com"))
    assert (answer.json["status"], int(answer.headers["Retry-After"]) > 0) == ("processing", True)
    key.with_suffix(".away").rename(key)
    assert one.post(order.headers["Location"]).json["status"] == "valid"


def test_order_that_is_processed_says_when_the_signer_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was too slow at first; a look at the order tells the time, and leaves it as it is."""
    site, signer = acme(tmp_path, requester="issues_per_hour = 1\n")
    one = site.client()
    order = one.ready("a.example.com")
    with monkeypatch.context() as slow:
        slow.setattr("tests.registrar.signing.Handed.await_reply", lambda *_: None)
        slow.setattr("tests.registrar.signing.Handed.send", lambda *_: None)
        assert one.finalize(order, csr_for("a.example.com")).json["status"] == "processing"
    signer.issue()
    looked = one.post(order.headers["Location"])
    assert (looked.json["status"], looked.headers["Retry-After"]) == ("processing", "3600")
    site.clock.forward(hours=1)
    assert one.post(order.headers["Location"]).json["status"] == "valid"
