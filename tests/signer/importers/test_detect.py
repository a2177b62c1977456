"""What a source is taken for when nobody says, and what is said when it is none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.errors import InputError
from revocation.issuer import Issuer
from signer.importers.detect import KINDS, READERS, detect, read_source
from tests.authority import Authority
from tests.signer.importers.issuing import certificate, crl, line, revoked, write_pem

CSV = "serial,not_after,status,revoked_at,reason\n0A,2027-03-01T12:00:00Z,valid,,\n"


def easyrsa(path: Path, authority: Authority) -> Path:
    write_pem(path / "ca.crt", authority.certificate)
    write_pem(path / "issued" / "a.crt", certificate(authority, 10))
    (path / "index.txt").write_text(line("0A") + "\n")
    return path


def openssl_ca(path: Path, authority: Authority) -> Path:
    write_pem(path / "cacert.pem", authority.certificate)
    write_pem(path / "newcerts" / "0A.pem", certificate(authority, 10))
    (path / "index.txt").write_text(line("0A") + "\n")
    return path


def index_itself(path: Path, authority: Authority) -> Path:
    return openssl_ca(path, authority) / "index.txt"


def table(path: Path, authority: Authority) -> Path:
    file = path / "export.txt"
    file.write_text("\ufeff" + CSV)
    return file


def folder(path: Path, authority: Authority) -> Path:
    write_pem(path / "a.crt", certificate(authority, 10))
    return path


def pem_certificate(path: Path, authority: Authority) -> Path:
    return write_pem(path / "a", certificate(authority, 10))


def der_certificate(path: Path, authority: Authority) -> Path:
    file = path / "a"
    file.write_bytes(certificate(authority, 10).public_bytes(Encoding.DER))
    return file


def pem_crl(path: Path, authority: Authority) -> Path:
    return write_pem(path / "a", crl(authority, [revoked(10)]))


def der_crl(path: Path, authority: Authority) -> Path:
    file = path / "a"
    file.write_bytes(crl(authority, [revoked(10)]).public_bytes(Encoding.DER))
    return file


@pytest.mark.parametrize(
    ("make", "kind", "description"),
    [
        (easyrsa, "easyrsa", "Easy-RSA PKI at "),
        (openssl_ca, "openssl-ca", "openssl CA at "),
        (index_itself, "openssl-ca", "openssl CA at "),
        (table, "csv", "CSV "),
        (folder, "certificates", "certificates at "),
        (pem_certificate, "certificates", "certificates at "),
        (der_certificate, "certificates", "certificates at "),
        (pem_crl, "crl", "CRL "),
        (der_crl, "crl", "CRL "),
    ],
)
def test_source_is_recognised_by_what_is_in_it(
    tmp_path: Path,
    authority: Authority,
    issuer: Issuer,
    make: Callable[[Path, Authority], Path],
    kind: str,
    description: str,
) -> None:
    """Not by its name; the description says what it was taken for, and naming the kind reads the same."""
    path = make(tmp_path, authority)
    assert detect(path) == kind
    guessed, named = read_source(path, issuer), read_source(path, issuer, kind)
    assert guessed.description.startswith(description)
    assert guessed.description == named.description
    assert [entry.serial for entry in guessed.entries] == [entry.serial for entry in named.entries] == [b"\x0a"]


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x30\x03\x02\x01\x01", b"\x00" * 100, b"a,b,c\n", b"-----BEGIN PRIVATE KEY-----\n"]
)
def test_file_that_is_none_of_them_lists_the_kinds(tmp_path: Path, issuer: Issuer, data: bytes) -> None:
    """With a line on each."""
    path = tmp_path / "something"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is none of the kinds that can be imported") as caught:
        read_source(path, issuer)
    assert caught.value.where == str(path)
    assert all(f"{kind}: {what}" in str(caught.value.advice) for kind, what in KINDS.items())


def test_folder_that_is_none_of_them_lists_the_kinds(tmp_path: Path, issuer: Issuer) -> None:
    """An empty one, or one level too high."""
    with pytest.raises(InputError, match="is none of the kinds that can be imported"):
        read_source(tmp_path, issuer)


@pytest.mark.parametrize("index", ["missing", "a folder"])
@pytest.mark.parametrize("mark", ["newcerts", "private", "certs_by_serial", "serial", "crlnumber"])
def test_pki_folder_whose_index_is_gone_is_no_folder_of_certificates(
    tmp_path: Path, issuer: Issuer, authority: Authority, mark: str, index: str
) -> None:
    """What it knew of revocations would be lost; who wants the certificates alone says so."""
    folder(tmp_path, authority)
    (tmp_path / mark).touch()
    if index == "a folder":
        (tmp_path / "index.txt").mkdir()
    words = "index.txt is missing" if index == "missing" else "index.txt is no file"
    with pytest.raises(InputError, match=f"{words} .*{mark}.*--kind certificates") as caught:
        read_source(tmp_path, issuer)
    assert caught.value.where == str(tmp_path)
    assert [entry.serial for entry in read_source(tmp_path, issuer, "certificates").entries] == [b"\x0a"]


def test_missing_path_is_named(tmp_path: Path, issuer: Issuer) -> None:
    """With the system's reason."""
    with pytest.raises(InputError, match="cannot be read: No such file") as caught:
        read_source(tmp_path / "missing", issuer)
    assert caught.value.where == str(tmp_path / "missing")


def test_unknown_kind_lists_the_kinds(tmp_path: Path, issuer: Issuer) -> None:
    """As `--help` does."""
    with pytest.raises(InputError, match=r"no importer is called 'xlsx' .*easyrsa: "):
        read_source(tmp_path, issuer, "xlsx")


def test_every_kind_is_explained() -> None:
    """A reader without a word on it would not be in the help."""
    assert READERS.keys() == KINDS.keys()
