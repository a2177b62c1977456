"""The signer's own limits: a profile or a message beyond them is refused, with the numbers."""

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import ConfigurationError, Refused
from signer.handle import handle
from tests.authority import NOW
from tests.estate import Estate


@pytest.mark.parametrize(
    ("public", "words"),
    [
        ("[public.crl]\nexpires = '11d'", r"crl.expires \(11d\) is beyond the signer's limit \(10d\)"),
        ("[public.ocsp]\nexpires = '11d'\nresponder_certificate_expires = '20d'", r"ocsp.expires \(11d\)"),
        ("[public.ocsp]\nresponder_certificate_expires = '32d'", r"responder_certificate_expires \(32d\).*\(31d\)"),
    ],
)
def test_profile_beyond_the_signers_limits_is_refused(estate: Estate, public: str, words: str) -> None:
    """Whoever writes the public profile cannot make the signer sign for longer than its own table allows."""
    with pytest.raises(ConfigurationError, match=words):
        Estate.build(estate.folder / "long", public=public).signer()


@pytest.mark.parametrize(
    ("octets", "words"),
    [(b"\1" + bytes(31), "small order: anybody can sign with it"), (b"\xff" * 32, "not encoded as it must be")],
)
def test_requester_whose_key_anybody_signs_with_is_refused_at_the_start(
    estate: Estate, octets: bytes, words: str
) -> None:
    """Also where it is one of several."""
    config = estate.folder / "revocast.toml"
    key = base64.b64encode(octets).decode()
    more = f'\n[[signer.requesters]]\nname = "all"\npublic_key = "{key}"\nverbs = ["revoke"]\n'
    config.write_text(config.read_text() + more)
    with pytest.raises(ConfigurationError, match=words):
        estate.signer()


def retired(folder: Path, last: str, lines: str = "", limits: str = "") -> Estate:
    """An installation whose issuer has a last CRL."""
    estate = Estate.build(folder, signer=limits)
    config = estate.folder / "revocast.toml"
    retired = f'name = "test"\nlast_crl = "{last}"\n{lines}\n'
    config.write_text(config.read_text().replace('name = "test"\n', retired, 1))
    return estate


@pytest.mark.parametrize(
    ("last", "allowed", "words"),
    [
        ("expiry", None, r'"expiry" ends at 20\d\d-.*Z, and is beyond the signer\'s limit \(10d\)'),
        ("never", None, r'"never" never ends, and is beyond'),
        ("never", "expiry", r'"never" never ends, and is beyond'),
    ],
)
def test_last_crl_that_no_limit_allows_is_refused(tmp_path: Path, last: str, allowed: str | None, words: str) -> None:
    """It is longer than every other: where the keys are, somebody has to have meant it."""
    limits = f'limits = {{ last_crl = "{allowed}" }}' if allowed else ""
    with pytest.raises(ConfigurationError, match=words):
        retired(tmp_path / "e", last, limits=limits).signer()


@pytest.mark.parametrize(
    ("last", "lines", "limits"),
    [
        ("expiry", "", 'limits = { last_crl = "expiry" }'),
        ("expiry", "", 'limits = { last_crl = "never" }'),
        ("never", "", 'limits = { last_crl = "never" }'),
        ("expiry", 'compliance = "br"', ""),
    ],
)
def test_last_crl_that_a_limit_allows_is_made(tmp_path: Path, last: str, lines: str, limits: str) -> None:
    """Under the BRs it is no longer than others, and needs no allowance."""
    retired(tmp_path / "e", last, lines, limits).signer()


def test_message_that_would_live_for_more_than_31_days_is_refused(estate: Estate) -> None:
    """A signed message is no bearer paper for ever."""
    signer = estate.signer()
    estate.register(signer, [1])
    message = estate.revoke(1)
    ages = message.model_copy(update={"expires_at": NOW + timedelta(days=32), "signature": None})
    with pytest.raises(Refused, match="lives for more than 31d "):
        handle(signer, estate.operator.sign(ages), fixed(NOW))


def test_issuer_that_is_not_public_is_refused(estate: Estate) -> None:
    """A key for an issuer that nobody publishes is a mistyped name."""
    config = estate.folder / "revocast.toml"
    config.write_text(
        config.read_text().replace('[[signer.issuers]]\nname = "test"', '[[signer.issuers]]\nname = "tset"')
    )
    with pytest.raises(ConfigurationError, match="'tset'"):
        estate.signer()


@pytest.mark.parametrize(
    "address",
    ["postgresql://revocast:{0}@db.example/ledger", "postgresql://db.example/ledger?user=revocast&password={0}"],
)
def test_password_of_the_ledger_in_the_configuration_is_refused_and_not_repeated(estate: Estate, address: str) -> None:
    """Secrets are named, never written there; the message says where libpq looks for them."""
    wrong = Estate.build(estate.folder / "wrong", ledger=address.format("0pen-sesame"))
    with pytest.raises(ConfigurationError, match=r"ledger: .*holds a password.*pgpass") as caught:
        wrong.signer()
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://nowhere@/ledger?host=/nonexistent", "cannot be opened.*nonexistent.*does the server run"),
        ("postgresql://db.example:port/ledger", "is no address of a database.*postgresql://USER@HOST/DATABASE"),
    ],
)
def test_database_that_cannot_be_opened_is_named_with_what_to_do(estate: Estate, address: str, words: str) -> None:
    """An operator reads which ledger, why, and what to look at."""
    with pytest.raises(ConfigurationError, match="(?s)" + words):
        Estate.build(estate.folder / "wrong", ledger=address).signer()
