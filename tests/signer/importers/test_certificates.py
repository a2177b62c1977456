"""A folder of certificates: every file in it that is called like one is one of this issuer's, or is named."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.errors import InputError
from revocation.issuer import Issuer
from signer.importers import certificates
from tests.authority import Authority
from tests.signer.importers.issuing import NOT_AFTER, certificate, write_pem


def test_certificates_of_every_name_and_encoding_are_read(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """.crt, .pem, .cer and .der, in any case, PEM or DER, several in a file."""
    issued = [certificate(authority, serial, is_ca=serial == 3) for serial in range(1, 6)]
    write_pem(tmp_path / "a.crt", issued[0])
    write_pem(tmp_path / "b.PEM", issued[1], issued[2])
    (tmp_path / "c.cer").write_bytes(issued[3].public_bytes(Encoding.DER))
    (tmp_path / "d.der").write_bytes(issued[4].public_bytes(Encoding.DER))
    entries = list(certificates.read(tmp_path, issuer).entries)
    assert [entry.serial for entry in entries] == [bytes([n]) for n in range(1, 6)]
    assert [entry.certificate for entry in entries] == [one.public_bytes(Encoding.DER) for one in issued]
    assert [entry.is_ca for entry in entries] == [False, False, True, False, False]
    assert {entry.not_after for entry in entries} == {NOT_AFTER}
    assert {entry.revocation for entry in entries} == {None}
    assert entries[1].place == str(tmp_path / "b.PEM")


def test_single_file_is_read_too(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """Whatever it is called."""
    file = write_pem(tmp_path / "certificates.txt", certificate(authority, 1), certificate(authority, 2))
    assert len(list(certificates.read(file, issuer).entries)) == 2


def test_other_files_and_folders_are_mentioned_as_ignored(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """So that nobody thinks that they were imported."""
    write_pem(tmp_path / "a.crt", certificate(authority, 1))
    write_pem(tmp_path / "below" / "b.crt", certificate(authority, 2))
    (tmp_path / "README").touch()
    source = certificates.read(tmp_path, issuer)
    assert source.description == f"certificates at {tmp_path} (ignored: README, below)"
    assert source.expected == len(list(source.entries)) == 1


def test_many_ignored_files_are_counted(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """The description goes into the audit log."""
    write_pem(tmp_path / "z.crt", certificate(authority, 1))
    for number in range(8):
        (tmp_path / f"{number}.txt").touch()
    description = certificates.read(tmp_path, issuer).description
    assert description.endswith("(ignored: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 3 more)")


def test_same_certificate_in_two_files_counts_once(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """A bundle beside its parts."""
    one, two = certificate(authority, 1), certificate(authority, 2)
    write_pem(tmp_path / "1.pem", one)
    write_pem(tmp_path / "all.pem", one, two)
    assert [entry.serial for entry in certificates.read(tmp_path, issuer).entries] == [b"\x01", b"\x02"]


def test_two_certificates_of_one_serial_are_named(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """With both files."""
    write_pem(tmp_path / "1.pem", certificate(authority, 1))
    write_pem(tmp_path / "2.pem", certificate(authority, 1, is_ca=True))
    with pytest.raises(InputError, match="two certificates have the serial 01") as caught:
        list(certificates.read(tmp_path, issuer).entries)
    assert caught.value.where == f"{tmp_path / '1.pem'}, {tmp_path / '2.pem'}"


@pytest.mark.parametrize(
    "content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x03"]
)
def test_file_without_a_readable_certificate_is_named(
    tmp_path: Path, authority: Authority, issuer: Issuer, content: bytes
) -> None:
    """It is not skipped: it may be the one that was revoked."""
    write_pem(tmp_path / "a.crt", certificate(authority, 1))
    (tmp_path / "b.crt").write_bytes(content)
    with pytest.raises(InputError, match="holds no readable certificate") as caught:
        list(certificates.read(tmp_path, issuer).entries)
    assert caught.value.where == str(tmp_path / "b.crt")


def test_certificate_of_another_issuer_is_named(
    tmp_path: Path, authority: Authority, stranger: Authority, issuer: Issuer
) -> None:
    """Also where it stands behind one of ours."""
    file = write_pem(tmp_path / "a.crt", certificate(authority, 1), certificate(stranger, 2))
    with pytest.raises(InputError, match="was issued by 'CN=Another CA'") as caught:
        list(certificates.read(tmp_path, issuer).entries)
    assert caught.value.where == str(file)


def test_certificate_with_a_foreign_signature_is_named(tmp_path: Path, impostor: Authority, issuer: Issuer) -> None:
    """The same issuer name, another key."""
    file = write_pem(tmp_path / "a.crt", certificate(impostor, 1))
    with pytest.raises(InputError, match="signature was not made with the key of issuer importing") as caught:
        list(certificates.read(tmp_path, issuer).entries)
    assert caught.value.where == str(file)


def test_certificate_that_was_changed_is_named(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """One octet of its subject."""
    data = certificate(authority, 1).public_bytes(Encoding.DER).replace(b"leaf 1", b"leaf 2")
    (tmp_path / "a.der").write_bytes(data)
    with pytest.raises(InputError, match="signature was not made with the key"):
        list(certificates.read(tmp_path, issuer).entries)


def test_certificate_with_a_malformed_extension_is_named(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """Whether it is a CA's cannot be told."""
    constraints = x509.UnrecognizedExtension(x509.BasicConstraints.oid, b"\x04\x00")
    file = write_pem(tmp_path / "a.crt", certificate(authority, 1, is_ca=None, extension=constraints))
    with pytest.raises(InputError, match="has a malformed extension") as caught:
        list(certificates.read(tmp_path, issuer).entries)
    assert caught.value.where == str(file)


def test_folder_without_certificates_is_refused(tmp_path: Path, issuer: Issuer) -> None:
    """An import of nothing is a mistake in the path; the message says which names are looked for."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"holds no certificates .*\.cer, \.crt, \.der, \.pem"):
        certificates.read(tmp_path, issuer)


def test_missing_folder_is_named(tmp_path: Path, issuer: Issuer) -> None:
    """With the system's reason."""
    with pytest.raises(InputError, match="cannot be read: No such file"):
        list(certificates.read(tmp_path / "missing", issuer).entries)
