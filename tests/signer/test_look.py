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


@pytest.mark.long
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


def test_crls_of_user_and_ca_scope_part_the_certificates(estate: Estate) -> None:
    """A revoked CA certificate is on the `ca` CRL, a revoked leaf on the `user` CRL, each with its critical IDP."""
    split = Estate.build(estate.folder / "split", public='crl = { scopes = ["user", "ca"] }')
    signer = split.signer()
    revoked = Revocation(NOW - HOUR, Reason.cACompromise)
    split.import_(signer, [certificate(1, revocation=revoked), certificate(2, is_ca=True, revocation=revoked)])
    look(signer, fixed(NOW))
    assert (crl_serials(signer, "user"), crl_serials(signer, "ca")) == ([1], [2])


def test_expired_issuer_signs_nothing_and_is_no_problem(estate: Estate) -> None:
    """Its time is over; the others go on, and nobody is woken every hour."""
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    report = look(signer, fixed(profile.issuer.not_after))
    assert (report.made, report.problems) == ([], [])
