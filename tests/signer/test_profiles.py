"""What a profile asks of CRLs and responses: the rules of the BRs, last CRLs, kept entries, windows, several lists."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from revocation.clock import fixed
from revocation.crlspec import NEVER
from revocation.errors import ConfigurationError, InputError
from revocation.messages import Outcome
from revocation.status import Reason, Revocation
from signer.change import change_together
from signer.handle import handle
from signer.look import look
from tests.authority import NOW, Authority
from tests.estate import Estate, certificate
from tests.signer.reading import crl_serials, newest_crl, told
from tests.whole.world import World

HOUR, DAY, MINUTE, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('crl = { expires = "11d" }', "expires (11d) is longer than the 10d of the BRs, section 2.2.6, for subscriber"),
        ('crl = { scopes = ["ca"], expires = "366d", renewal = "180d" }', "is longer than the 365d"),
        ('crl = { expires = "10d", renewal = "8d" }', "renewal (8d) is longer than the 7d"),
        ('crl = { backdate = "5m" }', "no backdate"),
        (
            'crl = { scopes = ["ca"], lists = { held = { scope = "ca", only_some_reasons = ["certificateHold"] } } }',
            "crl held: only_some_reasons: the BRs, section 7.2.2, do not allow the reason certificateHold",
        ),
        (
            '[public.ocsp]\nexpires = "4h"\nrenewal = "1h"\nlook = "30m"',
            "ocsp: expires (4h) must be at least the 8h of the BRs, section 2.2.6, and at most the 7d of Microsoft's",
        ),
        (
            '[public.ocsp]\nexpires = "8d"\nresponder_certificate_expires = "14d"',
            "ocsp: expires (8d) must be at least the 8h",
        ),
        (
            '[public.ocsp]\nexpires = "15h"\nrenewal = "7h"\nlook = "26m"',
            (
                "renewal + look + publishing = 7h + 26m + 5m = 451m is longer than 450m: the BRs, section 2.2.6, want "
                "the next one by half of expires (15h), which is shorter than 16h"
            ),
        ),
        (
            '[public.ocsp]\nexpires = "16h"\nrenewal = "7h"\nlook = "56m"',
            (
                "7h + 56m + 5m = 481m is longer than 8h: the BRs, section 2.2.6, want the next one by 8h before "
                "the end of expires (16h), and 4d"
            ),
        ),
        (
            '[public.ocsp]\nexpires = "7d"\nrenewal = "95h"\nresponder_certificate_expires = "14d"',
            "95h + 1h + 5m = 5765m is longer than 4d",
        ),
        (
            '[public.ocsp]\nexpires = "7d"\nrenewal = "5041m"\nresponder_certificate_expires = "14d"',
            "ocsp: renewal (5041m) must be at most half of expires (7d), and at most 84h",
        ),
        (
            '[public.ocsp]\nexpires = "7d"\nrenewal = "90h"\nresponder_certificate_expires = "14d"',
            "renewal (90h) must be at most half of expires (7d), and at most 84h",
        ),
        ('[public.ocsp]\nexpires = "1d"\nrenewal = "14h"', "renewal (14h) must be at most half of expires (1d)"),
        ('[[public.issuers]]\nname = "x"\ncertificates = ["ca.pem"]\nlast_crl = "never"', "never ends"),
    ],
)
def test_profile_that_claims_the_brs_is_refused_at_start_for_what_they_forbid(
    tmp_path: Path, lines: str, said: str
) -> None:
    """With the numbers and the section."""
    estate = Estate.build(tmp_path / "e", public=f'compliance = "br"\n{lines}')
    with pytest.raises(ConfigurationError) as caught:
        estate.signer()
    assert said in str(caught.value)


def test_window_of_the_brs_counts_both_of_its_ends(tmp_path: Path) -> None:
    """Ten days from the first second to the last one: nextUpdate is a second earlier."""
    estate = Estate.build(tmp_path / "e", public='compliance = "br"\ncrl = { expires = "10d", renewal = "4d" }')
    signer = estate.signer()
    look(signer, fixed(NOW))
    crl = newest_crl(signer)
    assert (crl.last_update_utc, crl.next_update_utc) == (NOW, NOW + 10 * DAY - SECOND)


@pytest.mark.parametrize(
    "ocsp",
    [
        'expires = "8h"\nrenewal = "3h"\nlook = "55m"',
        'expires = "15h"\nrenewal = "7h"\nlook = "25m"',
        'expires = "16h"\nrenewal = "7h"\nlook = "55m"',
        'expires = "1d"\nrenewal = "12h"',
        'expires = "7d"\nrenewal = "84h"\nresponder_certificate_expires = "14d"',
    ],
)
def test_responses_of_the_brs_count_both_ends_of_their_window(tmp_path: Path, ocsp: str) -> None:
    """The shortest and the longest that they allow are signed, a second short of `expires`, and published."""
    settings = f'compliance = "br"\n[public.ocsp]\nslices = 1\n{ocsp}'
    world = World(Estate.build(tmp_path / "e", public=settings))
    world.estate.register(world.signer, [1])
    world.tick()
    (_, store) = world.statuses()
    (row,) = store.slices
    profile = next(iter(world.signer.public.profiles.values()))
    assert (row.count, row.next_update - row.this_update) == (2, profile.ocsp.expires - SECOND)
    assert store.set_aside == []


def test_issuer_of_ca_certificates_alone_may_have_longer_responses_under_the_brs(tmp_path: Path) -> None:
    """The windows of section 2.2.6 are for subscriber certificates; those of CAs are updated every twelve months."""
    lines = 'compliance = "br"\ncrl = { scopes = ["ca"] }\n[public.ocsp]\nexpires = "9d"\n'
    estate = Estate.build(tmp_path / "e", public=lines + 'renewal = "4d"\nresponder_certificate_expires = "14d"')
    (profile,) = estate.signer().public.profiles.values()
    assert profile.ocsp.expires == 9 * DAY


@pytest.mark.parametrize("reason", ["certificateHold", "cACompromise", "aACompromise"])
def test_reason_that_the_brs_forbid_is_refused(tmp_path: Path, reason: str) -> None:
    """By a message and by an import; a CA certificate needs one."""
    signer = (estate := Estate.build(tmp_path / "e", public='compliance = "br"')).signer()
    estate.register(signer, [1])
    estate.register(signer, [2], is_ca=True)
    reply = handle(signer, estate.revoke(1, reason), fixed(NOW))
    assert (reply.outcome, f"do not allow the reason {reason}" in reply.detail) == (Outcome.REFUSED, True)
    reply = handle(signer, estate.revoke(2, "unspecified"), fixed(NOW))
    assert (reply.outcome, "want a reason for a CA certificate" in reply.detail) == (Outcome.REFUSED, True)
    assert handle(signer, estate.revoke(2, "cessationOfOperation"), fixed(NOW)).outcome is Outcome.DONE
    with pytest.raises(InputError, match="do not allow"):
        estate.import_(signer, [certificate(3, revocation=Revocation(NOW - DAY, Reason.parse(reason)))])


def test_crl_with_reasons_of_before_the_brs_is_not_signed(tmp_path: Path) -> None:
    """Nobody relies on a CRL that its rules forbid; the message names the serials, and what it says to do helps."""
    estate = Estate.build(tmp_path / "e", public='crl = { scopes = ["user", "ca"] }')
    hold = Revocation(NOW - DAY, Reason.certificateHold)
    estate.import_(estate.signer(), [certificate(number, revocation=hold) for number in range(1, 23)])
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]\n", '[public]\ncompliance = "br"\n'))
    signer = estate.signer()
    report = look(signer, fixed(NOW))
    problem, of_responses = report.problems
    assert str(of_responses).startswith("OCSP of issuer test: the BRs, section 7.2.2, do not allow the reason")
    assert "CRL test/user: the BRs, section 7.2.2, do not allow the reason certificateHold: 01, 02, " in str(problem)
    assert "13, 14 and 2 more are revoked so; nothing was signed" in str(problem)
    assert [one for one in report.made if "crl" in one] == ["test: crl ca (there is none)"]
    for number in range(1, 23):
        handle(signer, estate.revoke(number, "superseded"), fixed(NOW))
    assert look(signer, fixed(NOW + SECOND)).problems == []
    assert len(crl_serials(signer, "user")) == 22


def test_backdated_crl_says_so_in_both_of_its_times(tmp_path: Path) -> None:
    """For clients whose clock is behind; it is renewed like any other, and lists what was just revoked."""
    estate = Estate.build(tmp_path / "e", public='crl = { backdate = "30m" }')
    estate.register(World(estate).signer, [1, 2])
    world = World(estate)
    world.revoke(1)
    world.tick()
    crl = newest_crl(world.signer)
    assert (crl.last_update_utc, crl.next_update_utc) == (NOW - HOUR / 2, NOW - HOUR / 2 + DAY)
    assert world.crl_serials() == {1}
    world.now += SECOND
    world.revoke(2)
    world.tick()
    assert world.crl_serials() == {1, 2}
    world.now = NOW + 11.5 * HOUR - SECOND
    world.tick()
    assert newest_crl(world.signer).last_update_utc == NOW + SECOND - HOUR / 2


def test_backdate_that_is_raised_delays_no_revocation(tmp_path: Path) -> None:
    """thisUpdate goes back as far as it may and still rises; it is as far back as configured after that time."""
    estate = Estate.build(tmp_path / "e")
    with World(estate) as world:
        estate.register(world.signer, [1, 2])
        world.tick()
    file = estate.folder / "revocast.toml"
    file.write_text(file.read_text().replace("[[public.issuers]]", 'crl = { backdate = "1h" }\n[[public.issuers]]', 1))
    with World(estate, NOW + MINUTE) as world:
        world.revoke(1)
        assert look(world.signer, fixed(world.now)).again_at is None
        world.tick()
        assert world.crl_serials() == {1}
        crl = newest_crl(world.signer)
        assert (crl.last_update_utc, crl.next_update_utc) == (NOW + SECOND, NOW + SECOND + DAY)
        world.now += SECOND
        world.revoke(2)
        world.tick()
        assert newest_crl(world.signer).last_update_utc == NOW + 2 * SECOND
        world.now = NOW + 13 * HOUR
        world.tick()
        assert newest_crl(world.signer).last_update_utc == NOW + 12 * HOUR


def test_change_is_acknowledged_at_once_where_crls_are_backdated(tmp_path: Path) -> None:
    """The CRL that shows it can be signed in the second after the last one was."""
    estate = Estate.build(tmp_path / "e", public='crl = { backdate = "1h" }')
    with World(estate) as world:
        estate.register(world.signer, [1, 2])
        world.tick()
        (told,) = change_together(world.signer, [estate.revoke(1).model_dump_json()], fixed(NOW))
        assert told[0] == NOW - HOUR + SECOND


@pytest.mark.parametrize("last", ["expiry", "never"])
def test_retired_issuer_has_one_last_crl(tmp_path: Path, last: str) -> None:
    """Published once, valid to the end of its certificates or for ever, and made again only for a fact."""
    authority = Authority(days=400)
    estate = Estate.build(tmp_path / "e", authority=authority, signer='limits = { last_crl = "never" }')
    world = World(estate)
    estate.register(world.signer, [1, 2])
    world.revoke(1)
    world.tick()
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('name = "test"\n', f'name = "test"\nlast_crl = "{last}"\n', 1))
    world.close()
    world = World(estate, NOW + HOUR)
    world.tick()
    served = world.crl()
    assert served is not None
    end = NEVER if last == "never" else world.issuer.not_after
    assert served.next_update_utc == end
    number = served.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    for days in (1, 40, 300):
        world.now = NOW + days * DAY
        world.tick()
        again = world.crl()
        assert again is not None
        assert again.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number
    world.revoke(2)
    world.tick()
    assert world.crl_serials() == {1, 2}
    newest = world.crl()
    assert newest is not None
    assert newest.next_update_utc == end
    assert world.statuses()[0].set_aside == []


def test_no_crl_is_made_when_all_certificates_of_an_issuer_have_expired(tmp_path: Path) -> None:
    """Nobody could verify it; the others of a renewed CA keep it going."""
    old = Authority(days=30)
    estate = Estate.build(tmp_path / "e", authority=old)
    signer = estate.signer()
    look(signer, fixed(NOW))
    assert look(signer, fixed(NOW + 30 * DAY)).made == []
    renewed = Authority(key=old.key, not_before=NOW + 20 * DAY, days=365)
    (estate.folder / "ca.pem").write_bytes(
        b"".join(a.certificate.public_bytes(serialization.Encoding.PEM) for a in (old, renewed))
    )
    signer = estate.signer()
    assert any("crl" in made for made in look(signer, fixed(NOW + 40 * DAY)).made)
    assert crl_serials(signer) == []


def test_entries_are_kept_for_ever_where_that_is_configured(tmp_path: Path) -> None:
    """expiredCertsOnCRL says since when: nothing that expired later was ever taken out."""
    estate = Estate.build(tmp_path / "e", public="crl = { keep_expired = true }")
    signer = estate.signer()
    estate.import_(signer, [certificate(5, not_after=NOW - HOUR, revocation=Revocation(NOW - DAY))])
    for days in range(0, 40, 5):
        look(signer, fixed(NOW + days * DAY), hint=told(signer))
    crl = newest_crl(signer)
    assert crl_serials(signer) == [5]
    (extension,) = [one for one in crl.extensions if one.oid.dotted_string == "2.5.29.60"]
    assert not extension.critical
    (profile,) = signer.public.profiles.values()
    since = f"{profile.issuer.not_before:%Y%m%d%H%M%SZ}".encode()
    assert extension.value.public_bytes() == b"\x18\x0f" + since


def test_crl_for_some_reasons_lists_those_and_the_other_one_all(tmp_path: Path) -> None:
    """Side by side; an entry whose reason changes moves from one to the other with an explanation."""
    lists = '{ urgent = { scope = "user", only_some_reasons = ["keyCompromise", "certificateHold"], renewal = "1h" } }'
    estate = Estate.build(tmp_path / "e", public=f'crl = {{ scopes = ["user", "ca"], lists = {lists} }}')
    world = World(estate)
    estate.register(world.signer, range(1, 6))
    for serial, reason in ((1, "keyCompromise"), (2, "superseded"), (3, "certificateHold"), (4, "unspecified")):
        world.revoke(serial, reason)
    world.tick()
    assert sorted(crl_serials(world.signer, "user")) == [1, 2, 3, 4]
    assert sorted(crl_serials(world.signer, "urgent")) == [1, 3]
    world.now += SECOND
    world.revoke(3, "superseded")
    world.tick()
    assert sorted(crl_serials(world.signer, "user")) == [1, 2, 3, 4]
    assert crl_serials(world.signer, "urgent") == [1]
    assert world.statuses()[0].set_aside == []
