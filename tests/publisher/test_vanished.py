"""A CRL from which a serial has vanished: it is published only where that is explained, and the explanation holds."""

from datetime import timedelta
from typing import BinaryIO

import pytest

from revocation.artifacts import Scope
from revocation.clock import iso
from revocation.paths import crl_path
from revocation.published import TargetStatus
from revocation.status import Reason, Revocation
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW
from tests.building.bundles import put_crl, put_departed, put_departed_text, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl, distribution_point
from tests.building.ocsp import both
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)
LATER = NOW + SECOND


def put_scoped(place: Place, ca: CA, sequence: int, scope: Scope, *revoked: int, departed: str = "") -> None:
    """The CRL of a scope, a second newer than the one before, with these serials."""
    url = place.profile.url(crl_path(ca.issuer.id, scope))
    idp = distribution_point(url, **{f"only_contains_{scope}_certs": True})
    data = crl(ca, sequence, dict.fromkeys(revoked, FINAL), this_update=NOW + sequence * SECOND, idp=idp)
    put_crl(place.exchange, ca, sequence, data, label=scope, departed={1: departed} if departed else None)


@pytest.fixture
def revoked(place: Place, ca: CA) -> Place:
    """Serial 1 is revoked for good and on the CRL, beside a hundred others."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, dict.fromkeys(range(1, 102), FINAL)))
    place.publish()
    return place


def without_serial_1(place: Place, ca: CA, departed: str = "") -> TargetStatus:
    """Publish a CRL that lacks serial 1, and perhaps says why."""
    data = crl(ca, 2, dict.fromkeys(range(2, 103), FINAL), this_update=LATER)
    put_crl(place.exchange, ca, 3, data, departed={1: departed} if departed else None)
    return place.publish(LATER)[0]


def test_crl_that_forgot_a_revocation_is_refused_with_the_serials(revoked: Place, ca: CA) -> None:
    """The CRL of before stays; one that has the entry again is published."""
    before = revoked.crl_file().read_bytes()
    files = without_serial_1(revoked, ca)
    assert revoked.crl_file().read_bytes() == before
    assert "lacks 1 serials (01)" in files.set_aside[0].reason
    assert "revocast excuse" in files.set_aside[0].reason
    put_crl(revoked.exchange, ca, 4, crl(ca, 3, dict.fromkeys(range(1, 9), FINAL), this_update=LATER + SECOND))
    files, _ = revoked.publish(LATER + SECOND)
    assert "lacks 93 serials (09, 0A" in files.set_aside[-1].reason
    assert "and 73 more" in files.set_aside[-1].reason
    put_crl(revoked.exchange, ca, 5, crl(ca, 4, dict.fromkeys(range(1, 110), FINAL), this_update=LATER + 2 * SECOND))
    files, _ = revoked.publish(LATER + 2 * SECOND)
    assert files.crls[0].number == 4


@pytest.mark.parametrize("lost", ["the target", "the archive"])
def test_crl_is_held_against_the_last_one_wherever_that_is_left(revoked: Place, ca: CA, lost: str) -> None:
    """A web root that was wiped, or an archive: the other one remembers."""
    revoked.wipe(revoked.directory if lost == "the target" else revoked.state / "crls")
    (revoked.exchange / f"000000000001-{ca.issuer.id}-crl-all.tar").unlink()
    files = without_serial_1(revoked, ca)
    assert "lacks 1 serials (01)" in files.set_aside[0].reason


@pytest.mark.parametrize("departed", [f"expired {iso(LATER)}", "excused"], ids=["expired", "excused"])
def test_entry_may_leave_a_crl_when_it_is_told_why(revoked: Place, ca: CA, departed: str) -> None:
    """Expiry is what RFC 5280 knows beside a release; an operator's word is signed and audited by the signer."""
    files = without_serial_1(revoked, ca, departed)
    assert (files.crls[0].number, files.set_aside) == (2, [])


def test_crl_itself_says_that_nothing_but_a_hold_is_released(revoked: Place, ca: CA) -> None:
    """Also where there is no OCSP: the entry of before has a reason."""
    files = without_serial_1(revoked, ca, "released")
    assert "lacks 1 serials (01)" in files.set_aside[0].reason


def test_refused_crl_is_tried_again_once_it_is_told_why(revoked: Place, ca: CA) -> None:
    """Files of an exchange that is copied from elsewhere may come in any order."""
    without_serial_1(revoked, ca)
    put_departed(revoked.exchange, ca, 4, {2: "excused"}, LATER)
    assert revoked.publish(LATER)[0].crls[0].number == 1
    put_departed(revoked.exchange, ca, 5, {1: "excused"}, LATER)
    files, _ = revoked.publish(LATER)
    assert (files.crls[0].number, files.set_aside) == (2, [])


