"""What is made when, and what never."""

from collections import Counter
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from revocation.clock import Clock, fixed
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.messages import Look, Verb
from revocation.status import Reason, Revocation
from signer import look as looking
from signer.handle import handle
from signer.ledger.issued import Issued
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate, certificate
from tests.signer.reading import behind, bundles, crl_serials, names, newest_crl, statuses, told

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def test_first_look_makes_responder_crl_and_responses(estate: Estate) -> None:
    """From nothing to everything in one look: an empty CRL, and a response per certificate and hash."""
    signer = estate.signer()
    estate.register(signer, [1, 2, 3])
    report = look(signer, fixed(NOW))
    assert report.problems == []
    assert crl_serials(signer) == []
    assert statuses(signer) == {(n, h): "GOOD" for n in (1, 2, 3) for h in ("sha1", "sha256")}


def test_look_with_nothing_due_writes_nothing(estate: Estate) -> None:
    """A second look, asked for a hundred times by whoever, changes neither ledger nor exchange."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    before = (names(signer), (estate.folder / "signer/ledger.sqlite-wal").read_bytes())
    for _ in range(100):
        assert look(signer, fixed(NOW + HOUR), (Verb.GENERATE_CRLS, Verb.GENERATE_OCSP_KEYS)).made == []
    assert (names(signer), (estate.folder / "signer/ledger.sqlite-wal").read_bytes()) == before


def test_crl_is_renewed_after_its_renewal_interval_and_not_before(estate: Estate) -> None:
    """Twelve hours after thisUpdate a CRL is due, a second earlier it is not."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    assert look(signer, fixed(NOW + 12 * HOUR - SECOND), [Verb.GENERATE_CRLS]).made == []
    assert len(look(signer, fixed(NOW + 12 * HOUR), [Verb.GENERATE_CRLS]).made) == 1
    assert newest_crl(signer).last_update_utc == NOW + 12 * HOUR


def test_revocation_leads_at_once_to_a_crl_and_to_responses_for_that_certificate_alone(estate: Estate) -> None:
    """The next look after a revocation makes a CRL with it and a partial bundle, whatever the time of day."""
    signer = estate.signer()
    estate.register(signer, range(1, 20))
    look(signer, fixed(NOW))
    handle(signer, estate.revoke(7, now=NOW + SECOND), fixed(NOW + SECOND))
    look(signer, fixed(NOW + SECOND))
    assert crl_serials(signer) == [7]
    *_, (reader, responses) = bundles(signer, "ocsp")
    assert not reader.manifest.complete
    assert len(responses) == 2
    assert {serial for (serial, _), status in statuses(signer).items() if status == "REVOKED"} == {7}


def test_second_crl_within_a_second_waits_for_the_next(estate: Estate) -> None:
    """thisUpdate rises by whole seconds: what is due again at once is made one second later, and the look says so."""
    signer = estate.signer()
    estate.register(signer, [1, 2])
    look(signer, fixed(NOW))
    handle(signer, estate.revoke(1), fixed(NOW))
    report = look(signer, fixed(NOW))
    assert (report.made, report.again_at) == ([], NOW + SECOND)
    assert len(look(signer, fixed(NOW + SECOND)).made) == 2
    assert newest_crl(signer).last_update_utc == NOW + SECOND


def test_publishers_are_told_of_a_crl_before_the_responses_behind_it_are_signed(estate: Estate) -> None:
    """A million renewals hold up no revocation: what is in the exchange is told of, thing by thing."""
    signer = estate.signer()
    estate.register(signer, range(1, 10))
    lay: list[list[str]] = []
    report = look(signer, fixed(NOW), tell=lambda: lay.append([name.split("-")[2] for name in names(signer)]))
    assert len(lay) == len(report.made)
    assert lay[:3] == [[], ["crl"], ["crl", "ocsp"]]


