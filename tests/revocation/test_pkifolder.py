"""What a PKI folder holds is found under the usual names, and no key is loaded for it."""

from pathlib import Path

import pytest

from revocation.errors import InputError
from revocation.pkifolder import PKIKind, describe, find_ca_certificate, kind_of
from tests.authority import Authority

ENCRYPTED = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nnot a key at all\n-----END ENCRYPTED PRIVATE KEY-----\n"
TRADITIONAL = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nnot a key at all\n"
PLAIN = "-----BEGIN PRIVATE KEY-----\nnot a key at all\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    (tmp_path / "index.txt").touch()
    (tmp_path / "private").mkdir()
    Authority().write(tmp_path / "ca.crt")
    return tmp_path


@pytest.mark.parametrize(
    ("mark", "kind"),
    [
        ("issued", PKIKind.EASY_RSA),
        ("certs_by_serial", PKIKind.EASY_RSA),
        ("openssl-easyrsa.cnf", PKIKind.EASY_RSA),
        ("newcerts", PKIKind.OPENSSL_CA),
        ("openssl.cnf", PKIKind.OPENSSL_CA),
    ],
)
def test_kind_is_told_by_what_lies_beside_the_index(pki: Path, mark: str, kind: PKIKind) -> None:
    """Easy-RSA leaves files and folders that `openssl ca` does not."""
    (pki / mark).mkdir()
    assert kind_of(pki) == describe(pki).kind == kind


@pytest.mark.parametrize(
    ("text", "encrypted"),
    [(ENCRYPTED, True), (TRADITIONAL, True), (PLAIN, False), ("Bag Attributes\n" + ENCRYPTED, True)],
)
def test_encryption_of_a_key_is_read_off_its_header(pki: Path, text: str, encrypted: bool) -> None:
    """These are no keys: nothing tries to load them."""
    (pki / "private" / "ca.key").write_text(text)
    found = describe(pki)
    assert (found.ca_key, found.key_is_encrypted) == (pki / "private" / "ca.key", encrypted)


def test_key_may_be_kept_elsewhere(pki: Path) -> None:
    """Then commands that need it say so."""
    found = describe(pki)
    assert (found.ca_key, found.key_is_encrypted) == (None, False)


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        ("ca.crt", "private/ca.key"),
        ("cacert.pem", "private/cakey.pem"),
        ("certs/ca.cert.pem", "private/ca.key.pem"),
        ("certs/intermediate.cert.pem", "private/intermediate.key.pem"),
    ],
)
def test_usual_names_are_known(pki: Path, certificate: str, key: str) -> None:
    """Of Easy-RSA, of CA.pl, and of the guides that everybody follows."""
    (pki / "ca.crt").unlink()
    (pki / "certs").mkdir()
    Authority().write(pki / certificate)
    (pki / key).write_text(PLAIN)
    found = describe(pki)
    assert (found.ca_certificate, found.ca_key) == (pki / certificate, pki / key)


def test_folder_without_a_ca_certificate_says_where_it_looked(pki: Path) -> None:
    """An issuer is its certificate: nothing can be configured without."""
    (pki / "ca.crt").unlink()
    assert find_ca_certificate(pki) is None
    with pytest.raises(InputError, match=r"holds no CA certificate .*looked for ca\.crt, cacert\.pem") as caught:
        describe(pki)
    assert caught.value.where == str(pki)


@pytest.mark.parametrize("name", ["pki", "demoCA"])
def test_folder_above_the_pki_gets_a_hint(tmp_path: Path, name: str) -> None:
    """`PKI=easy-rsa` for `PKI=easy-rsa/pki` is the usual slip."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "index.txt").touch()
    with pytest.raises(InputError, match=f"is not a PKI folder: it has no index.txt .did you mean {tmp_path / name}"):
        describe(tmp_path)


def test_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    """And not to lack an index."""
    with pytest.raises(InputError, match="there is no such folder"):
        describe(tmp_path / "missing")


def test_other_folder_is_refused(tmp_path: Path) -> None:
    """With what a PKI folder is."""
    with pytest.raises(InputError, match="name the folder in which Easy-RSA or `openssl ca` keeps its index"):
        describe(tmp_path)


def test_unreadable_key_is_named(pki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CA key that belongs to another user: said with its path, and what to do."""
    key = pki / "private" / "ca.key"
    key.write_text(PLAIN)
    opened = Path.open

    def deny(path: Path, *args: str) -> object:
        if path == key:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(InputError, match=r"cannot be read: Permission denied .*user who owns the PKI") as caught:
        describe(pki)
    assert caught.value.where == str(key)
