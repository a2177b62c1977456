"""Bundles that must not pass: each is set aside with its reason, and what is published stays as it is."""

import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from publisher import verify_crl
from revocation.artifacts import Kind
from revocation.clock import epoch
from revocation.config import PublicConfig
from revocation.part import Part
from revocation.status import Reason, Revocation
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW, Authority
from tests.building.bundles import put, put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)


CRL_BUNDLES: dict[str, tuple[Callable[[CA], bytes], str]] = {
    "foreign signature": (lambda ca: crl(ca, 9, signed_by=CA()), "signature is not that of"),
    "older number": (lambda ca: crl(ca, 4), "number 4 is older than 5"),
    "the same number again": (lambda ca: crl(ca, 5, {1: FINAL}), "another CRL with the number 5"),
    "an older time": (lambda ca: crl(ca, 9, this_update=NOW - 9 * SECOND), "thisUpdate does not"),
    "the same time": (lambda ca: crl(ca, 9, this_update=NOW - 2 * SECOND), "thisUpdate does not"),
    "an expired window": (lambda ca: crl(ca, 9, lifetime=SECOND, this_update=NOW - SECOND), "has expired"),
    "too long a window": (lambda ca: crl(ca, 9, lifetime=3 * DAY), "longer than"),
    "garbage": (lambda ca: b"garbage", "cannot be read"),
}


@pytest.mark.parametrize("name", CRL_BUNDLES)
def test_bundle_with_a_bad_crl_is_set_aside_and_the_old_crl_stays(place: Place, ca: CA, name: str) -> None:
    """The gate does not believe the manifest, and a refusal touches nothing."""
    before = crl(ca, 5, this_update=NOW - 2 * SECOND)
    put_crl(place.exchange, ca, 1, before)
    place.publish()
    make, message = CRL_BUNDLES[name]
    bundle = put_crl(place.exchange, ca, 2, make(ca), number=10)
    files, _ = place.publish()
    assert place.crl_file().read_bytes() == before
    assert files.crls[0].number == 5
    place.assert_kept(bundle, message)


def old(ca: CA) -> Responder:
    """A responder that was one already the day before yesterday."""
    return ca.responder(not_before=NOW - 3 * DAY)


def odd_reason(response: bytes) -> bytes:
    """The response with CRLReason 7, which no parser names, where it says keyCompromise."""
    assert response.count(b"\xa0\x03\x0a\x01\x01") == 1
    return response.replace(b"\xa0\x03\x0a\x01\x01", b"\xa0\x03\x0a\x01\x07")


OCSP_BUNDLES: dict[str, tuple[Callable[[CA, Responder], list[bytes]], str]] = {
    "foreign signature": (lambda ca, r: both(ca, ca.responder(signed_by=CA()), 2), "signature is not that of"),
    "an expired window": (lambda ca, r: both(ca, old(ca), 2, this_update=NOW - 2 * DAY), "has expired"),
    "too long a window": (lambda ca, r: both(ca, r, 2, lifetime=3 * DAY), "longer than"),
    "a reason that is none": (lambda ca, r: [odd_reason(both(ca, r, 2, FINAL)[0])], "signature is not that of"),
    "garbage": (lambda ca, r: [b"\x30\x03\x02\x01\x01"], "cannot be read"),
    "no row of responses": (lambda ca, r: [b"garbage"], "no row of OCSP responses"),
    "another issuer's certificate": (lambda ca, r: both(ca, r, 2, about=CA(Authority("X"))), "another issuer"),
}


@pytest.mark.parametrize("name", OCSP_BUNDLES)
def test_bundle_with_a_bad_response_is_set_aside_whole(place: Place, ca: CA, responder: Responder, name: str) -> None:
    """One bad response among good ones: none of them is put, no row moves."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, FINAL, this_update=NOW - SECOND))
    place.publish()
    make, message = OCSP_BUNDLES[name]
    bundle = put_slice(place.exchange, ca, 2, [*both(ca, responder, 3), *make(ca, responder)], revision=5)
    _, responses = place.publish()
    assert [place.says(serial) for serial in (1, 2, 3)] == ["REVOKED", None, None]
    assert responses.slices[0].revision == 1
    place.assert_kept(bundle, message)


def test_response_that_says_good_of_what_is_revoked_is_withheld_alone(
    place: Place, ca: CA, responder: Responder
) -> None:
    """Others of its bundle are published; that one was withheld is shown until the bundle has left the exchange."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, FINAL, this_update=NOW - SECOND))
    place.publish()
    bundle = put_slice(place.exchange, ca, 2, [*both(ca, responder, 3), *both(ca, responder, 1)], revision=5)
    _, outcome = place.outcomes()
    assert [place.says(serial) for serial in (1, 3)] == ["REVOKED", "GOOD"]
    assert outcome.status.slices[0].revision == 5
    assert [refused.bundle for refused in outcome.set_aside] == [bundle]
    assert "serial 01, which is revoked for good" in outcome.set_aside[0].reason
    _, outcome = place.outcomes()
    assert (outcome.set_aside, [refused.bundle for refused in outcome.status.set_aside]) == ([], [bundle])
    (place.exchange / bundle).unlink()
    _, outcome = place.outcomes(NOW + DAY)
    assert outcome.status.set_aside == []


