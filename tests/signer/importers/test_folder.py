"""Folders of Easy-RSA and `openssl ca`: which certificates belong to the lines of an index, and what is left alone."""

import errno
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.errors import InputError
from revocation.issuer import Issuer
from signer.importers import easyrsa, openssl_ca
from tests.authority import Authority
from tests.signer.importers.issuing import certificate, line, with_serial, write_pem
from tests.signer.importers.layout import Layout


def test_certificates_of_the_folder_are_taken_along(layout: Layout, authority: Authority) -> None:
    """With what only they say: their DER, and that one is a CA's."""
    user, ca = layout.entries()
    stored = [x509.load_pem_x509_certificate((layout.by_serial / f"0{x}.pem").read_bytes()) for x in "AB"]
    assert [user.certificate, ca.certificate] == [one.public_bytes(Encoding.DER) for one in stored]
    assert [user.is_ca, ca.is_ca] == [False, True]
    assert [user.place, ca.place] == [f"{layout.index} line 1", f"{layout.index} line 2"]


def test_line_without_a_certificate_is_an_entry_too(layout: Layout) -> None:
    """The index is what counts; certificates get lost."""
    (layout.by_serial / "0A.pem").unlink()
    assert [entry.certificate is None for entry in layout.entries()] == [True, False]


def test_folder_without_any_certificates_is_read(layout: Layout) -> None:
    """An index is enough."""
    shutil.rmtree(layout.by_serial)
    layout.ca_certificate.unlink()
    assert [entry.serial for entry in layout.entries()] == [b"\x0a", b"\x0b"]


def test_certificate_without_basic_constraints_is_no_ca(layout: Layout, authority: Authority) -> None:
    """RFC 5280 section 4.2.1.9: the extension says who is."""
    write_pem(layout.by_serial / "0A.pem", certificate(authority, 10, is_ca=None))
    assert layout.entries()[0].is_ca is False


def test_der_in_place_of_pem_is_read(layout: Layout, authority: Authority) -> None:
    """Whatever the file is called."""
    (layout.by_serial / "0A.pem").unlink()
    (layout.by_serial / "0A.der").write_bytes(certificate(authority, 10).public_bytes(Encoding.DER))
    assert layout.entries()[0].certificate is not None


def test_text_before_a_certificate_is_no_harm(layout: Layout) -> None:
    """`openssl ca` writes a description above each one."""
    file = layout.by_serial / "0A.pem"
    file.write_bytes(b"Certificate:\n    Data:\n        Version: 3 (0x2)\n" + file.read_bytes())
    assert layout.entries()[0].certificate is not None


def test_chain_after_a_certificate_is_no_harm(layout: Layout, authority: Authority) -> None:
    """The first certificate of a file is the one that it is about."""
    write_pem(layout.by_serial / "0A.pem", certificate(authority, 10), authority.certificate)
    assert len(layout.entries()) == 2


def test_root_in_its_own_index_is_no_harm(layout: Layout, authority: Authority) -> None:
    """`openssl ca -selfsign` puts it there."""
    root = authority.certificate
    serial = f"{root.serial_number:X}"
    write_pem(layout.by_serial / f"{serial}.pem", root)
    expiry = f"{root.not_valid_after_utc:%y%m%d%H%M%SZ}"
    layout.index.write_text(layout.index.read_text() + line(serial, expiry=expiry) + "\n")
    assert layout.entries()[2].is_ca is True


@pytest.mark.parametrize(("name", "octets"), [("00", b"\x00"), ("-0F", b"\xf1"), ("01" * 30, b"\x01" * 30)])
def test_serial_against_the_rules_is_taken_as_it_is(
    layout: Layout, authority: Authority, name: str, octets: bytes
) -> None:
    """Zero, negative and very long ones are against RFC 5280 section 4.1.2.2, and in certificates of real PKIs."""
    stored = with_serial(authority, octets)
    (layout.by_serial / f"{name}.der").write_bytes(stored)
    layout.index.write_text(layout.index.read_text() + line(name) + "\n")
    entry = layout.entries()[2]
    assert (entry.serial, entry.certificate) == (octets, stored)


def test_certificate_under_a_name_of_its_own_is_found_by_its_serial(layout: Layout) -> None:
    """Operators rename files."""
    (layout.by_serial / "0A.pem").rename(layout.by_serial / "the-first-one.pem")
    assert layout.entries()[0].certificate is not None


def test_folder_without_an_index_is_refused(layout: Layout) -> None:
    """It is said which folder to name."""
    layout.index.unlink()
    with pytest.raises(InputError, match=r"has no index\.txt .*name the folder"):
        layout.read(layout.path, layout.issuer)


def test_easyrsa_certificates_are_found_wherever_a_command_moved_them(
    tmp_path: Path, authority: Authority, issuer: Issuer
) -> None:
    """issued/, revoked/, renewed/ and expired/ of the 3.0 to 3.2 series."""
    places = ["issued/a.crt", "revoked/certs_by_serial/02.crt", "renewed/issued/a.crt", "expired/b.crt"]
    places += ["renewed/certs_by_serial/05.crt", "certs_by_serial/06.pem"]
    for serial, place in enumerate(places, 1):
        write_pem(tmp_path / place, certificate(authority, serial))
    (tmp_path / "index.txt").write_text("".join(line(f"0{n}") + "\n" for n in range(1, len(places) + 1)))
    assert all(entry.certificate for entry in easyrsa.read(tmp_path, issuer).entries)


