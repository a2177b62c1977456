"""The CA of these tests and its issuer, made once."""

import pytest

from revocation.issuer import Issuer
from tests.authority import Authority


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