def test_crl_that_waits_for_the_next_second_does_not_wait_for_the_responses_behind_it(estate: Estate) -> None:
    """The second comes while a slice is signed whole: the CRL is made in between, before that slice and all others."""
    signer = estate.signer()
    estate.register(signer, range(1, 100))
    look(signer, fixed(NOW - SECOND))
    for serial in range(1, 100):
        handle(signer, estate.revoke(serial), fixed(NOW))
        if serial == 1:
            look(signer, fixed(NOW), (Verb.GENERATE_CRLS,))
    readings = count()
    made = look(signer, lambda: NOW + next(readings) // 8 * SECOND).made
    crl, whole = (next(n for n, what in enumerate(made) if words in what) for words in ("crl all", "its turn was"))
    assert crl < whole


@pytest.mark.parametrize(
    ("public", "crls"),
    [
        ("", 1),
        ('crl = { scopes = ["user"], shards = 3, assign = "serial" }', 3),
        ('crl = { delta = "4h", renewal = "6h" }', 2),
    ],
    ids=["one", "shards", "delta"],
)
def test_revocations_that_keep_coming_hold_up_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public: str, crls: int
) -> None:
    """One is recorded whenever a CRL is made: each CRL and each slice has its turn all the same, renewals too."""
    estate = Estate.build(tmp_path / "e", public=f"{public}\n[public.ocsp]\nslices = 4\n")
    signer = estate.signer()
    estate.register(signer, range(1, 300))
    look(signer, fixed(NOW - 13 * HOUR))
    coming = iter(range(1, 300))
    making = looking.make_crl

    def made_too_late(
        signer: Signer, profile: IssuerProfile, spec: CRLSpec, clock: Clock, *, for_revocation: bool
    ) -> Issued:
        row = making(signer, profile, spec, clock, for_revocation=for_revocation)
        for serial in (next(coming), next(coming), next(coming)):
            handle(signer, estate.revoke(serial, now=clock()), clock)
        return row

    monkeypatch.setattr(looking, "make_crl", made_too_late)
    made = Counter[str]()
    for second in range(30):
        for line in look(signer, fixed(NOW + second * SECOND), hint=told(signer)).made:
            made["renewal" if "turn was" in line else line.partition(": ")[2].partition(" (")[0]] += 1
    slices = [count for what, count in made.items() if what.startswith("ocsp")]
    lists = [count for what, count in made.items() if what.startswith("crl")]
    assert len(slices) == made["renewal"] == 4
    assert len(lists) == crls
    assert min(slices) >= 3
    assert min(lists) >= 8


def test_clock_set_back_by_an_hour_signs_nothing_and_says_so(estate: Estate) -> None:
    """A CRL that is due cannot be dated before the last one: it is a problem with advice, not a silent wait."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    handle(signer, estate.revoke(1, now=NOW - HOUR), fixed(NOW - HOUR))
    before = names(signer)
    report = look(signer, fixed(NOW - HOUR))
    assert (report.made, names(signer)) == ([], before)
    assert "at 2026-03-01T12:00:01Z; the clock says 2026-03-01T11:00:00Z (set the clock right;" in str(
        report.problems[0]
    )


@pytest.mark.parametrize(("minutes", "told"), [(5, False), (6, True)])
def test_clock_before_what_was_signed_is_told_though_nothing_is_due(estate: Estate, minutes: int, told: bool) -> None:
    """By more than clocks may be apart; the next revocation would have to wait until it has caught up."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    report = look(signer, fixed(NOW - timedelta(minutes=minutes)))
    assert report.made == []
    said = (
        f"crl all has the thisUpdate 2026-03-01T12:00:00Z; the clock says 2026-03-01T11:{60 - minutes}:00Z, {minutes}m"
    )
    assert [said in str(problem) for problem in report.problems] == [True] * told
    assert all("discard --issuer test" in (problem.advice or "") for problem in report.problems)


