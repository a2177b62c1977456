"""Which bundle is looked at next."""

from datetime import timedelta

from publisher.pending import pending
from revocation.artifacts import Kind
from revocation.published import TargetStatus
from revocation.wire.exchange import Stored
from tests.authority import NOW
from tests.building.place import Place


def test_crls_come_first_then_the_slice_with_the_newest_bundle_and_in_it_the_oldest(place: Place) -> None:
    """A revocation in slice 7 goes before the renewal of slice 3, behind the complete bundle that it adds to."""
    names = [
        "000000000001-aaaaaaaa-ocsp-7.tar",
        "000000000002-aaaaaaaa-ocsp-3.tar",
        "000000000003-aaaaaaaa-crl-all.tar",
        "000000000004-aaaaaaaa-crl-all.tar",
        "000000000005-aaaaaaaa-ocsp-7.tar",
    ]
    status = TargetStatus(target="all", kinds=(Kind.CRL, Kind.OCSP), updated_at=NOW + timedelta(0))
    found = pending([Stored(name, 1, "1") for name in names], status, place.public, {}, NOW)
    assert [bundle.name for bundle in found] == [names[n] for n in (2, 3, 0, 4, 1)]


def test_crl_of_ca_certificates_is_taken_before_that_of_users(place: Place) -> None:
    """Whichever is newer: what moves from one to the other is on both for a moment, and never on neither."""
    place = Place(place.root, place.ca, crl={"scopes": ["user", "ca"]})
    issuer = place.ca.issuer.id
    for first, second in (("ca", "user"), ("user", "ca")):
        names = [f"000000000001-{issuer}-crl-{first}.tar", f"000000000002-{issuer}-crl-{second}.tar"]
        status = TargetStatus(target="all", kinds=(Kind.CRL,), updated_at=NOW)
        found = pending([Stored(name, 1, "1") for name in names], status, place.public, {}, NOW)
        assert [bundle.name.split("-")[3] for bundle in found] == ["ca.tar", "user.tar"]
