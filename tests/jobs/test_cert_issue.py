"""`revocast cert issue`, without a queue: as an operator types it."""

import base64
import json
import re
import stat
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from jobs import cert_issue
from jobs.change import await_evidence
from revocation import clock
from revocation.errors import InputError, NoAnswer, NotPublishedYet, Refused
from revocation.messages import Message, Reply
from tests.authority import Authority
from tests.building.keyforms import EC
from tests.building.requests import info_of, request_info, signed_by
from tests.jobs.commanding import HOST, done, failed, issue, office_of_today, run
from tests.signer.issuing.office import Office, request_of


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One for all of them."""
    return office_of_today(tmp_path_factory.mktemp("office"))


def test_certificate_is_issued_for_a_key_that_is_made_here_and_answered_for(office: Office, tmp_path: Path) -> None:
    """The key is its owner's alone, and that of the certificate; a server takes both; OCSP says good."""
    key, out = tmp_path / "host.key", tmp_path / "host.pem"
    said = issue(office, out, "--key-out", key, "--with-issuer", "--days", "10", "--asked-by", "alice")
    chain = x509.load_pem_x509_certificates(out.read_bytes())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    private = load_pem_private_key(key.read_bytes(), None)
    assert private.public_key() == chain[0].public_key()
    assert chain[1] == office.signer.public.profile("test").issuer.certificates[0]
    assert "answered for by OCSP after" in said
    assert f"certificate {chain[0].serial_number:X}".replace(" 0", " ") in said.replace(" 0", " ")
    lasts = chain[0].not_valid_after_utc - chain[0].not_valid_before_utc
    assert lasts == timedelta(days=10, seconds=-1)
    shown = json.loads(done(office, "cert", "show", f"{chain[0].serial_number:X}", "--json"))
    assert (shown["state"], shown["names"], shown["asked_by"]) == ("good", [HOST], "alice")


def test_certificate_is_issued_for_a_request_and_json_says_what(office: Office, tmp_path: Path) -> None:
    """PEM or DER; with the names of the request where none are given."""
    csr = tmp_path / "x.csr"
    csr.write_bytes(request_of(ec.generate_private_key(ec.SECP256R1()), names=["dns:csr.example.com"]))
    words = ("cert", "issue", "--profile", "server", "--csr", csr, "--out", tmp_path / "x.pem", "--json")
    said = json.loads(done(office, *words))
    assert (said["names"], said["answered"], said["key"]) == (["dns:csr.example.com"], True, None)
    issued = x509.load_pem_x509_certificate((tmp_path / "x.pem").read_bytes())
    assert int(said["serial"], 16) == issued.serial_number


def test_refusal_exits_with_1_and_leaves_neither_key_nor_request(office: Office, tmp_path: Path) -> None:
    """The words are the signer's."""
    words = ("cert", "issue", "--profile", "server", "--name", "dns:example.org")
    error = failed(office, *words, "--key-out", tmp_path / "k", "--out", tmp_path / "x")
    assert isinstance(error, Refused)
    assert "example.org is none of the names" in error.what
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_written_over(office: Office, tmp_path: Path) -> None:
    """Neither certificate nor key nor the request beside it."""
    for name in ("out", "key", "key.csr"):
        (folder := tmp_path / name).mkdir()
        (folder / name).write_text("mine")
        words = ("cert", "issue", "--profile", "server", "--name", HOST)
        error = failed(office, *words, "--key-out", folder / "key", "--out", folder / "out")
        assert isinstance(error, InputError)
        assert (folder / name).read_text() == "mine"
        assert [one.name for one in folder.iterdir()] == [name]


def test_request_that_a_library_chokes_on_is_bad_input(office: Office, tmp_path: Path) -> None:
    """Told in a sentence, or as JSON, and nobody is asked."""
    csr = tmp_path / "odd.csr"
    csr.write_bytes(signed_by(EC, request_info(info_of(EC), version=1)))
    usual = ("cert", "issue", "--profile", "server", "--name", HOST, "--csr", csr, "--out", tmp_path / "odd.pem")
    assert "is no PKCS #10 request" in str(failed(office, *usual))
    result = run(office, *usual, "--json")
    assert isinstance(result.exception, InputError), result.output


