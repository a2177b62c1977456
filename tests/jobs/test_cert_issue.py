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
<<<<<<< HEAD
from jobs.change import await_evidence
from revocation import clock
=======
from revocation import clock, serials
from revocation.barename import with_type
from revocation.commands import root
>>>>>>> sign8
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
<<<<<<< HEAD
=======


def test_certificates_are_listed_by_name_state_and_end_page_by_page(office: Office, tmp_path: Path) -> None:
    """What is printed for the next page gives the rest."""
    now = clock.now()
    serials = [office.issue("server", (f"dns:l{n}.list.example.com",), now=now).serial_number for n in range(5)]
    found: list[str] = []
    after: tuple[str, ...] = ()
    for _ in range(3):
        page = json.loads(done(office, "cert", "list", "--name", "list.example", "--limit", "2", "--json", *after))
        found += [row["serial"] for row in page["certificates"]]
        after = ("--after", page["next"]) if page["next"] else ()
    assert sorted(found) == sorted(f"{number:X}".zfill(32) for number in serials)
    assert page["next"] is None
    one = done(office, "cert", "list", "--name", "dns:l1.list.example.com")
    assert len(one.splitlines()) == 1
    assert done(office, "cert", "list", "--name", "list.example", "--state", "expired") == "none\n"
    assert done(office, "cert", "list", "--name", "list.example", "--ends-within", "5") == "none\n"
    assert len(done(office, "cert", "list", "--name", "list.example", "--ends-within", "99").splitlines()) == 5


def test_listed_certificate_shows_for_whom_it_was_asked(office: Office) -> None:
    """An account of ACME, as its registrar says it; nothing that could look like another line."""
    office.issue("server", ("dns:account.example.com",), now=clock.now(), asked_by="account https://ca/acme/1")
    shown = done(office, "cert", "list", "--name", "account.example.com")
    assert shown.endswith("dns:account.example.com  (account https://ca/acme/1)\n")


def test_certificate_is_exported_as_it_was_issued(office: Office, tmp_path: Path) -> None:
    """PEM, DER, and with its issuer; by serial or name; nothing is written over."""
    issued = office.issue("server", ("dns:export.example.com",), now=clock.now())
    done(office, "cert", "export", "dns:EXPORT.example.com", "--out", tmp_path / "x.pem", "--with-issuer")
    assert x509.load_pem_x509_certificates((tmp_path / "x.pem").read_bytes())[0] == issued
    done(office, "cert", "export", f"{issued.serial_number:X}", "--der", "--out", tmp_path / "x.der")
    assert (tmp_path / "x.der").read_bytes() == issued.public_bytes(Encoding.DER)
    error = failed(office, "cert", "export", "dns:export.example.com", "--out", tmp_path / "x.pem")
    assert isinstance(error, InputError)
    assert isinstance(failed(office, "cert", "show", "dns:nobody.example.com"), InputError)


def test_certificate_is_revoked_by_its_name_and_that_is_published(office: Office, tmp_path: Path) -> None:
    """One; several are listed, and with --all each of them is revoked."""
    name, now = "dns:revoke.example.com", clock.now()
    first = office.issue("server", (name,), now=now)
    said = json.loads(done(office, "revoke", "--name", name, "--reason", "superseded", "--json"))
    assert (said["published"], said["data"]["serials"]) == (True, [f"{first.serial_number:X}".zfill(32)])
    for _ in range(2):
        office.issue("server", (name,), now=now)
    error = failed(office, "revoke", "--name", name)
    assert isinstance(error, Refused)
    assert "2 certificates have the name" in error.what
    done(office, "revoke", "--name", name, "--all")
    states = [
        row["state"] for row in json.loads(done(office, "cert", "list", "--name", name, "--json"))["certificates"]
    ]
    assert states == ["revoked"] * 3


