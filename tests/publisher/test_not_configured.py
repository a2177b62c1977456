"""Issuers, scopes and hashes that the configuration has no longer: what was published of them is served no more."""

import pytest

from responder.lmdbsource import LMDBSource
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.paths import crl_path
from tests.authority import NOW, Authority
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl, distribution_point
from tests.building.ocsp import both
from tests.building.place import Place


def test_crl_of_a_scope_that_is_not_configured_any_more_is_removed(place: Place, ca: CA) -> None:
    """It would be served past its end, without what is revoked from now on; the scope that is configured stays."""
    scoped = Place(place.root, ca, crl={"scopes": ["user", "all"]})
    url = scoped.profile.url(crl_path(ca.issuer.id, "user"))
    put_crl(place.exchange, ca, 1, crl(ca, idp=distribution_point(url, only_contains_user_certs=True)), label="user")
    put_crl(place.exchange, ca, 2, crl(ca))
    scoped.publish()
    assert scoped.crl_file("user").exists()
    outcome, _ = place.outcomes()
    assert not place.crl_file("user").exists()
    assert place.crl_file().exists()
    assert any("removed" in line for line in outcome.lines)


def test_files_of_an_issuer_that_is_not_configured_any_more_are_removed(place: Place, ca: CA) -> None:
    """Its CRL and its certificates, a leftover of several too; files of other names are let be."""
    put_crl(place.exchange, ca, 1, crl(ca))
    place.publish()
    www = place.directory / "www"
    together, foreign = www / "issuer" / f"{ca.issuer.id}.p7c", www / "issuer" / "ours.cer"
    together.write_bytes(b"of when it had two")
    foreign.write_bytes(b"put by the operator")
    place.publish()
    assert not together.exists()
    Place(place.root, CA(Authority("Other CA"), "other")).publish()
    assert not place.crl_file().exists()
    assert not (www / "issuer" / f"{ca.issuer.id}.cer").exists()
    assert foreign.read_bytes() == b"put by the operator"
    place.publish()
    assert (www / "issuer" / f"{ca.issuer.id}.cer").exists()


def test_answers_of_an_issuer_or_hash_that_is_not_configured_any_more_are_not_found(
    place: Place, ca: CA, responder: Responder
) -> None:
    """A responder finds them while they are configured, and no longer."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    assert _found(place) == [True, True]
    Place(place.root, ca, ocsp={"hashes": ["sha256"]}).publish()
    assert _found(place) == [True, False]
    Place(place.root, CA(Authority("Other CA"), "other")).publish()
    assert _found(place) == [False, False]
    place.publish()
    assert _found(place) == [True, True]


def _found(place: Place) -> list[bool]:
    source = LMDBSource(place.store)
    try:
        asked = [
            CertID.of(place.ca.issuer, serials.from_int(1), hash_) for hash_ in (CertIDHash.SHA256, CertIDHash.SHA1)
        ]
        return [source.find(cert_id, NOW) is not None for cert_id in asked]
    finally:
        source.close()


@pytest.mark.parametrize("without", ["issuer", "scope"])
def test_what_is_configured_again_is_published_again(place: Place, ca: CA, responder: Responder, without: str) -> None:
    """From the bundles that lie in the exchange, with the rows of before: not only at the next renewal."""
    data = crl(ca)
    put_crl(place.exchange, ca, 1, data)
    put_slice(place.exchange, ca, 2, both(ca, responder, 1), slice_=3)
    before = place.publish()
    if without == "issuer":
        Place(place.root, CA(Authority("Other CA"), "other")).publish()
    else:
        Place(place.root, ca, crl={"scopes": ["user"]}).publish()
    after = place.publish()
    assert place.crl_file().read_bytes() == data
    assert [(s.crls, s.slices, s.set_aside) for s in after] == [(s.crls, s.slices, []) for s in before]
