"""What is due although its time has not come: what was signed when something else was configured, or not possible."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from sqlalchemy import select

from revocation.clock import fixed
from revocation.messages import Verb
from signer import look as looking
from signer.handle import handle
from signer.ledger.schema import responder_certificates
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.signer.reading import bundles, crl_serials, names, newest_crl, told
from tests.whole.world import World

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
DAMAGE = {
    "entries": ("SELECT entries FROM crl_pages", "UPDATE crl_pages SET entries = ?"),
    "positions": ("SELECT positions FROM crl_pages", "UPDATE crl_pages SET positions = ?"),
}
WEEK = 'expires = "7d"\nrenewal = "84h"\n'


def configure(estate: Estate, lines: str) -> Signer:
    """The same installation with other lines in its tables."""
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace("[signer]\n", f"{lines}\n[signer]\n", 1))
    return estate.signer()


def expiries(signer: Signer) -> list[datetime]:
    """nextUpdate of each slice's newest bundle."""
    newest = {reader.manifest.part.label: reader.manifest.next_update for reader, _ in bundles(signer, "ocsp")}
    return list(newest.values())


def test_longer_windows_are_signed_before_the_shorter_ones_end(estate: Estate) -> None:
    """From 1d/12h to 7d/84h: what ends before its renewal would come is renewed at once, and nothing twice."""
    signer = estate.signer()
    estate.register(signer, range(1, 40))
    look(signer, fixed(NOW))
    signer = configure(estate, f'[public.crl]\n{WEEK}[public.ocsp]\n{WEEK}responder_certificate_expires = "20d"')
    look(signer, fixed(NOW + MINUTE))
    assert newest_crl(signer).next_update_utc == NOW + MINUTE + timedelta(days=7)
    assert min(expiries(signer)) >= NOW + timedelta(days=6), "a delegate of seven days cuts none of them short"
    for hours in range(1, 84, 6):
        report = look(signer, fixed(NOW + hours * HOUR))
        assert all("its turn was" in made or "responder certificate" in made for made in report.made)


@pytest.mark.long
def test_responses_that_an_old_delegate_cut_short_are_signed_again_by_a_new_one(estate: Estate) -> None:
    """The CA key was away; when it is back, answers are good again long before their slices' turns."""
    signer = estate.signer()
    estate.register(signer, range(1, 40))
    look(signer, fixed(NOW))
    key = estate.folder / "ca.key"
    hidden = key.rename(estate.folder / "away")
    for hours in range(6, 7 * 24, 6):
        look(estate.signer(), fixed(NOW + hours * HOUR))
    end = max(expiries(signer))
    assert end <= NOW + timedelta(days=7)
    hidden.rename(key)
    back = NOW + timedelta(days=7) - HOUR
    report = look(estate.signer(), fixed(back))
    assert min(expiries(signer)) == back + timedelta(days=1), report
    assert look(estate.signer(), fixed(back + SECOND)).made == []


_LONG = f'[public.ocsp]\n{WEEK}slices = 2\nresponder_certificate_expires = "20d"'


@pytest.mark.parametrize(
    ("configured", "lasting"),
    [
        (f'compliance = "br"\n{_LONG}', timedelta(days=7) - SECOND),
        (_LONG.replace("7d", "6d"), timedelta(days=6)),
    ],
)
def test_responses_with_longer_windows_than_allowed_now_are_signed_again(
    estate: Estate, configured: str, lasting: timedelta
) -> None:
    """Publishers refuse windows that rules forbid which are new, so nobody could fill a store with what was signed."""
    signer = configure(estate, _LONG)
    estate.register(signer, range(1, 9))
    look(signer, fixed(NOW))
    assert set(expiries(signer)) == {NOW + timedelta(days=7)}
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace(_LONG, configured))
    report = look(estate.signer(), fixed(NOW + MINUTE))
    assert sum("longer than is configured now" in made for made in report.made) == 2
    assert set(expiries(signer)) == {NOW + MINUTE + lasting}
    assert look(estate.signer(), fixed(NOW + 2 * MINUTE)).made == []


