"""Reasons under the BRs: what no CRL could say is refused when it comes, and a reason that was lacking can be given."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import InputError
from revocation.messages import Outcome, Raise, Verb
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.importers.entry import ImportEntry
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate, certificate
from tests.signer.reading import crl_serials, newest_crl
from tests.whole.world import World

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
UNSPECIFIED = Revocation(NOW - HOUR, Reason.unspecified)
SUPERSEDED = Revocation(NOW - HOUR, Reason.superseded)


@pytest.fixture(params=['["all"]', '["user", "ca"]'])
def estate(tmp_path: Path, request: pytest.FixtureRequest) -> Estate:
    """An installation under the BRs, with one CRL or two."""
    return Estate.build(tmp_path / "e", public=f'compliance = "br"\ncrl = {{ scopes = {request.param} }}')


def itself(number: int, revocation: Revocation | None = None) -> ImportEntry:
    """The certificate of a CA, as a folder has it."""
    return replace(certificate(number, is_ca=True, revocation=revocation), certificate=b"the DER of it")


def raised(estate: Estate, signer: Signer, reason: str, revoked_at: datetime | None = None) -> str:
    """What is said to an operator who gives serial 3 that reason; empty when it is done."""
    message = estate.ask(Verb.RAISE, Raise(issuer="test", serial="03", reason=reason, revoked_at=revoked_at))
    reply = handle(signer, message, fixed(NOW))
    return "" if reply.outcome is Outcome.DONE else reply.detail


def listed(signer: Signer) -> list[int]:
    """Whatever is on any CRL."""
    (profile,) = signer.public.profiles.values()
    return sorted(serial for label in profile.crls for serial in crl_serials(signer, label))


def reason(signer: Signer, label: str) -> tuple[datetime, str]:
    """Date and reason of serial 3 on the newest CRL of that label."""
    entry = newest_crl(signer, label).get_revoked_certificate_by_serial_number(3)
    assert entry is not None
    return entry.revocation_date_utc, entry.extensions[0].value.reason.value


def test_certificate_that_turns_out_to_be_a_cas_and_lacks_a_reason_is_refused(estate: Estate) -> None:
    """It was allowed of a user's; nothing is changed, CRLs go on, and what is advised leads to its import."""
    signer = estate.signer()
    estate.register(signer, [3, 4])
    handle(signer, estate.revoke(3, "unspecified"), fixed(NOW))
    with pytest.raises(
        InputError, match="want a reason for a CA certificate: the ledger says that serial 03"
    ) as caught:
        estate.import_(signer, [itself(3)])
    assert "`revocast raise` gives a reason where none was given" in (caught.value.advice or "")
    handle(signer, estate.revoke(4), fixed(NOW))
    assert look(signer, fixed(NOW)).problems == []
    assert listed(signer) == [3, 4]
    assert raised(estate, signer, "superseded") == ""
    estate.import_(signer, [itself(3)])
    assert look(signer, fixed(NOW + SECOND)).problems == []
    assert reason(signer, list(signer.public.profile("test").crls)[-1]) == (NOW, "superseded")


def test_list_that_takes_a_ca_for_a_user_brings_no_revocation_without_a_reason(estate: Estate) -> None:
    """Its kind is that of the certificate in the ledger, whatever a CSV says."""
    signer = estate.signer()
    estate.import_(signer, [itself(3)])
    estate.register(signer, [5], is_ca=True)
    with pytest.raises(InputError, match="CA certificate: it says that serial 03 is revoked for unspecified") as caught:
        estate.import_(signer, [certificate(3, revocation=UNSPECIFIED)])
    assert (caught.value.where, "correct it there" in (caught.value.advice or "")) == ("line 3", True)
    handle(signer, estate.revoke(5), fixed(NOW))
    assert look(signer, fixed(NOW)).problems == []
    assert listed(signer) == [5]


@pytest.mark.parametrize("together", [True, False])
def test_import_that_brings_the_reason_brings_the_ca(tmp_path: Path, together: bool) -> None:
    """With the certificate or before it; the date stays, and its entry moves to the other CRL with an explanation."""
    estate = Estate.build(tmp_path / "e", public='compliance = "br"\ncrl = { scopes = ["user", "ca"] }')
    with World(estate) as world:
        estate.import_(world.signer, [certificate(3, revocation=UNSPECIFIED)])
        world.tick()
        assert (crl_serials(world.signer, "user"), crl_serials(world.signer, "ca")) == ([3], [])
        world.now += SECOND
        entries = [itself(3, SUPERSEDED)] if together else [certificate(3, revocation=SUPERSEDED)]
        assert "contradictions=()" in repr(estate.import_(world.signer, entries, world.now))
        estate.import_(world.signer, [itself(3)], world.now)
        world.tick()
        assert (crl_serials(world.signer, "user"), reason(world.signer, "ca")) == ([], (NOW - HOUR, "superseded"))
        assert [one for status in world.statuses() for one in status.set_aside] == []


def test_list_without_reasons_keeps_no_reason_from_being_kept(estate: Estate) -> None:
    """The index of the old CA comes every hour as it is: what it lacks is a contradiction, and stops no import."""
    signer = estate.signer()
    estate.import_(signer, [itself(3, SUPERSEDED)])
    summary = estate.import_(signer, [itself(3, UNSPECIFIED), certificate(4)])
    assert "(unspecified) there, here revoked" in repr(summary)
    assert "registered=1" in repr(summary)


def test_reason_that_was_lacking_is_added_by_an_import_and_nothing_else(tmp_path: Path) -> None:
    """Another date is a contradiction still, and nothing that is final becomes a hold."""
    estate = Estate.build(tmp_path / "e")
    signer = estate.signer()
    estate.import_(signer, [certificate(3, revocation=UNSPECIFIED)])
    hold = estate.import_(signer, [certificate(3, revocation=replace(SUPERSEDED, reason=Reason.certificateHold))])
    assert "certificateHold) there, here" in repr(hold)
    earlier = estate.import_(signer, [certificate(3, revocation=replace(SUPERSEDED, revoked_at=NOW - 2 * HOUR))])
    assert "(superseded) there, here" in repr(earlier)
    look(signer, fixed(NOW))
    assert reason(signer, "all") == (NOW - HOUR, "superseded")


def test_first_reason_is_final_and_keeps_the_date(tmp_path: Path) -> None:
    """An operator may say why, once: no hold, no other date, and after it a compromise alone."""
    estate = Estate.build(tmp_path / "e")
    signer = estate.signer()
    estate.import_(signer, [certificate(3, revocation=UNSPECIFIED)])
    assert "certificateHold is none" in raised(estate, signer, "certificateHold")
    assert "unspecified is none" in raised(estate, signer, "unspecified")
    assert "date moves back for a compromise" in raised(estate, signer, "superseded", NOW - 2 * HOUR)
    assert raised(estate, signer, "superseded") == ""
    assert "affiliationChanged is none" in raised(estate, signer, "affiliationChanged")
    look(signer, fixed(NOW))
    assert reason(signer, "all") == (NOW - HOUR, "superseded")
