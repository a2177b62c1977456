"""Certificates that come from elsewhere are found by their names, like those that were issued here."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import serials
from revocation.clock import fixed
from revocation.messages import Outcome, Reply, Revoke, Verb
from signer.change import change_together
from signer.importers.entry import ImportEntry
from signer.importers.names import names_in
from signer.ledger import ledger
from signer.ledger.certificate_pages import Wanted, page
from tests.authority import NOW
from tests.estate import certificate as line
from tests.signer.issuing.office import Office

NAME = "dns:www.example.com"
END = NOW + timedelta(days=30)


def leaf(office: Office, serial: int, *names: x509.GeneralName) -> bytes:
    """DER of a certificate in the issuer's name; who imports it has looked at its signature."""
    profile = office.signer.public.profile("test")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(profile.issuer.certificates[0].subject)
    builder = builder.public_key(key.public_key()).serial_number(serial).not_valid_before(NOW).not_valid_after(END)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def entry(serial: int, der: bytes | None) -> ImportEntry:
    return ImportEntry(serials.from_int(serial), END, False, None, der, f"file {serial}")


def revoke(office: Office, name: str, *, all_: bool = False) -> Reply:
    message = office.estate.ask(Verb.REVOKE, Revoke(issuer="test", name=name, all=all_, reason="superseded"))
    ((_, reply),) = change_together(office.signer, [message.model_dump_json()], fixed(NOW))
    return reply


def listed(office: Office, name: str) -> list[int]:
    """The serials that `cert list --name` has."""
    issuer = office.signer.public.profile("test").issuer.id
    with office.signer.ledger.read() as connection:
        return [serials.to_int(one.serial) for one in page(connection, Wanted([issuer], name=name), NOW, 10)]


def test_imported_certificate_is_revoked_by_its_name(office: Office) -> None:
    """One alone, or with those that were issued here all of them."""
    office.estate.import_(office.signer, [entry(7, leaf(office, 7, x509.DNSName("WWW.example.com")))])
    assert listed(office, NAME) == listed(office, "www.ex") == [7]
    office.issue()
    assert "2 certificates have the name" in revoke(office, NAME).detail
    assert revoke(office, NAME, all_=True).outcome is Outcome.DONE
    assert revoke(office, NAME).outcome is Outcome.REFUSED


def test_serial_alone_is_not_found_by_a_name_until_the_certificate_is_learned(office: Office) -> None:
    """A line of a list or of a CRL does not say for whom it is; the file does, whenever it comes."""
    office.estate.import_(office.signer, [line(7, not_after=END)])
    assert listed(office, NAME) == []
    assert "where the ledger has the certificate itself" in (revoke(office, NAME).advice or "")
    for _ in range(2):
        office.estate.import_(office.signer, [entry(7, leaf(office, 7, x509.DNSName("www.example.com")))])
    assert listed(office, NAME) == [7]


def test_certificate_that_was_issued_here_and_imported_has_its_names_once(office: Office) -> None:
    """As after a ledger came back from a copy: what is signed is learned again."""
    issued = office.issue()
    with office.signer.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE certificates SET der = NULL")
    found = entry(issued.serial_number, issued.public_bytes(Encoding.DER))
    office.estate.import_(office.signer, [found])
    assert listed(office, NAME) == [issued.serial_number]


def test_names_that_nobody_can_ask_for_are_left_out(office: Office) -> None:
    """Of other types, malformed, or twice; and what is no certificate has none."""
    names = [
        x509.DNSName("a_b.example.com"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.DNSName("b.example.com"),
        x509.DNSName("B.example.com"),
        x509.RFC822Name("Alice@Example.com"),
    ]
    assert names_in(leaf(office, 7, *names)) == ["dns:b.example.com", "email:Alice@example.com"]
    assert names_in(leaf(office, 7)) == names_in(b"no certificate") == []


def test_ledger_of_before_has_the_names_after_its_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0012: of each certificate that it has itself, page by page."""
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "HEAD", "0011")
        patch.setattr("tests.estate.put_ledger", lambda _: None)
        patch.setattr("signer.ledger.names.names_in", lambda _: [])  # as the version of before did
        office = Office.build(tmp_path)
        found = [entry(number, leaf(office, number, x509.DNSName(f"h{number}.example.com"))) for number in range(1, 4)]
        office.estate.import_(office.signer, [*found, line(9, not_after=END)])
        office.issue()
    office.signer.ledger.close()
    office.signer = office.estate.signer(NOW)
    assert [listed(office, f"dns:h{number}.example.com") for number in range(1, 4)] == [[1], [2], [3]]
    assert len(listed(office, NAME)) == 1