def test_easyrsa_certificate_in_two_places_counts_once(tmp_path: Path, authority: Authority, issuer: Issuer) -> None:
    """issued/ and certs_by_serial/ hold the same ones."""
    one = certificate(authority, 10)
    write_pem(tmp_path / "issued/somebody.crt", one)
    write_pem(tmp_path / "certs_by_serial/0A.pem", one)
    (tmp_path / "index.txt").write_text(line("0A") + "\n")
    assert [entry.serial for entry in easyrsa.read(tmp_path, issuer).entries] == [b"\x0a"]


def test_openssl_certificates_are_looked_for_in_certs_where_newcerts_is_missing(
    tmp_path: Path, authority: Authority, stranger: Authority, issuer: Issuer
) -> None:
    """And where it is there, certs/ is the operator's own, with chains and other CAs' certificates in it."""
    write_pem(tmp_path / "certs/somebody.pem", certificate(authority, 10))
    write_pem(tmp_path / "certs/ca.cert.pem", authority.certificate)
    (tmp_path / "index.txt").write_text(line("0A") + "\n")
    assert [bool(entry.certificate) for entry in openssl_ca.read(tmp_path, issuer).entries] == [True]
    (tmp_path / "newcerts").mkdir()
    write_pem(tmp_path / "certs/chain.pem", stranger.certificate)
    assert [bool(entry.certificate) for entry in openssl_ca.read(tmp_path, issuer).entries] == [False]


def test_keys_and_requests_beside_certificates_are_left_alone(layout: Layout) -> None:
    """Only what is called like a certificate is opened."""
    for name in ("somebody.key", "somebody.csr", "notes.txt"):
        (layout.by_serial / name).write_text("not a certificate")
    assert len(layout.entries()) == 2


def test_nothing_in_the_folder_is_written(layout: Layout) -> None:
    """Reading is pure."""
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in layout.path.rglob("*") if file.is_file()}
    layout.entries()
    after = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in layout.path.rglob("*") if file.is_file()}
    assert after == before


def test_entry_keeps_the_revocation_of_its_line(layout: Layout) -> None:
    """The certificate knows nothing of it."""
    layout.index.write_text(line("0A", status="R", revocation="260301120000Z,superseded") + "\n" + line("0B") + "\n")
    revoked, valid = layout.entries()
    assert revoked.revocation is not None
    assert revoked.revocation.revoked_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert revoked.certificate is not None
    assert valid.revocation is None


def test_folder_of_certificates_that_cannot_be_read_is_not_an_empty_one(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its certificates CA certificates would count as a user's: the folder is named, and nothing imported."""
    for name in ("scandir", "listdir"):
        monkeypatch.setattr(os, name, _forbidding(getattr(os, name), layout.by_serial))
    with pytest.raises(InputError, match="cannot be read: Permission denied") as caught:
        layout.entries()
    assert (caught.value.where, "as the user who owns it" in str(caught.value)) == (str(layout.by_serial), True)


@pytest.mark.parametrize("place", ["revoked", "renewed", "expired"])
@pytest.mark.parametrize("name", ["private_by_serial", "reqs_by_serial", "private", "reqs"])
def test_easyrsa_folder_of_keys_that_is_closed_is_no_harm(
    tmp_path: Path, authority: Authority, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, place: str, name: str
) -> None:
    """Keys and requests are rightly the CA's own: who imports need not look into their folders."""
    write_pem(tmp_path / place / "certs_by_serial/0A.crt", certificate(authority, 10))
    (tmp_path / "index.txt").write_text(line("0A") + "\n")
    closed = tmp_path / place / name
    closed.mkdir()
    monkeypatch.setattr(os, "scandir", _forbidding(os.scandir, closed))
    assert [bool(entry.certificate) for entry in easyrsa.read(tmp_path, issuer).entries] == [True]


@pytest.mark.parametrize("place", ["revoked/certs_by_serial", "renewed/issued", "expired", "revoked/by-name"])
def test_easyrsa_folder_of_certificates_that_is_closed_is_an_error(
    tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Whatever is not known to hold none may hold some."""
    (tmp_path / "index.txt").write_text(line("0A") + "\n")
    closed = tmp_path / place
    closed.mkdir(parents=True)
    monkeypatch.setattr(os, "scandir", _forbidding(os.scandir, closed))
    with pytest.raises(InputError, match="cannot be read: Permission denied") as caught:
        list(easyrsa.read(tmp_path, issuer).entries)
    assert caught.value.where == str(closed)


def _forbidding(real: Callable[..., object], folder: Path) -> Callable[..., object]:
    """The tests may run as root, whom no mode keeps out."""

    def forbidden(path: str | Path = ".") -> object:
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return real(path)

    return forbidden