def test_forged_hint_that_all_is_published_hides_nothing(estate: Estate) -> None:
    """Who writes to the queue cannot talk the signer out of what its own ledger makes due."""
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    handle(signer, estate.revoke(1, now=NOW + SECOND), fixed(NOW + SECOND))
    forged = Look(crls=(behind(signer, revision=10**6),))
    assert len(look(signer, fixed(NOW + SECOND), [Verb.GENERATE_CRLS], forged).made) == 1


def test_entry_of_a_certificate_that_expired_before_its_first_crl_appears_once(estate: Estate) -> None:
    """RFC 5280 section 3.3: revoked and expired between two CRLs, it is on the next one and gone from the one after."""
    signer = estate.signer()
    entry = certificate(5, not_after=NOW - HOUR, revocation=Revocation(NOW - 2 * HOUR, Reason.superseded))
    estate.import_(signer, [entry])
    look(signer, fixed(NOW))
    assert crl_serials(signer) == [5]
    for hours in (12, 24, 36, 48):
        look(signer, fixed(NOW + hours * HOUR), hint=told(signer))
    assert crl_serials(signer) == []


def test_entry_stays_as_long_as_no_crl_was_ever_seen_published(estate: Estate) -> None:
    """That one was signed says nothing of what relying parties saw."""
    signer = estate.signer()
    estate.import_(signer, [certificate(5, not_after=NOW - HOUR, revocation=Revocation(NOW - 2 * HOUR))])
    for days in range(5):
        look(signer, fixed(NOW + days * 24 * HOUR))
    assert crl_serials(signer) == [5]


def test_entry_stays_as_long_as_no_crl_past_expiry_was_published(estate: Estate) -> None:
    """Publishers were down for days: CRLs that nobody saw have shown nothing; it leaves when one was published."""
    signer = estate.signer()
    entry = certificate(5, not_after=NOW + 3 * HOUR, revocation=Revocation(NOW + HOUR))
    look(signer, fixed(NOW))
    seen = told(signer)
    estate.import_(signer, [entry], NOW + HOUR)
    for hours in range(1, 100, 12):
        look(signer, fixed(NOW + hours * HOUR), hint=seen)
        assert crl_serials(signer) == [5]
    look(estate.signer(), fixed(NOW + 110 * HOUR), hint=told(signer))
    assert crl_serials(signer) == [], "a new process is told, and the CRLs of four days have shown it"


def test_entry_stays_on_every_crl_of_a_whole_crl_life_past_expiry(estate: Estate) -> None:
    """RFC 5280 asks for one scheduled CRL past expiry; kept for the life of a CRL, one of them was published."""
    signer = estate.signer()
    entry = certificate(5, not_after=NOW + 13 * HOUR, revocation=Revocation(NOW - HOUR))
    estate.import_(signer, [entry])
    found = []
    for turn in range(6):
        look(signer, fixed(NOW + turn * 12 * HOUR), hint=told(signer))
        found.append(crl_serials(signer))
    assert found == [[5], [5], [5], [5], [5], []]


def test_certificate_revoked_after_it_expired_is_on_the_crls_of_one_more_life(estate: Estate) -> None:
    """What the operator is told: CRLs past the expiry were made already, and the next ones still list it."""
    signer = estate.signer()
    estate.register(signer, [5], not_after=NOW + HOUR)
    for days in (0, 3):
        look(signer, fixed(NOW + days * 24 * HOUR), hint=told(signer))
    handle(signer, estate.revoke(5, now=NOW + 73 * HOUR), fixed(NOW + 73 * HOUR))
    found = []
    for hours in (73, 85, 97, 109, 121):
        look(signer, fixed(NOW + hours * HOUR), hint=told(signer))
        found.append(crl_serials(signer))
    assert found == [[5], [5], [5], [5], []]


