"""Issuers, scopes and hashes that the configuration has no longer: what was published of them is served no more."""

import json
from datetime import datetime, timedelta

import pytest

from responder.lmdbsource import LMDBSource
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.paths import crl_path
from revocation.status import Reason, Revocation
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


@pytest.fixture
def split(place: Place, ca: CA) -> Place:
    """Serials 1 and 2 are on the CRL of users, serial 3 on that of CAs; with PEM forms and copies that stay."""
    split = Place(place.root, ca, {"pem": True, "numbered": True}, crl={"scopes": ["user", "ca"]})
    put_user(split, 1, 1, 2)
    put_scoped(split, 2, "ca", 3)
    split.publish()
    return split


def put_scoped(place: Place, sequence: int, label: str, *numbers: int, now: datetime = NOW) -> None:
    point = distribution_point(
        place.profile.url(crl_path(place.ca.issuer.id, label)), **{f"only_contains_{label}_certs": True}
    )
    revoked = {number: Revocation(NOW, Reason.superseded) for number in numbers}
    data = crl(place.ca, sequence, revoked, idp=point, this_update=now)
    put_crl(place.exchange, place.ca, sequence, data, label=label, this_update=now)


def put_user(place: Place, sequence: int, *numbers: int) -> None:
    put_scoped(place, sequence, "user", *numbers)


def names(place: Place) -> set[str]:
    """The files beside each other that are there of the CRL of users."""
    return {file.name for file in (place.directory / "www" / "crl").rglob("user*")}


def test_crl_that_alone_lists_something_stays_until_it_has_expired(split: Place, ca: CA) -> None:
    """Whoever fetches it is not to take what it lists for good; its neighbours stay and go with it."""
    there = {"user.crl", "user.pem", "user-1.crl"}
    without = Place(split.root, ca, {"pem": True, "numbered": True}, crl={"scopes": ["ca"]})
    for now in (NOW, NOW + timedelta(days=1, seconds=-1)):
        outcome, _ = without.outcomes(now)
        assert names(split) == there
        (line,) = [line for line in outcome.lines if "stays" in line]
        assert "no other CRL lists 01, 02; configure it again" in line
        assert [left.count for left in outcome.status.leftovers] == [2]
    outcome, _ = without.outcomes(NOW + timedelta(days=1))
    assert (names(split), outcome.status.leftovers) == (set(), [])


@pytest.mark.parametrize(("numbers", "stays"), [((1, 3), True), ((1, 2, 3), False)])
def test_crl_goes_when_others_that_are_published_list_all_that_it_lists(
    split: Place, ca: CA, numbers: tuple[int, ...], stays: bool
) -> None:
    """In the very look that publishes them."""
    together = Place(split.root, ca, crl={"scopes": ["all"]})
    put_crl(together.exchange, ca, 3, crl(ca, 3, {n: Revocation(NOW, Reason.superseded) for n in numbers}))
    outcome, _ = together.outcomes()
    assert split.crl_file("user").exists() == stays
    assert not split.crl_file("ca").exists()
    assert [left.serials for left in outcome.status.leftovers] == ([["02"]] if stays else [])
    assert names(split) == ({"user.crl"} if stays else set())


def test_every_url_of_the_list_is_there_until_the_next_list_is(place: Place, ca: CA) -> None:
    """Also of CRLs that list nothing: who reads the list of URLs finds each (CCADB)."""
    scoped = Place(place.root, ca, crl={"scopes": ["user", "ca"]})
    put_user(scoped, 1)
    put_scoped(scoped, 2, "ca")
    scoped.publish()
    together = Place(place.root, ca, crl={"scopes": ["all"]})
    outcome, _ = together.outcomes()
    assert (listed_urls(together), [left.count for left in outcome.status.leftovers]) == (
        {"user.crl", "ca.crl"},
        [0, 0],
    )
    assert any("until all CRLs that are configured are published" in line for line in outcome.lines)
    put_crl(together.exchange, ca, 3, crl(ca, 3))
    outcome, _ = together.outcomes()
    assert (listed_urls(together), outcome.status.leftovers) == ({"all.crl"}, [])


def listed_urls(place: Place) -> set[str]:
    """The names at the ends of the URLs in `crls.json`; each has a file, and no other CRL is there."""
    (file,) = (place.directory / "www" / "crl").rglob("crls.json")
    found = {url.rpartition("/")[2] for url in json.loads(file.read_text())}
    assert found == {crl.name for crl in file.parent.glob("*.crl")}
    return found


def test_leftover_that_the_issuer_did_not_sign_goes(split: Place, ca: CA) -> None:
    """It proves nothing."""
    split.crl_file("user").write_bytes(crl(ca, 9, {1: Revocation(NOW)}, signed_by=CA(Authority("Other CA"), "other")))
    Place(split.root, ca, crl={"scopes": ["ca"]}).publish()
    assert not split.crl_file("user").exists()


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
