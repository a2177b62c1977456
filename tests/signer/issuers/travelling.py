"""A request and its certificate on their way between the machine of a root and that of a CA below it."""

from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.signer.issuers.machine import SUB, Machine


def request(machine: Machine, *words: str) -> Path:
    """The request of the CA."""
    machine.run("issuer", "csr", "sub", "--subject", SUB, *machine.key("sub"), *words)
    return machine.folder / "issuers/sub.csr"


def sign(machine: Machine, file: Path, *words: str | Path, days: str = "365") -> Path:
    """The certificate, by the agreement that the digest is."""
    out = machine.folder / "sub.pem"
    usual = ("issuer", "sign", file, "--issued-by", "root", "--days", days, "--out", out, *words)
    machine.run(*usual, "--yes", digest_of(machine, *usual))
    return out


def digest_of(machine: Machine, *words: str | Path) -> str:
    """The digest of the order, as the refusal without a terminal names it."""
    return str(machine.refused(*words).advice).removeprefix("--yes ")


def named() -> x509.Name:
    """A subject."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sub")])