@pytest.mark.parametrize("what", ["a version that is none", "a claim of 512 GiB", "an error of our own"])
def test_bundle_that_no_reader_expects_keeps_no_other_from_being_published(
    place: Place, ca: CA, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it makes a library raise, or us: it is set aside with what that was, at every look."""
    data = crl(ca, 3)
    if what == "a version that is none":
        put_crl(place.exchange, ca, 1, data.replace(b"\x02\x01\x01\x30", b"\x02\x01\x05\x30", 1))
    elif what == "a claim of 512 GiB":
        (place.exchange).mkdir(exist_ok=True)
        header = tarfile.TarInfo("x")
        header.type, header.size = tarfile.XHDTYPE, 1 << 39
        file = place.exchange / f"000000000001-{ca.issuer.id}-crl-all.tar"
        file.write_bytes(header.tobuf(tarfile.GNU_FORMAT))
    else:
        put_crl(place.exchange, ca, 1, crl(ca, 2))
        genuine = verify_crl._read
        monkeypatch.setattr(verify_crl, "_read", lambda der, *a, **k: 1 // 0 if der != data else genuine(der, *a, **k))
    put_crl(place.exchange, ca, 2, data)
    for _ in range(2):
        files, _ = place.publish()
        assert place.crl_file().read_bytes() == data
        assert [refused.bundle[:12] for refused in files.set_aside] == ["000000000001"]


def test_responder_whose_certificate_has_expired_says_nothing_of_today(
    place: Place, ca: CA, responder: Responder
) -> None:
    """A key that was stolen from an old disk: its false revocation is refused, and none of it is remembered."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, this_update=NOW - SECOND))
    place.publish()
    expired = ca.responder(not_before=NOW - 40 * DAY, not_after=NOW - 30 * DAY)
    put_slice(place.exchange, ca, 2, both(ca, expired, 1, FINAL))
    _, responses = place.publish()
    assert place.says(1) == "GOOD"
    assert "outlive its responder certificate" in responses.set_aside[0].reason
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, this_update=NOW + SECOND))
    place.publish(NOW + SECOND)
    stored = place.stored(1)
    assert stored is not None
    assert stored.this_update == epoch(NOW + SECOND)


def test_bundle_that_expired_while_a_newer_one_waits_is_no_alarm(place: Place, ca: CA, responder: Responder) -> None:
    """After a long outage of a publisher the exchange holds both: the old one is passed over, and said so."""
    put_slice(place.exchange, ca, 1, both(ca, old(ca), 1, this_update=NOW - 2 * DAY))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1))
    put_crl(place.exchange, ca, 3, crl(ca, 1, this_update=NOW - 2 * DAY))
    put_crl(place.exchange, ca, 4, crl(ca, 2))
    files, responses = place.publish()
    assert (files.set_aside, responses.set_aside) == ([], [])
    assert (files.crls[0].number, place.says(1)) == (2, "GOOD")


def test_bad_bundle_keeps_no_other_from_being_published(place: Place, ca: CA, responder: Responder) -> None:
    """The next bundle of the same part, and the other target, are served in the same look."""
    put_crl(place.exchange, ca, 1, crl(ca, 9, signed_by=CA()))
    put_crl(place.exchange, ca, 2, crl(ca, 3))
    put_slice(place.exchange, ca, 3, both(ca, responder, 1))
    files, _ = place.publish()
    assert (files.crls[0].number, place.says(1)) == (3, "GOOD")