def test_responses_under_the_brs_are_signed_once_at_their_turn(tmp_path: Path) -> None:
    """Their windows are a second shorter than `expires`, and that is no reason to sign them a second before."""
    estate = Estate.build(tmp_path / "br", public=f'compliance = "br"\n{_LONG.replace("slices = 2", "slices = 1")}')
    signer = estate.signer()
    estate.register(signer, [1])
    renewal = timedelta(hours=84)
    turn = NOW + renewal - (NOW - datetime.min.replace(tzinfo=NOW.tzinfo)) % renewal
    look(signer, fixed(turn))
    assert [made for made in look(signer, fixed(turn + renewal - SECOND)).made if "ocsp slice" in made] == []
    assert "its turn was" in str(look(signer, fixed(turn + renewal)).made)


@pytest.mark.parametrize(
    ("before", "after", "form"),
    [
        ('hashes = ["sha1"]', 'hashes = ["sha256", "sha1"]', "sha1 sha256"),
        ('hashes = ["sha256", "sha1"]', 'hashes = ["sha1"]', "sha1"),
        ("one_signature = false", "one_signature = true", "sha1+sha256"),
        ("one_signature = true", "one_signature = false", "sha1 sha256"),
    ],
)
def test_hashes_and_form_that_are_configured_later_are_there_at_the_next_look(
    estate: Estate, before: str, after: str, form: str
) -> None:
    """RFC 9919 clients ask with SHA-256 from the moment that somebody wants to answer them. Nothing is signed twice."""
    estate = Estate.build(estate.folder / "before", public=f"[public.ocsp]\n{before}")
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace(before, after))
    signer = estate.signer()
    assert f"configured are {form}" in str(look(signer, fixed(NOW + SECOND)).made)
    (responses,) = [found for reader, found in bundles(signer, "ocsp") if reader.manifest.this_update > NOW]
    singles = [list(ocsp.load_der_ocsp_response(data).responses) for data in responses]
    said = {"+".join(sorted(single.hash_algorithm.name for single in response)) for response in singles}
    assert said == set(form.split())
    path.write_text(path.read_text().replace('"sha256", "sha1"', '"sha1", "sha256"'))
    assert look(estate.signer(), fixed(NOW + 2 * SECOND)).made == []


def test_revocation_dated_later_than_now_waits_for_its_time_and_then_comes_out(estate: Estate) -> None:
    """The clock was ten minutes fast and was put back: nothing is signed that the gate would have to refuse."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    fast = NOW + 70 * MINUTE
    handle(signer, estate.revoke(1, now=fast), fixed(fast))
    report = look(signer, fixed(NOW + HOUR))
    assert (report.made, report.again_at) == ([], fast)
    assert "something on it was revoked, at 2026-03-01T13:10:00Z" in str(report.problems[0])
    report = look(signer, fixed(fast))
    assert len(report.made) == 2
    assert crl_serials(signer) == [1]


def test_this_update_is_when_the_ledger_was_read_however_long_a_look_takes(estate: Estate) -> None:
    """A revocation that is recorded meanwhile is never dated later than what contains it."""
    signer = estate.signer()
    estate.register(signer, range(1, 60))
    times = iter(NOW + n * MINUTE for n in range(1000))
    look(signer, lambda: next(times))
    updates = {reader.manifest.this_update for reader, _ in bundles(signer, "ocsp")}
    assert len(updates) == 16


def test_revocation_that_comes_in_the_middle_of_a_look_ends_it(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of renewals may be under way: what was revoked goes before them in the look that follows at once."""
    signer = estate.signer()
    estate.register(signer, range(1, 60))
    genuine = looking.presign

    def revoke_meanwhile(*arguments: object) -> object:
        monkeypatch.undo()
        made = genuine(*arguments)  # type: ignore[arg-type]
        handle(signer, estate.revoke(5), fixed(NOW))
        return made

    monkeypatch.setattr(looking, "presign", revoke_meanwhile)
    report = look(signer, fixed(NOW))
    assert sum("ocsp" in made for made in report.made) == 1
    assert report.again_at == NOW
    report = look(signer, fixed(NOW + SECOND))
    assert "crl" in report.made[0]
    assert crl_serials(signer) == [5]
    assert len(report.made) == 16


