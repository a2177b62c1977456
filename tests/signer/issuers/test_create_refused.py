"""`revocast issuer create`: what is refused, and what is told where something cannot be written."""

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from revocation import clock, durable
from tests.signer.issuers.machine import ROOT, SUB, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One without issuers."""
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--days", "4000"), "after root, which ends at"),
        (("--days", "10", "--path-length", "1"), "allows 1 CAs below it in a chain, so this one at most 0"),
        (("--days", "10", "--path-length", "-1"), "is no number of CAs"),
        (("--days", "10", "--usage", "tls"), "is no OID"),
        (("--days", "10", "--subject", ROOT), "has the name of root"),
        (("--days", "10", "--subject", "Example"), "is no subject"),
        (("--days", "10", "--subject", "C=Estonia, CN=x"), "is no subject"),
        (("--days", "10", "--issued-by", "nobody"), "no issuer is called 'nobody'"),
    ],
)
def test_what_the_parent_does_not_allow_is_refused(machine: Machine, words: tuple[str, ...], what: str) -> None:
    """Nothing is signed, and no file is made."""
    machine.create_root("--path-length", "1")
    usual = ("--issued-by", "root", "--subject", SUB, *machine.key("sub"))
    assert what in machine.refused("issuer", "create", "sub", *usual, *words).what
    assert not machine.pem("sub").exists()
    assert machine.run("audit", "show").count("sign CA certificate") == 1


def test_ca_below_one_that_may_have_none_is_refused(machine: Machine) -> None:
    """pathLenConstraint 0 of the parent (RFC 5280 section 4.2.1.9): no client would take the chain."""
    machine.create_root("--path-length", "0")
    usual = ("--issued-by", "root", "--subject", SUB, "--days", "10", *machine.key("sub"))
    assert "pathLenConstraint 0" in machine.refused("issuer", "create", "sub", *usual).what


def test_expired_parent_certifies_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said with its end."""
    machine.create_root(days=10)
    later = clock.now() + timedelta(days=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    usual = ("--issued-by", "root", "--subject", SUB, "--days", "10", *machine.key("sub"))
    assert "has expired at" in machine.refused("issuer", "create", "sub", *usual).what


def test_weak_keys_are_refused(machine: Machine) -> None:
    """RSA below 2048 bits, curves below 256."""
    for name, key in (
        ("rsa", rsa.generate_private_key(65537, 1024)),  # noqa: S505 - that is the point
        ("three", rsa.generate_private_key(3, 2048)),
        ("curve", ec.generate_private_key(ec.SECP224R1())),
    ):
        words = ("issuer", "create", name, "--subject", ROOT, "--days", "10", *machine.key(name, made=key))
        assert "is weak" in machine.refused(*words).what


@pytest.mark.parametrize(
    ("kind", "words", "what"),
    [
        ("ed25519", ("--days", "3650"), "the BRs, section 6.1.5"),
        ("p256", ("--days", "365"), "the BRs, section 7.1.2.1.1"),
        ("p256", ("--days", "3650", "--subject", "CN=x"), "lacks C, O"),
        ("p256", ("--days", "3650", "--usage", "serverAuth"), "a root has neither"),
    ],
)
def test_what_the_brs_do_not_allow_is_refused(tmp_path: Path, kind: str, words: tuple[str, ...], what: str) -> None:
    """With the section."""
    machine = Machine(tmp_path, public='compliance = "br"')
    assert (
        what in machine.refused("issuer", "create", "root", "--subject", ROOT, *machine.key("root", kind), *words).what
    )


@pytest.mark.parametrize(
    ("subject", "what"),
    [
        (f"CN=Root, O={'x' * 65}, C=EE", "O of its subject has 65 characters"),
        (f"CN=Root, OU={'x' * 65}, C=EE", "OU of its subject has 65 characters"),
        ("CN=Root, O=Example, C=ee", "C=ee in its subject is no country"),
    ],
)
@pytest.mark.parametrize("command", ["create", "csr"])
def test_subject_beyond_the_bounds_is_refused(machine: Machine, command: str, subject: str, what: str) -> None:
    """RFC 5280 appendix A.1, for roots and for requests; what is at the bound is taken."""
    days = ("--days", "3650") if command == "create" else ()
    words = ("issuer", command, "root", "--subject", subject, *days, *machine.key("root"))
    assert what in machine.refused(*words).what
    machine.run(*words[:4], subject.replace("x" * 65, "x" * 64).replace("ee", "EE"), *words[5:])


def test_configuration_into_which_no_tables_can_be_put_is_told(machine: Machine) -> None:
    """`issuers = []` closes the list: the lines are shown for somebody to write them where they belong."""
    machine.config.write_text(machine.config.read_text().replace("[signer]", "issuers = []\n[signer]"))
    words = ("issuer", "create", "root", "--subject", ROOT, "--days", "10", *machine.key("root"))
    refused = machine.refused(*words)
    assert "by hand" in str(refused.advice)
    assert 'name = "root"' in str(refused.advice)
    assert not machine.pem("root").exists()


def test_certificate_that_cannot_be_written_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was signed and recorded, so it must not be lost with a disk that filled up meanwhile."""

    def full(path: Path, content: bytes, mode: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(durable, "write_new", full)
    words = ("issuer", "create", "root", "--subject", ROOT, "--days", "10", *machine.key("root"))
    refused = machine.refused(*words)
    assert "No space left" in refused.what
    pem = str(refused.advice).partition("\n")[2]
    assert x509.load_pem_x509_certificate(pem.encode()).subject.rfc4514_string() == "CN=Example Root,O=Example,C=EE"


def test_place_that_cannot_be_written_is_told_before_anything_is_signed(machine: Machine) -> None:
    """A file where the folder should be."""
    (machine.folder / "issuers").write_text("")
    words = ("issuer", "create", "root", "--subject", ROOT, "--days", "10", *machine.key("root"))
    assert "cannot be written" in machine.refused(*words).what
    assert "sign CA certificate" not in (machine.folder / "signer/ledger.sqlite").read_bytes().decode("latin-1")