def test_any_explanation_that_holds_is_enough_wherever_it_stands(place: Place, ca: CA) -> None:
    """Of one serial several things may be told, in several bundles."""
    entries = {1: HOLD, 2: FINAL, 3: FINAL, 4: FINAL}
    put_crl(place.exchange, ca, 1, crl(ca, 1, entries))
    place.publish()
    put_departed(place.exchange, ca, 2, {1: "released", 2: f"expired {iso(LATER)}", 3: "excused"})
    put_departed(place.exchange, ca, 3, {1: "moved", 2: "released", 3: f"expired {iso(NOW + DAY)}"})
    put_crl(place.exchange, ca, 4, crl(ca, 2, {4: FINAL}, this_update=LATER))
    assert place.publish(LATER)[0].crls[0].number == 2


def test_what_left_before_the_last_crl_explains_nothing_of_the_next(place: Place, ca: CA) -> None:
    """A hold that was released once and set again later may not be forgotten on the word of then."""
    put_departed(place.exchange, ca, 1, {1: "released"}, NOW - 2 * DAY)
    put_crl(place.exchange, ca, 2, crl(ca, 1, {1: HOLD, 2: FINAL}))
    place.publish()
    put_crl(place.exchange, ca, 3, crl(ca, 2, {2: FINAL}, this_update=LATER))
    assert "lacks 1 serials (01)" in place.publish(LATER)[0].set_aside[0].reason
    put_departed(place.exchange, ca, 4, {1: "released"}, NOW - DAY)
    assert place.publish(LATER)[0].crls[0].number == 2


@pytest.mark.parametrize("departed", [f"expired {iso(LATER + SECOND)}", "released", f"expired {iso(NOW - DAY)}"])
def test_explanation_that_cannot_be_is_none(revoked: Place, ca: CA, responder: Responder, departed: str) -> None:
    """Not expired yet; released, but an answer said for good; expired, but an answer was signed since."""
    put_slice(revoked.exchange, ca, 2, both(ca, responder, 1, FINAL))
    revoked.publish()
    files = without_serial_1(revoked, ca, departed)
    assert "lacks 1 serials (01)" in files.set_aside[0].reason


def test_hold_may_be_released(place: Place, ca: CA, responder: Responder) -> None:
    """What was only ever on hold in OCSP too."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, {1: HOLD}))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, HOLD))
    place.publish()
    put_crl(place.exchange, ca, 3, crl(ca, 2, this_update=LATER), departed={1: "released"})
    files, _ = place.publish(LATER)
    assert files.crls[0].number == 2


def test_entry_that_changed_is_still_there(revoked: Place, ca: CA) -> None:
    """Another reason, another date: the serial is listed."""
    entries = dict.fromkeys(range(1, 102), FINAL) | {1: Revocation(NOW - 2 * DAY, Reason.cACompromise)}
    put_crl(revoked.exchange, ca, 3, crl(ca, 2, entries, this_update=LATER))
    files, _ = revoked.publish(LATER)
    assert files.crls[0].number == 2


@pytest.mark.parametrize(
    "text", [b"01 vanished\n", b"01 expired\n", b"01 released 2026-03-01T12:00:00Z\n", b"x\n", b"\xff"]
)
def test_explanation_of_another_form_says_nothing(revoked: Place, ca: CA, text: bytes) -> None:
    """It is text that came from outside; another one beside it is read all the same."""
    put_departed_text(revoked.exchange, ca, 4, b"01 excused\n" + text)
    assert "lacks 1 serials (01)" in without_serial_1(revoked, ca).set_aside[0].reason
    put_departed(revoked.exchange, ca, 2, {1: "excused"})
    assert revoked.publish(LATER)[0].crls[0].number == 2


def test_explanation_that_is_replaced_while_it_is_read_holds_the_crl(
    revoked: Place, ca: CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer writes the chunk of a day anew: nothing is wrong with the CRL, and the next look takes it."""
    old = put_departed(revoked.exchange, ca, 2, {2: "excused"})
    opening = FolderExchange.open

    def replaced(exchange: FolderExchange, name: str) -> BinaryIO:
        if name == old:
            exchange.remove(name)
            put_departed(revoked.exchange, ca, 4, {1: "excused"})
        return opening(exchange, name)

    monkeypatch.setattr(FolderExchange, "open", replaced)
    assert without_serial_1(revoked, ca).set_aside == []
    assert revoked.publish(LATER)[0].crls[0].number == 2