def test_certificate_without_names_is_found_and_revoked_by_its_common_name(office: Office) -> None:
    """Letter for letter, whole behind `cn:`; what is shown as its names is what stands in it."""
    now = clock.now()
    for subject in ("CN=Carol", "CN=Caroline"):
        office.issue("client", (), subject=subject, now=now)
    shown = json.loads(done(office, "cert", "show", "cn:Carol", "--json"))
    assert (shown["subject"], shown["names"], shown["state"]) == ("CN=Carol", [], "good")
    assert isinstance(failed(office, "cert", "show", "cn:carol"), InputError)
    assert len(done(office, "cert", "list", "--name", "cn:Carol").splitlines()) == 1
    assert "CN=Caroline" in done(office, "cert", "list", "--name", "Caroline")
    done(office, "revoke", "--name", "cn:Carol")
    assert json.loads(done(office, "cert", "show", "cn:Carol", "--json"))["state"] == "revoked"
    assert json.loads(done(office, "cert", "show", "cn:Caroline", "--json"))["state"] == "good"


@pytest.mark.parametrize(
    ("word", "advice"),
    [("Carol Example", "is `cn:Carol Example` "), ("dns:a_b.example.com", "dns:HOST, ip:ADDRESS")],
)
def test_name_of_which_no_type_can_be_told_is_refused_with_what_it_looks_like(
    office: Office, word: str, advice: str
) -> None:
    """Where certificates are shown and where they are revoked; what is bare has a type that can be told."""
    for command in (("cert", "show", word), ("revoke", "--name", word)):
        error = failed(office, *command)
        assert isinstance(error, InputError | Refused)
        assert advice in (error.advice or "")


def test_name_alone_finds_its_issuer_and_is_refused_where_several_have_it(tmp_path: Path) -> None:
    """As `cert list` finds it: a host without its type, any case; the candidates are named with their issuers."""
    now = clock.now()
    authority = Authority(days=300, not_before=now - timedelta(days=1), crl_sign=True)
    office = Office.build(tmp_path, authority=authority, now=now)
    other = Authority("Other", days=300, not_before=now - timedelta(days=1), crl_sign=True)
    office.estate.add_issuer("other", other)
    issued = {name: office.issue("server", (f"dns:{name}.example.com",), now=now) for name in ("one", "two")}
    der = signed_elsewhere(other, "two.example.com")
    signer = office.estate.signer(now)
    entry = ImportEntry(serials.from_int(7), now + timedelta(days=30), False, None, der, "file 7")
    office.estate.import_(signer, [entry], now, issuer=signer.public.profile("other").issuer.id)
    error = failed(office, "revoke", "--name", "two.example.com")
    assert isinstance(error, Refused)
    assert "07 of other" in error.what
    assert f"{issued['two'].serial_number:X} of test" in error.what
    said = json.loads(done(office, "revoke", "--name", "ONE.example.com", "--json"))
    assert said["data"]["serials"] == [f"{issued['one'].serial_number:X}".zfill(32)]
    assert isinstance(failed(office, "revoke", "--name", "three.example.com"), Refused)
    done(office, "revoke", "--name", "two.example.com", "--issuer", "test")
    assert "07" in done(office, "revoke", "--name", "two.example.com", "--reason", "superseded", "--json")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("www.Example.com", "dns:www.example.com"),
        ("192.168.1.2", "ip:192.168.1.2"),
        ("FD00::2", "ip:fd00::2"),
        ("alice@example.com", "email:alice@example.com"),
        ("spiffe://example.com/a", "uri:spiffe://example.com/a"),
        ("dns:fe80::1", "dns:fe80::1"),
    ],
)
def test_name_without_its_type_gets_the_one_that_it_has(typed: str, name: str) -> None:
    """People type hosts and addresses; messages say what they are."""
    assert with_type(typed) == name


def signed_elsewhere(authority: Authority, host: str) -> bytes:
    """DER of a certificate that was issued elsewhere."""
    key, begin = ec.generate_private_key(ec.SECP256R1()), authority.certificate.not_valid_before_utc
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(authority.certificate.subject)
    builder = builder.public_key(key.public_key()).serial_number(7).not_valid_before(begin)
    builder = builder.not_valid_after(begin + timedelta(days=31))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True)
    return builder.sign(authority.key, authority.digest).public_bytes(Encoding.DER)


def test_ways_to_name_a_certificate_exclude_each_other(office: Office) -> None:
    """And --all is for names."""
    for words in (("revoke", "0A", "--name", HOST), ("revoke", "0A", "--all")):
        assert isinstance(failed(office, *words), InputError)
>>>>>>> sign8
