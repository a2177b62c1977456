"""The end of an issuer that has several certificates: CRLs until the last has expired, and words after it."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import clock
from revocation.clock import fixed, iso
from revocation.crlspec import NEVER
from revocation.errors import Refused
from revocation.messages import Look, Outcome, Verb, compose
from signer.crls import make_crl
from signer.handle import handle
from signer.look import look
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.signer.reading import names, newest_crl, told
from tests.whole.world import World

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
REVOCAST = [sys.executable, "-P", "-m", "revocation"]


def cross_signed(authority: Authority, not_before: datetime, days: int) -> x509.Certificate:
    """A certificate for the same name and key from another CA."""
    other = Authority("Another Root")
    builder = (
        x509.CertificateBuilder()
        .subject_name(authority.certificate.subject)
        .issuer_name(other.certificate.subject)
        .public_key(authority.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + timedelta(days=days))
    )
    for extension in authority.certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(other.key, SHA256())


def certified(folder: Path, authority: Authority, *more: x509.Certificate, lines: str = "") -> Estate:
    """An installation whose issuer has these certificates too."""
    estate = Estate.build(folder, authority=authority, signer='limits = { last_crl = "never" }')
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (authority.certificate, *more))
    (folder / "ca.pem").write_bytes(pem)
    config = folder / "revocast.toml"
    config.write_text(config.read_text().replace('name = "test"\n', f'name = "test"\n{lines}\n', 1))
    return estate


def thirty_days_and_more(kind: str) -> tuple[Authority, x509.Certificate]:
    """A CA whose own certificate ends 30 days from NOW, and another one for it that ends 60 days from NOW."""
    own = Authority(not_before=NOW - DAY, days=31)
    if kind == "renewed":
        return own, Authority(key=own.key, not_before=NOW - DAY / 2, days=60).certificate
    return own, cross_signed(own, NOW - 10 * DAY, 70)


@pytest.mark.parametrize("kind", ["renewed", "cross-signed"])
def test_crls_go_on_until_the_last_certificate_has_expired(tmp_path: Path, kind: str) -> None:
    """Whichever that is: then they are refused, with when, for whom, what, and what to do; nothing is signed."""
    own, other = thirty_days_and_more(kind)
    estate = certified(tmp_path / "e", own, other)
    signer, end = estate.signer(), other.not_valid_after_utc
    assert end > own.certificate.not_valid_after_utc
    for now in (NOW, own.certificate.not_valid_after_utc + DAY, end - SECOND):
        report = look(signer, fixed(now), hint=told(signer) if names(signer) else None)
        assert (report.problems, any("crl all" in made for made in report.made)) == ([], True)
        assert newest_crl(signer).last_update_utc == now
    before = names(signer)
    assert look(signer, fixed(end), hint=Look()).problems == []  # the CRL of a second ago is in force
    (problem,) = look(signer, fixed(end + DAY), hint=Look()).problems
    assert (problem.where, problem.exit_code) == ("issuer test", 1)
    assert problem.what == f"the last of its 2 certificates expired at {iso(end)}: crl all cannot be made any more"
    assert "renew its certificate with the same key" in (problem.advice or "")
    reply = handle(signer, compose(Verb.GENERATE_CRLS, Look(), end + DAY), fixed(end + DAY))
    assert (reply.outcome, reply.detail) == (Outcome.FAILED, str(problem))
    assert names(signer) == before
    (profile,) = signer.public.profiles.values()
    with pytest.raises(Refused, match="it signs no more CRLs"):
        make_crl(signer, profile, profile.crls["all"], fixed(end))


def test_revocation_by_an_issuer_that_has_expired_is_refused_and_not_recorded(tmp_path: Path) -> None:
    """It could never be published; a second before the end it is done."""
    own, other = thirty_days_and_more("cross-signed")
    estate, end = certified(tmp_path / "e", own, other), other.not_valid_after_utc
    signer = estate.signer()
    estate.register(signer, [1, 2])
    assert handle(signer, estate.revoke(1, now=end - SECOND), fixed(end - SECOND)).outcome is Outcome.DONE
    reply = handle(signer, estate.revoke(2, now=end), fixed(end))
    assert reply.outcome is Outcome.REFUSED
    assert f"issuer test: the last of its 2 certificates expired at {iso(end)}" in reply.detail
    assert "nor was it recorded" in reply.detail
    assert "renew its certificate" in (reply.advice or "")
    assert handle(signer, estate.revoke(2, now=end - SECOND), fixed(end - SECOND)).outcome is Outcome.DONE


@pytest.mark.parametrize("last", ["expiry", "never"])
@pytest.mark.parametrize("kind", ["renewed", "cross-signed"])
def test_last_crl_reaches_the_end_of_all_certificates_and_nothing_is_wanted_after_it(
    tmp_path: Path, kind: str, last: str
) -> None:
    """A retired issuer is no trouble when its certificates have expired: the last CRL stays where it is."""
    own, other = thirty_days_and_more(kind)
    world = World(certified(tmp_path / "e", own, other, lines=f'last_crl = "{last}"'))
    world.tick()
    served = world.crl()
    assert served is not None
    assert served.next_update_utc == (NEVER if last == "never" else other.not_valid_after_utc)
    before = names(world.signer)
    for days in (31, 59, 60, 61, 400):
        world.now = NOW + days * DAY
        world.tick()
        assert look(world.signer, fixed(world.now), hint=Look()).problems == []
    assert [name for name in names(world.signer) if "-crl-" in name] == [name for name in before if "-crl-" in name]
    assert (world.root / f"crl/{world.issuer.id}/all.crl").exists()


def test_last_crl_under_the_brs_is_the_first_whose_window_reaches_the_end(tmp_path: Path) -> None:
    """Ten days at most (section 2.2.6), so they go on as before; none is missing in between, and none comes after."""
    own = Authority(not_before=NOW - DAY, days=31)
    lines = 'compliance = "br"\nlast_crl = "expiry"\ncrl = { expires = "10d", renewal = "4d" }'
    world = World(certified(tmp_path / "e", own, lines=lines))
    ends = set()
    for hours in range(0, 30 * 24, 12):
        world.now = NOW + timedelta(hours=hours)
        world.tick()
        crl = world.crl()
        assert crl is not None
        assert crl.next_update_utc is not None
        assert crl.last_update_utc <= world.now < crl.next_update_utc
        assert crl.next_update_utc - crl.last_update_utc < 10 * DAY
        ends.add(crl.next_update_utc)
    assert max(ends) == own.certificate.not_valid_after_utc
    assert len(ends) < 8
    assert look(world.signer, fixed(own.certificate.not_valid_after_utc), hint=Look()).problems == []


def test_commands_say_that_an_issuer_has_expired_and_exit_with_1(tmp_path: Path) -> None:
    """Refresh, generate-crls and revoke, each with the date and what to do."""
    own = Authority(not_before=clock.now() - 30 * DAY, days=29)
    estate = Estate.build(tmp_path / "e", authority=own)
    estate.register(estate.signer(), [1], clock.now())
    for command in (["refresh"], ["generate-crls"], ["revoke", "01", "--issuer", "test"]):
        arguments = [*REVOCAST, *command, "--config", str(tmp_path / "e/revocast.toml")]
        result = subprocess.run(arguments, capture_output=True, text=True, check=False)
        said = result.stdout + result.stderr
        assert result.returncode == 1, said
        assert f"its certificate expired at {iso(own.certificate.not_valid_after_utc)}" in said
        assert "renew its certificate with the same key" in said