def test_damaged_pages_are_made_again_from_the_facts(estate: Estate) -> None:
    """One bit on the disk costs neither a revocation nor a CRL."""
    signer = estate.signer()
    estate.register(signer, [1, 2])
    handle(signer, estate.revoke(1), fixed(NOW))
    look(signer, fixed(NOW))
    for column in DAMAGE:
        with sqlite3.connect(estate.folder / "signer/ledger.sqlite") as ledger:
            read, write = DAMAGE[column]
            (data,) = ledger.execute(read).fetchone()
            ledger.execute(write, (data[:5] + bytes((data[5] ^ 4,)) + data[6:],))
        later = NOW + (13 if column == "entries" else 26) * HOUR
        if column == "positions":
            handle(signer, estate.revoke(2, now=later), fixed(later))
        look(signer, fixed(later), hint=told(signer))
        assert newest_crl(signer).last_update_utc == later
        assert crl_serials(signer) == ([1] if column == "entries" else [1, 2])


def test_bundles_of_what_is_configured_no_longer_leave_the_exchange(estate: Estate) -> None:
    """Of slices above the new number, of CRLs and of issuers: nobody would ever supersede them."""
    signer = estate.signer()
    estate.register(signer, range(1, 60))
    look(signer, fixed(NOW))
    fewer = configure(estate, '[public.ocsp]\nslices = 4\n[public.crl]\nscopes = ["user"]')
    look(fewer, fixed(NOW + HOUR), (Verb.PRESIGN, Verb.GENERATE_CRLS))
    labels = sorted(name.split("-", 2)[2] for name in names(fewer))
    assert labels == ["crl-user.tar", *(f"ocsp-{n}.tar" for n in range(4))]


def test_bundles_of_what_is_configured_no_longer_leave_though_nothing_is_made(tmp_path: Path) -> None:
    """Or publishers would set them aside, an alarm about what is right: of a CRL that was given up, of an issuer."""
    with World(Estate.build(tmp_path / "e", public='crl = { scopes = ["user", "ca"] }')) as world:
        world.tick()
    config = world.estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('["user", "ca"]', '["user"]'))
    with World(world.estate, NOW + HOUR) as world:
        assert not look(world.signer, fixed(world.now)).made
        assert [name.split("-", 2)[2] for name in names(world.signer) if "-crl-" in name] == ["crl-user.tar"]
        assert [status.set_aside for status in world.publish()] == [[], []]
    Authority("Other CA").write(world.estate.folder / "ca.pem")
    with World(world.estate, NOW + HOUR) as world:
        look(world.signer, fixed(world.now), (Verb.PRESIGN,))
        assert names(world.signer) == []
        assert [status.set_aside for status in world.publish()] == [[], []]


def test_bundles_that_cannot_be_taken_out_are_a_problem(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is made all the same, and it is said where to look."""
    look(estate.signer(), fixed(NOW))
    signer = configure(estate, '[public.crl]\nscopes = ["user"]')
    monkeypatch.setattr(type(signer.exchange), "remove", lambda *_: (_ for _ in ()).throw(OSError(30, "read-only")))
    report = look(signer, fixed(NOW + HOUR), (Verb.GENERATE_CRLS,))
    assert "test: crl user (there is none)" in report.made
    assert ["could not be taken out: read-only" in str(problem) for problem in report.problems] == [True]


@pytest.mark.parametrize(("age", "backdated"), [(10 * MINUTE, 10 * MINUTE), (24 * HOUR, HOUR)])
def test_delegate_of_a_new_ca_does_not_begin_before_the_ca(
    tmp_path: Path, age: timedelta, backdated: timedelta
) -> None:
    """It is backdated by an hour, but nobody could have verified it before its issuer's certificate began."""
    signer = Estate.build(tmp_path / "e", authority=Authority(not_before=NOW - age, days=365)).signer()
    look(signer, fixed(NOW), (Verb.GENERATE_OCSP_KEYS,))
    with signer.ledger.read() as connection:
        (der,) = connection.execute(select(responder_certificates.c.der)).scalars()
    assert x509.load_der_x509_certificate(der).not_valid_before_utc == NOW - backdated