@pytest.mark.parametrize("scopes", [(Scope.USER, Scope.CA), (Scope.CA, Scope.USER)])
def test_certificate_that_turns_out_to_be_a_cas_moves_to_the_other_crl(
    place: Place, ca: CA, scopes: tuple[Scope, Scope]
) -> None:
    """Both CRLs are published in one look, whichever of them was made first."""
    place = Place(place.root, ca, crl={"scopes": ["user", "ca"]})
    put_scoped(place, ca, 2, Scope.USER, 1)
    put_scoped(place, ca, 3, Scope.CA)
    place.publish(NOW + 3 * SECOND)
    for sequence, scope in enumerate(scopes, 4):
        listed, departed = ([1], "") if scope is Scope.CA else ([], "moved")
        put_scoped(place, ca, sequence, scope, *listed, departed=departed)
    files, _ = place.publish(NOW + 5 * SECOND)
    assert files.set_aside == []
    assert {row.number for row in files.crls} == {4, 5}


def test_serial_leaves_one_crl_when_the_other_has_it(place: Place, ca: CA) -> None:
    """Until that one is published it is held; it never happens that neither lists it."""
    place = Place(place.root, ca, crl={"scopes": ["user", "ca"]})
    put_scoped(place, ca, 2, Scope.USER, 1)
    put_scoped(place, ca, 3, Scope.CA)
    place.publish(NOW + 3 * SECOND)
    put_scoped(place, ca, 4, Scope.USER, departed="moved")
    outcome, _ = place.outcomes(NOW + 4 * SECOND)
    assert (outcome.set_aside, [row.number for row in outcome.status.crls]) == ([], [3, 2])
    assert any("held" in line and "moved" in line for line in outcome.lines)
    put_scoped(place, ca, 5, Scope.CA, 1)
    files, _ = place.publish(NOW + 5 * SECOND)
    assert [row.number for row in files.crls] == [5, 4]


def swapped(place: Place, ca: CA, *wrong: Scope) -> TargetStatus:
    """Serials 1 and 2 change places between two CRLs; those of some scopes are lacking 3 too."""
    place = Place(place.root, ca, crl={"scopes": ["user", "ca"]})
    for sequence, scope, listed in ((2, Scope.USER, (1, 3)), (3, Scope.CA, (2, 4))):
        put_scoped(place, ca, sequence, scope, *listed)
    place.publish(NOW + 3 * SECOND)
    put_departed(place.exchange, ca, 4, {1: "moved", 2: "moved"})
    for sequence, scope, listed in ((5, Scope.USER, (2, 3)), (6, Scope.CA, (1, 4))):
        put_scoped(place, ca, sequence, scope, *(listed[:1] if scope in wrong else listed))
    return place.publish(NOW + 6 * SECOND)[0]


def test_certificates_that_change_places_do_so_in_one_look(place: Place, ca: CA) -> None:
    """Neither CRL waits for the other, since that one lies in the exchange and may be published."""
    files = swapped(place, ca)
    assert ({row.number for row in files.crls}, files.set_aside) == ({5, 6}, [])


def test_certificate_does_not_move_to_a_crl_that_was_refused(place: Place, ca: CA) -> None:
    """It is the first that is looked at, and forgets something; the other one has to wait for its successor."""
    files = swapped(place, ca, Scope.CA)
    assert {row.number for row in files.crls} == {2, 3}
    assert ["lacks 1 serials (04)" in refused.reason for refused in files.set_aside] == [True]


def test_last_crls_are_kept_and_the_very_last_for_ever(place: Place, ca: CA) -> None:
    """By number and by age, in a folder that no web server sees."""
    place.config = place.config.model_copy(update={"archive": place.config.archive.model_copy(update={"count": 3})})
    for number in range(1, 7):
        put_crl(place.exchange, ca, number, crl(ca, number, this_update=NOW + number * SECOND))
        place.publish(NOW + number * SECOND)
    folder = place.state / "crls" / ca.issuer.id / "all"
    assert sorted(path.name for path in folder.iterdir()) == ["4.crl", "5.crl", "6.crl"]
    assert (folder / "6.crl").read_bytes() == place.crl_file().read_bytes()
    later = NOW + 100 * DAY
    put_crl(place.exchange, ca, 7, crl(ca, 7, this_update=later))
    for days in range(50, 101, 5):  # a clock that leaps there is not believed
        place.publish(NOW + days * DAY)
    assert [path.name for path in folder.iterdir()] == ["7.crl"]
