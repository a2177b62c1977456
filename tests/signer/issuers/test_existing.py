"""`revocast issuer import`: a CA of before becomes an issuer, with the certificate, key and record that it has."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from revocation import clock
from revocation.errors import ConfigurationError
from tests.authority import Authority
from tests.signer.issuers.machine import Machine

WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what is warned of


@pytest.fixture
def empty(tmp_path: Path) -> Machine:
    """A machine without issuers."""
    return Machine(tmp_path / "machine")


@pytest.fixture
def old(tmp_path: Path) -> Authority:
    """A CA of before."""
    authority = Authority("Old CA", not_before=clock.now() - timedelta(days=9))
    authority.write(tmp_path / "old.pem")
    return authority


def words(machine: Machine, *more: str) -> tuple[str, ...]:
    """The command that imports it."""
    return "issuer", "import", "old", "--certificate", str(machine.folder.parent / "old.pem"), *more


def test_existing_ca_signs_with_its_key_afterwards(empty: Machine, old: Authority) -> None:
    """The tables are put there, the certificate is copied, the key stays, and it is said what comes next."""
    told = empty.run(*words(empty, *empty.key("old", made=old.key), "--append"))
    assert "signed by itself" in told
    assert "next: revocast import WHAT --issuer old" in told
    signer = empty.signer
    signer.keyring.require_signing(signer.public.profile("old").issuer)
    assert empty.certificate("old") == old.certificate
    assert 'key = "file:old.key"' in empty.config.read_text()
    assert "install CA certificate" in empty.run("audit", "show")


def without_cert_sign() -> Authority:
    """A CA whose certificate lets it sign CRLs alone."""
    authority = Authority("Old CA", not_before=clock.now() - timedelta(days=9))
    name, key = authority.certificate.subject, authority.key
    usage = x509.KeyUsage(*[False] * 6, crl_sign=True, encipher_only=False, decipher_only=False)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(5).not_valid_before(authority.certificate.not_valid_before_utc)
    builder = builder.not_valid_after(authority.certificate.not_valid_after_utc)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    authority.certificate = builder.add_extension(usage, critical=True).sign(key, SHA256())
    return authority


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Authority("Old CA", key=WEAK, not_before=clock.now() - timedelta(days=9)), "RSA of 1024 bits is weak"),
        (without_cert_sign, "lacks keyCertSign"),
    ],
    ids=["RSA of 1024 bits", "without keyCertSign"],
)
def test_existing_ca_that_may_certify_nothing_is_told_so_and_publishes_status(
    empty: Machine, made: Callable[[], Authority], said: str
) -> None:
    """It is imported with a warning; with issuance configured the signer does not start."""
    authority = made()
    authority.write(empty.folder.parent / "old.pem")
    told = empty.run(*words(empty, *empty.key("old", made=authority.key), "--append"))
    assert "warning: old can publish status, and may certify nothing here" in told
    assert said in told
    assert empty.signer.public.profile("old")
    with empty.config.open("a") as config:
        config.write('[signer.issuers.issuance.names]\ndns = ["*"]\n[signer.issuers.issuance.profiles.server]\n')
    with pytest.raises(ConfigurationError, match=f"may certify nothing: .*{said}"):
        _ = empty.signer


def test_existing_ca_is_imported_without_its_key(empty: Machine, old: Authority) -> None:
    """For who publishes what is signed elsewhere; JSON says which issuer it is."""
    told = json.loads(empty.run(*words(empty, "--append", "--json")))
    assert told["id"] == old.issuer().id
    assert "[[signer.issuers]]" not in empty.config.read_text()


@pytest.mark.usefixtures("old")
def test_key_of_another_ca_imports_nothing(empty: Machine) -> None:
    """Its signature as a trial is fine, and the certificate is not its."""
    another = empty.key("old", made=ec.generate_private_key(ec.SECP256R1()))
    assert "its key is not that of" in empty.refused(*words(empty, *another, "--append")).what
    assert not empty.pem("old").exists()
    assert "[[public.issuers]]" not in empty.config.read_text()


def test_issuer_that_is_there_under_another_name_is_not_imported_again(empty: Machine, old: Authority) -> None:
    """It would have two CRLs at two places."""
    empty.run(*words(empty, *empty.key("old", made=old.key), "--append"))
    again = ("issuer", "import", "new", "--certificate", str(empty.pem("old")), "--append")
    assert "has subject and key of old" in empty.refused(*again).what


@pytest.mark.parametrize(("is_ca", "what"), [(False, "is not a CA's"), (None, "has no basicConstraints")])
def test_certificate_that_is_no_cas_is_not_imported(empty: Machine, is_ca: bool | None, what: str) -> None:
    """One that says so, and one that does not say that it is."""
    Authority(not_before=clock.now(), is_ca=is_ca).write(empty.folder.parent / "old.pem")
    assert what in empty.refused(*words(empty, "--append")).what
    assert not empty.pem("old").exists()


def test_record_of_an_imported_ca_is_taken_over_next(empty: Machine, old: Authority) -> None:
    """`revocast import` finds the issuer by its new name, and what it revoked stays revoked."""
    empty.run(*words(empty, *empty.key("old", made=old.key), "--append"))
    record = empty.folder / "list.csv"
    record.write_text(
        "serial,not_after,status,revoked_at,reason\n0A,2031-01-01T00:00:00Z,revoked,2026-01-01T00:00:00Z,keyCompromise\n"
    )
    assert "1 newly revoked" in empty.run("import", record, "--issuer", "old")
