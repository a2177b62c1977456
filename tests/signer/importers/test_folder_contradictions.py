"""Folders of Easy-RSA and `openssl ca`: index and certificates have to agree, and to be this issuer's."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation.errors import InputError
from revocation.issuer import Issuer
from signer.importers import easyrsa
from tests.authority import Authority
from tests.signer.importers.issuing import NOT_AFTER, certificate, line, with_serial, write_pem
from tests.signer.importers.layout import Layout


def test_serial_that_is_not_der_is_named(layout: Layout, authority: Authority) -> None:
    """Octets that no minimal number has cannot be told from those of another serial."""
    file = layout.by_serial / "0A.pem"
    file.write_bytes(with_serial(authority, b"\x00\x0a"))
    with pytest.raises(InputError, match="holds no readable certificate") as caught:
        layout.entries()
    assert caught.value.where == str(file)


def test_certificate_of_another_issuer_is_named(layout: Layout, stranger: Authority) -> None:
    """With its issuer's name, and the file that it is in."""
    file = write_pem(layout.by_serial / "0A.pem", certificate(stranger, 10))
    with pytest.raises(
        InputError, match="was issued by 'CN=Another CA', which is not the subject of issuer importing"
    ) as caught:
        layout.entries()
    assert caught.value.where == str(file)


def test_certificate_with_a_foreign_signature_is_named(layout: Layout, impostor: Authority) -> None:
    """The issuer's name alone proves nothing."""
    file = write_pem(layout.by_serial / "0A.pem", certificate(impostor, 10))
    with pytest.raises(InputError, match="signature was not made with the key of issuer importing") as caught:
        layout.entries()
    assert caught.value.where == str(file)


def test_file_that_holds_no_certificate_is_named(layout: Layout) -> None:
    """A truncated one, for example."""
    file = layout.by_serial / "0A.pem"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(InputError, match="holds no readable certificate") as caught:
        layout.entries()
    assert caught.value.where == str(file)


def test_file_with_the_name_of_another_serial_is_named(layout: Layout, authority: Authority) -> None:
    """Its name and its content contradict each other."""
    file = write_pem(layout.by_serial / "0A.pem", certificate(authority, 12))
    with pytest.raises(InputError, match="is named for the serial 0A and holds 0C") as caught:
        layout.entries()
    assert caught.value.where == str(file)


def test_certificate_that_the_index_does_not_know_is_named(layout: Layout, authority: Authority) -> None:
    """The index lost a line, or the certificate is somebody else's: either way it is no time to go on."""
    file = write_pem(layout.by_serial / "0C.pem", certificate(authority, 12))
    with pytest.raises(InputError, match=f"holds the certificate 0C, which has no line in {layout.index}") as caught:
        layout.entries()
    assert caught.value.where == str(file)


def test_expiry_that_contradicts_the_certificate_is_an_error_with_both(layout: Layout, authority: Authority) -> None:
    """File, line and both dates."""
    write_pem(layout.by_serial / "0A.pem", certificate(authority, 10, not_after=NOT_AFTER + timedelta(seconds=1)))
    message = "says that 0A expires 2027-03-01T12:00:00Z, and its certificate says 2027-03-01T12:00:01Z"
    with pytest.raises(InputError, match=message) as caught:
        layout.entries()
    assert caught.value.where == f"{layout.index} line 1, {layout.by_serial / '0A.pem'}"


def test_folder_of_another_ca_is_refused_before_its_lines(layout: Layout, stranger: Authority) -> None:
    """Lines have no signature: the CA certificate beside them vouches for them."""
    write_pem(layout.ca_certificate, stranger.certificate)
    with pytest.raises(InputError, match="is not the certificate of issuer importing") as caught:
        layout.read(layout.path, layout.issuer)
    assert caught.value.where == str(layout.ca_certificate)


def test_ca_of_the_same_name_with_another_key_is_another_ca(layout: Layout, impostor: Authority) -> None:
    """An issuer is its name and its key."""
    write_pem(layout.ca_certificate, impostor.certificate)
    with pytest.raises(InputError, match="is not the certificate of issuer importing"):
        layout.read(layout.path, layout.issuer)


def test_other_certificate_of_the_same_ca_will_do(layout: Layout, authority: Authority) -> None:
    """A renewed CA certificate in the folder, or a chain behind it."""
    renewed = Authority("Importing CA", key=authority.key)
    write_pem(layout.ca_certificate, Authority("Root").certificate, renewed.certificate)
    assert len(layout.entries()) == 2


def test_easyrsa_two_certificates_of_one_serial_are_named(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """A CA that used a serial twice has a problem that an import must not hide."""
    write_pem(tmp_path / "issued/somebody.crt", certificate(authority, 10))
    write_pem(tmp_path / "certs_by_serial/0A.pem", certificate(authority, 10, is_ca=True))
    (tmp_path / "index.txt").write_text(line("0A") + "\n")
    with pytest.raises(InputError, match="two certificates have the serial 0A") as caught:
        list(easyrsa.read(tmp_path, issuer).entries)
    assert str(tmp_path / "issued/somebody.crt") in str(caught.value.where)
    assert str(tmp_path / "certs_by_serial/0A.pem") in str(caught.value.where)
