"""Certificates by their names: `revocast cert list`, `show`, `export`, and `revoke --name`."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import clock, serials
from revocation.barename import with_type
from revocation.errors import InputError, Refused
from signer.importers.entry import ImportEntry
from tests.authority import Authority
from tests.jobs.commanding import HOST, done, failed, office_of_today
from tests.signer.issuing.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One for all of them."""
    return office_of_today(tmp_path_factory.mktemp("office"))


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