def test_slices_are_renewed_each_at_its_own_time_and_none_late(estate: Estate) -> None:
    """After the first signing the slices spread over the renewal period, and none is older than it."""
    signer = estate.signer()
    estate.register(signer, range(1, 200))
    look(signer, fixed(NOW))
    made = []
    for minutes in range(0, 24 * 60, 10):
        made.append(len(look(signer, fixed(NOW + timedelta(minutes=minutes)), [Verb.PRESIGN]).made))
        for reader, _ in bundles(signer, "ocsp"):
            assert NOW + timedelta(minutes=minutes) - reader.manifest.this_update <= 12 * HOUR + timedelta(minutes=10)
    assert max(made) == 1
    assert sum(made) == 2 * 16 - 1  # it was the turn of slice 0 when all were signed


def test_expired_certificate_leaves_its_slice(estate: Estate) -> None:
    """OCSP does not speak of an expired certificate: the next signing of its slice leaves it out."""
    signer = estate.signer()
    estate.register(signer, [1], not_after=NOW + HOUR)
    look(signer, fixed(NOW))
    look(signer, fixed(NOW + 12 * HOUR))
    *_, (reader, responses) = bundles(signer, "ocsp")
    assert (reader.manifest.complete, responses) == (True, [])


def test_crls_of_user_and_ca_scope_part_the_certificates(estate: Estate) -> None:
    """A revoked CA certificate is on the `ca` CRL, a revoked leaf on the `user` CRL, each with its critical IDP."""
    split = Estate.build(estate.folder / "split", public='crl = { scopes = ["user", "ca"] }')
    signer = split.signer()
    revoked = Revocation(NOW - HOUR, Reason.cACompromise)
    split.import_(signer, [certificate(1, revocation=revoked), certificate(2, is_ca=True, revocation=revoked)])
    look(signer, fixed(NOW))
    assert (crl_serials(signer, "user"), crl_serials(signer, "ca")) == ([1], [2])


def test_change_of_the_number_of_slices_signs_all_anew_and_loses_none(estate: Estate) -> None:
    """Slices of another number hold other certificates: every one is due, and each certificate is in one of them."""
    signer = estate.signer()
    estate.register(signer, range(1, 60))
    look(signer, fixed(NOW))
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]", "[public.ocsp]\nslices = 5\n[public]"))
    fewer = estate.signer()
    report = look(fewer, fixed(NOW + HOUR))
    assert sum("there are 5" in line for line in report.made) == 5
    newest = [r for r in bundles(fewer, "ocsp") if r[0].manifest.this_update == NOW + HOUR]
    assert sum(len(responses) for _, responses in newest) == 2 * 59


def test_expired_issuer_signs_nothing_and_is_no_problem(estate: Estate) -> None:
    """Its time is over; the others go on, and nobody is woken every hour."""
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    report = look(signer, fixed(profile.issuer.not_after))
    assert (report.made, report.problems) == ([], [])


def test_slice_with_many_partial_bundles_is_signed_whole(estate: Estate) -> None:
    """After a burst, nobody has to read hundreds of small bundles: 32 at most follow a complete one."""
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]", "[public.ocsp]\nslices = 1\n[public]"))
    signer = estate.signer()
    estate.register(signer, range(1, 50))
    look(signer, fixed(NOW))
    for number in range(1, 50):
        moment = NOW + number * SECOND
        handle(signer, estate.revoke(number, now=moment), fixed(moment))
        look(signer, fixed(moment))
    assert len([name for name in names(signer) if "ocsp" in name]) <= 33
    assert set(statuses(signer).values()) == {"REVOKED"}


def test_problem_of_every_slice_is_told_once(estate: Estate) -> None:
    """Without a key nothing of sixteen slices can be signed, for one reason."""
    signer = estate.signer()
    estate.register(signer, range(1, 60))
    (estate.folder / "ca.key").unlink()
    problems = [str(problem) for problem in look(estate.signer(), fixed(NOW), [Verb.PRESIGN]).problems]
    assert len(problems) == 1
    assert problems[0].startswith("issuer test: has no OCSP responder that can sign now (")
