"""The CA of these tests and its issuer, made once, and PKI folders of it."""

from pathlib import Path

import pytest

from revocation.issuer import Issuer
from signer.importers import easyrsa, openssl_ca
from tests.authority import Authority
from tests.signer.importers.issuing import certificate, line, write_pem
from tests.signer.importers.layout import Layout


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The CA whose PKI is imported."""
    return Authority("Importing CA")


@pytest.fixture(scope="session")
def issuer(authority: Authority) -> Issuer:
    """The issuer that it is."""
    return authority.issuer("importing")


@pytest.fixture(scope="session")
def stranger() -> Authority:
    """A CA of another name."""
    return Authority("Another CA")


@pytest.fixture(scope="session")
def impostor() -> Authority:
    """A CA of the same name with another key."""
    return Authority("Importing CA")


@pytest.fixture(params=["easyrsa", "openssl-ca"])
def layout(request: pytest.FixtureRequest, tmp_path: Path, authority: Authority, issuer: Issuer) -> Layout:
    """A folder of each kind, in which all is right."""
    path = tmp_path / "pki"
    found = (
        Layout(path, issuer, easyrsa.read, path / "certs_by_serial", path / "ca.crt")
        if request.param == "easyrsa"
        else Layout(path, issuer, openssl_ca.read, path / "newcerts", path / "cacert.pem")
    )
    write_pem(found.ca_certificate, authority.certificate)
    write_pem(found.by_serial / "0A.pem", certificate(authority, 10))
    write_pem(found.by_serial / "0B.pem", certificate(authority, 11, is_ca=True))
    found.index.write_text(line("0A") + "\n" + line("0B") + "\n")
    return found
