"""A CRL from which a revocation has vanished: the signer's ledger was put back, and nobody may notice it by trust."""

from datetime import timedelta

import pytest

from revocation.artifacts import Scope
from revocation.paths import crl_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl, distribution_point
from tests.building.ocsp import both
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)


def put_scoped(place: Place, ca: CA, sequence: int, scope: Scope, *revoked: int) -> None:
    """The CRL of a scope, a second newer than the one before, with these serials."""
    url = place.profile.url(crl_path(ca.issuer.id, scope))
    idp = distribution_point(url, **{f"only_contains_{scope}_certs": True})
    data = crl(ca, sequence, dict.fromkeys(revoked, FINAL), this_update=NOW + sequence * SECOND, idp=idp)
    put_crl(place.exchange, ca, sequence, data, label=scope)


@pytest.fixture
def revoked(place: Place, ca: CA, responder: Responder) -> Place:
    """Serial 1 is revoked for good, on the CRL and in the store."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, {1: FINAL}))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL))
    place.publish()
    return place


def test_crl_that_forgot_a_final_revocation_is_refused(revoked: Place, ca: CA) -> None:
    """The CRL of before stays; one that has the entry again is published."""
    before = revoked.crl_file().read_bytes()
    put_crl(revoked.exchange, ca, 3, crl(ca, 2, {2: FINAL}, this_update=NOW + SECOND))
    files, _ = revoked.publish(NOW + SECOND)
    assert revoked.crl_file().read_bytes() == before
    assert "lacks serial 01, which is revoked for good" in files.set_aside[0].reason
    put_crl(revoked.exchange, ca, 4, crl(ca, 3, {1: FINAL, 2: FINAL}, this_update=NOW + 2 * SECOND))
    files, _ = revoked.publish(NOW + 2 * SECOND)
    assert files.crls[0].number == 3


def test_entry_may_leave_the_crl_when_its_response_has_expired(revoked: Place, ca: CA) -> None:
    """As that of an expired certificate does, of which no responses are signed any more."""
    later = NOW + DAY
    put_crl(revoked.exchange, ca, 3, crl(ca, 2, this_update=later))
    files, _ = revoked.publish(later)
    assert (files.crls[0].number, files.set_aside) == (2, [])


def test_crl_of_before_the_revocation_is_no_contradiction(place: Place, ca: CA, responder: Responder) -> None:
    """It comes late, or is published in the same second: its successor is on the way."""
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL))
    place.publish()
    put_crl(place.exchange, ca, 1, crl(ca, 1))
    files, _ = place.publish()
    assert (files.crls[0].number, files.set_aside) == (1, [])


def test_hold_may_leave_the_crl(place: Place, ca: CA, responder: Responder) -> None:
    """It was released."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, {1: HOLD}))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, HOLD))
    place.publish()
    put_crl(place.exchange, ca, 3, crl(ca, 2, this_update=NOW + SECOND))
    files, _ = place.publish(NOW + SECOND)
    assert files.crls[0].number == 2


def test_certificate_has_to_be_on_one_of_the_crls_for_users_and_for_cas(
    place: Place, ca: CA, responder: Responder
) -> None:
    """On neither of the two, it has vanished; on the other one, it never belonged here."""
    place = Place(place.root, ca, crl={"scopes": ["user", "ca"]})
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, FINAL))
    place.publish()
    put_scoped(place, ca, 2, Scope.USER, 1)
    put_scoped(place, ca, 3, Scope.CA)
    files, _ = place.publish(NOW + 3 * SECOND)
    assert [row.number for row in files.crls] == [3, 2]
    put_scoped(place, ca, 4, Scope.USER)
    files, _ = place.publish(NOW + 4 * SECOND)
    assert [row.number for row in files.crls] == [3, 2]
    assert "lacks serial 01" in files.set_aside[0].reason


@pytest.mark.parametrize("scopes", [(Scope.USER, Scope.CA), (Scope.CA, Scope.USER)])
def test_certificate_that_turns_out_to_be_a_cas_moves_to_the_other_crl(
    place: Place, ca: CA, responder: Responder, scopes: tuple[Scope, Scope]
) -> None:
    """Both CRLs are published in one look, whichever of them was made first."""
    place = Place(place.root, ca, crl={"scopes": ["user", "ca"]})
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, FINAL))
    put_scoped(place, ca, 2, Scope.USER, 1)
    put_scoped(place, ca, 3, Scope.CA)
    place.publish(NOW + 3 * SECOND)
    for sequence, scope in enumerate(scopes, 4):
        put_scoped(place, ca, sequence, scope, *([1] if scope is Scope.CA else []))
    files, _ = place.publish(NOW + 5 * SECOND)
    assert files.set_aside == []
    assert {row.number for row in files.crls} == {4, 5}