@pytest.mark.parametrize(("key", "out"), [("x", "x"), ("x", "x.csr"), ("folder/../x", "x"), ("link/x", "x.csr")])
def test_certificate_is_not_to_lie_where_its_key_or_request_does(
    office: Office, tmp_path: Path, key: str, out: str
) -> None:
    """Nothing is asked for, and no key is made, however the path is written."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    words = ("cert", "issue", "--profile", "server", "--name", HOST)
    error = failed(office, *words, "--key-out", tmp_path / key, "--out", tmp_path / out)
    assert isinstance(error, InputError)
    assert "is to lie too" in error.what
    assert {one.name for one in tmp_path.iterdir()} == {"folder", "link"}


def test_certificate_that_is_issued_and_cannot_be_written_is_told_with_its_serial_and_id(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something came to lie there meanwhile."""
    out = tmp_path / "x.pem"
    certificate_of = cert_issue.certificate_of

    def taken(*arguments: object) -> x509.Certificate:
        out.write_text("another's")
        return certificate_of(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cert_issue, "certificate_of", taken)
    words = ("cert", "issue", "--profile", "server", "--name", HOST, "--key-out", tmp_path / "k", "--out", out)
    error = failed(office, *words)
    assert isinstance(error, InputError)
    assert re.search(r"certificate [0-9A-F]{30,} is issued, and something else is there", error.what)
    assert re.search(r"--id [0-9a-f]{32}, and with --csr .*k\.csr in place of --key-out", str(error.advice))


def test_time_beyond_a_hundred_years_is_bad_input(office: Office, tmp_path: Path) -> None:
    """Before a key is made."""
    key = tmp_path / "k.key"
    usual = ("--profile", "server", "--name", HOST, "--key-out", key, "--out", tmp_path / "k.pem")
    result = run(office, "cert", "issue", *usual, "--days", "9999999")
    assert (result.exit_code, "36600" in result.output, key.exists()) == (2, True, False)


def test_who_asks_again_with_the_id_and_the_request_gets_the_same_certificate(office: Office, tmp_path: Path) -> None:
    """As the advice says where no answer came."""
    out, key = tmp_path / "x.pem", tmp_path / "k"
    said = json.loads(issue(office, out, "--key-out", key, "--json", "--days", "5"))
    again = ("--csr", f"{key}.csr", "--id", said["message"], "--days", "5")
    issue(office, out, *again)
    issue(office, tmp_path / "y.pem", *again)
    assert (tmp_path / "y.pem").read_bytes() == out.read_bytes()


def test_no_answer_says_how_to_ask_again_and_keeps_the_key(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was issued is not known."""

    class Silent:
        def ask(self, messages: list[Message], seconds: float) -> list[Reply]:
            raise NoAnswer("no reply")

    monkeypatch.setattr(cert_issue, "courier", lambda *_, **__: Silent())
    words = ("cert", "issue", "--profile", "server", "--name", HOST)
    error = failed(office, *words, "--key-out", tmp_path / "k", "--out", tmp_path / "x")
    assert isinstance(error, NoAnswer)
    assert "--id " in (error.advice or "")
    assert f"--csr {tmp_path / 'k.csr'}" in (error.advice or "")
    assert (tmp_path / "k").exists()


@pytest.mark.parametrize("what", ["another issuer", "another key", "another name", "nothing"])
def test_forged_reply_is_not_taken_for_a_certificate(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whoever can write in the queue: what came back is held against issuer, key and names."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = clock.now()
    forged: bytes | None = {
        "another issuer": Authority(key=key).certificate.public_bytes(Encoding.DER),
        "another key": office.issue(now=now).public_bytes(Encoding.DER),
        "another name": office.issue("server", ("dns:other.example.com",), key=key, now=now).public_bytes(Encoding.DER),
    }.get(what)

    class Forger:
        def ask(self, messages: list[Message], seconds: float) -> list[Reply]:
            data = {} if forged is None else {"certificate": base64.b64encode(forged).decode()}
            return [Reply.model_validate({"id": messages[0].id, "outcome": "done", "at": now, "data": data})]

    monkeypatch.setattr(cert_issue, "courier", lambda *_, **__: Forger())
    (tmp_path / "csr").write_bytes(request_of(key))
    words = ("cert", "issue", "--profile", "server", "--name", HOST, "--csr", tmp_path / "csr")
    assert isinstance(failed(office, *words, "--out", tmp_path / "x"), Refused)
    assert not (tmp_path / "x").exists()


def test_certificate_that_is_not_answered_for_in_time_is_written_and_exits_with_4(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issued is issued; without waiting it exits with 0. The time that it may take begins with the command."""
    deadlines: list[float] = []

    def await_over(*given: Any) -> None:
        deadlines.append(given[-1])
        await_evidence(*given[:-1], deadline=0)

    monkeypatch.setattr(cert_issue, "await_evidence", await_over)
    monkeypatch.setattr(cert_issue, "unanswered", lambda *_: "no target answers for it yet")
    words, began = ("--key-out", tmp_path / "k", "--timeout", "500"), time.monotonic()
    error = failed(office, "cert", "issue", "--profile", "server", "--name", HOST, "--out", tmp_path / "x", *words)
    assert (type(error), (tmp_path / "x").exists()) == (NotPublishedYet, True)
    assert began <= deadlines[0] - 500 <= time.monotonic()
    issue(office, tmp_path / "y", "--key-out", tmp_path / "l", "--no-publish-wait")