def test_set_aside_bundle_is_tried_again_only_when_its_file_or_the_rules_changed(place: Place, ca: CA) -> None:
    """Not every minute; but when it is put again whole, or the profile that refused it has changed."""
    right = crl(ca, 2, lifetime=3 * DAY)
    name = put_crl(place.exchange, ca, 1, right)
    assert len(place.outcomes()[0].set_aside) == 1
    again, _ = place.outcomes(NOW + SECOND)
    assert (again.set_aside, again.lines, len(again.status.set_aside)) == ([], [], 1)
    place.public = PublicConfig.model_validate({**place.public.model_dump(), "crl": {"expires": 4 * DAY}})
    place.publish(NOW + 2 * SECOND)
    assert place.crl_file().read_bytes() == right
    assert put_crl(place.exchange, ca, 1, crl(ca, 3, this_update=NOW + SECOND)) == name
    files, _ = place.publish(NOW + 3 * SECOND)
    assert (files.crls[0].number, files.set_aside) == (3, [])


def test_bundle_of_an_issuer_that_is_not_configured_waits_aside_until_it_is(place: Place) -> None:
    """Only configured issuers are trusted; configured later, the bundle is taken."""
    other = CA(Authority("Other CA"), "other")
    put_crl(place.exchange, other, 1, crl(other, 4))
    outcome, _ = place.outcomes()
    assert "is not configured" in outcome.set_aside[0].reason
    tables = [{"name": c.name, "certificates": [c.write(place.root)]} for c in (place.ca, other)]
    place.public = PublicConfig.model_validate({"base_url": "http://pki.example", "issuers": tables})
    files, _ = place.publish()
    assert [(row.issuer, row.number) for row in files.crls] == [(other.issuer.id, 4)]
    assert files.set_aside == []


def test_bundle_of_a_crl_that_is_not_configured_is_set_aside(place: Place, ca: CA) -> None:
    """A CRL that no certificate names is not published."""
    put_crl(place.exchange, ca, 1, crl(ca), label="user")
    outcome, _ = place.outcomes()
    assert "`user` is not configured" in outcome.set_aside[0].reason


def test_bundle_that_names_another_part_than_its_name_is_set_aside(place: Place, ca: CA) -> None:
    """The name decides who looks at a bundle, so it has to be true."""
    name = put_crl(place.exchange, ca, 1, crl(ca))
    (place.exchange / name).rename(place.exchange / name.replace("all", "nothing"))
    outcome, _ = place.outcomes()
    assert "its manifest is that of" in outcome.set_aside[0].reason


def test_bundle_about_another_part_than_its_name_is_set_aside(place: Place, ca: CA) -> None:
    """Its manifest repeats the name, and is about another scope all the same."""
    user = Part(issuer=ca.issuer.id, kind=Kind.CRL, label="user")
    all_ = Part(issuer=ca.issuer.id, kind=Kind.CRL, label="all")
    put(place.exchange, user, 1, {f"crl/{ca.issuer.id}/all.crl": crl(ca)}, part=all_)
    outcome, _ = place.outcomes()
    assert "another part than its name" in outcome.set_aside[0].reason
    assert outcome.status.crls == []


@pytest.mark.parametrize("count", [0, 2])
def test_crl_bundle_without_exactly_one_crl_is_set_aside(place: Place, ca: CA, count: int) -> None:
    """None is nothing to publish; of two, which?"""
    part = Part(issuer=ca.issuer.id, kind=Kind.CRL, label="all")
    put(place.exchange, part, 1, {f"crl/{ca.issuer.id}/{n}.crl": crl(ca, n + 1) for n in range(count)})
    outcome, _ = place.outcomes()
    assert "has one file, the CRL" in outcome.set_aside[0].reason


def test_bundle_that_is_taken_out_before_it_is_read_is_no_failure(
    place: Place, ca: CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer tidies up while we look: what is superseded may go at any moment."""
    put_crl(place.exchange, ca, 1, crl(ca))
    opening = FolderExchange.open

    def too_late(exchange: FolderExchange, name: str) -> BinaryIO:
        exchange.remove(name)
        return opening(exchange, name)

    monkeypatch.setattr(FolderExchange, "open", too_late)
    outcome, _ = place.outcomes()
    assert (outcome.set_aside, outcome.status.set_aside) == ([], [])
    assert not (place.state / "set-aside").exists()


def test_links_and_foreign_files_in_the_exchange_are_no_bundles(place: Place, ca: CA, tmp_path: Path) -> None:
    """A link with a bundle's name is not followed; other files are not looked at."""
    real = put_crl(tmp_path / "elsewhere", ca, 1, crl(ca))
    place.exchange.mkdir()
    (place.exchange / real).symlink_to(tmp_path / "elsewhere" / real)
    (place.exchange / "notes.txt").write_text("hello")
    outcome, _ = place.outcomes()
    assert (outcome.status.crls, outcome.set_aside) == ([], [])
