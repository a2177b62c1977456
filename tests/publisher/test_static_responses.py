"""OCSP responses as static files, through bundles, the gate and the marks: what a web server would hand out."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from publisher.status import read_statuses
from publisher.targets import static_responses
from publisher.targets.static_responses import StaticResponses
from revocation import serials
from revocation.artifacts import Kind
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.ocsppath import static_path
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both, response
from tests.building.place import Place
from tests.publisher.statics import DAY, FINAL, OWN, SECOND, file, files_in, place, shows

__all__ = ["place"]


def test_response_lies_where_a_get_looks_for_it(place: Place, ca: CA, responder: Responder) -> None:
    """By both hashes, readable for all, its time thisUpdate (Last-Modified), and the index is the publisher's alone."""
    one, other = both(ca, responder, 0xAB)
    put_slice(place.exchange, ca, 1, [one, other], revision=4, slice_=3)
    files, responses = place.publish()
    for hash_, data in zip(CertIDHash, (one, other), strict=True):
        assert file(place, 0xAB, hash_).read_bytes() == data
        status = file(place, 0xAB, hash_).stat()
        assert (status.st_mtime, status.st_mode & 0o777) == (epoch(NOW), 0o644)
    assert (place.directory / "ocsp-index/lock.mdb").stat().st_mode & 0o777 == 0o600
    assert len(files_in(place)) == 2
    assert files.slices == responses.slices
    assert read_statuses(place.config, place.public, NOW)[0].slices == responses.slices
    assert files.kinds == (Kind.CRL, Kind.ISSUER, Kind.OCSP)


def test_response_for_both_hashes_lies_at_both_paths(place: Place, ca: CA, responder: Responder) -> None:
    """Two SingleResponses under one signature (RFC 9919 section 3.2.1)."""
    place = Place(place.root, ca, {"ocsp": True}, ocsp={"one_signature": True})
    data = response(ca, responder, 7, hashes=tuple(CertIDHash))
    put_slice(place.exchange, ca, 1, [data])
    place.publish()
    assert [file(place, 7, hash_).read_bytes() for hash_ in CertIDHash] == [data, data]


def test_revocation_replaces_good_and_good_never_a_revocation(place: Place, ca: CA, responder: Responder) -> None:
    """The line in time holds for files as for stores; what is withheld is told."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    assert shows(place, 1) == ["GOOD", "GOOD"]
    later = NOW + SECOND
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL, this_update=later), base_revision=1, revision=2)
    place.publish(later)
    assert shows(place, 1) == ["REVOKED", "REVOKED"]
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, this_update=later + SECOND), base_revision=2, revision=3)
    files, _ = place.publish(later + SECOND)
    assert (shows(place, 1), shows(place, 2)) == (["REVOKED"] * 2, ["GOOD"] * 2)
    assert "withheld" in files.set_aside[0].reason


def test_revocation_in_one_hash_takes_the_other_file_away(place: Place, ca: CA, responder: Responder) -> None:
    """No file is better than a good that is false."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    revoked = [response(ca, responder, 1, FINAL, this_update=NOW + SECOND)]
    put_slice(place.exchange, ca, 2, revoked, base_revision=1, revision=2)
    place.publish(NOW + SECOND)
    assert shows(place, 1) == [None, "REVOKED"]


def test_what_the_gate_refuses_is_in_no_file(place: Place, ca: CA) -> None:
    """A response that the issuer's delegate did not sign."""
    put_slice(place.exchange, ca, 1, both(ca, CA().responder(), 1))
    files, _ = place.publish()
    assert files_in(place) == {}
    assert len(files.set_aside) == 1


def test_file_of_an_expired_certificate_goes(place: Place, ca: CA, responder: Responder) -> None:
    """At the first look after its last response's nextUpdate, with the folders that are empty then."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    later = both(ca, responder, 2, this_update=NOW + DAY / 2)
    put_slice(place.exchange, ca, 2, later, this_update=NOW + DAY / 2, slice_=1)
    place.publish(NOW)
    place.publish(NOW + DAY - SECOND)
    assert shows(place, 1) == ["GOOD", "GOOD"]
    outcome, _ = place.outcomes(NOW + DAY)
    assert (shows(place, 1), shows(place, 2)) == ([None, None], ["GOOD", "GOOD"])
    assert outcome.lines == ["2 responses had expired, and their files were removed"]
    place.publish(NOW + 2 * DAY)
    assert [f.name for f in (place.directory / "www/ocsp").iterdir()] == [".publisher"]


def test_files_of_an_issuer_that_is_not_configured_any_more_go(place: Place, ca: CA, responder: Responder) -> None:
    """And what was never ours: whoever puts files there is told."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    place = Place(place.root, CA(name="other"), files={"ocsp": True})
    (place.directory / "www/ocsp/MFMw").symlink_to("/etc")
    outcome, _ = place.outcomes()
    assert files_in(place) == {}
    assert not (place.directory / "www/ocsp/MFMw").is_symlink()
    assert any(line.startswith("3 files in the folder of OCSP responses belong to none") for line in outcome.lines)


def test_option_turned_off_removes_the_files_and_on_again_puts_them(place: Place, ca: CA, responder: Responder) -> None:
    """Nobody would renew them; CRLs stay."""
    put_crl(place.exchange, ca, 1, crl(ca, 5))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1))
    on, _ = place.publish()
    seen = files_in(place)
    off = Place(place.root, ca)
    files, _ = off.publish()
    assert not (off.directory / "www/ocsp").exists()
    assert (files.slices, files.kinds, files.crls) == ([], (Kind.CRL, Kind.ISSUER), on.crls)
    again, _ = place.publish()
    assert (files_in(place), again.slices) == (seen, on.slices)


def test_certificate_without_a_path_is_told_and_the_others_are_published(
    place: Place, ca: CA, responder: Responder
) -> None:
    """A responder behind answers for it."""
    hashes = tuple(CertIDHash)
    without = next(
        n
        for n in range(1 << 120, 1 << 121)
        if static_path(CertID.of(ca.issuer, serials.from_int(n), hashes[1])) is None
    )
    put_slice(place.exchange, ca, 1, both(ca, responder, without) + both(ca, responder, 1))
    outcome, _ = place.outcomes()
    assert shows(place, 1) == ["GOOD", "GOOD"]
    assert any("of 1 certificates no static file can be named" in line for line in outcome.lines)


@pytest.mark.parametrize("form", [{"hashes": ["sha1"]}, {"hashes": ["sha1"], "one_signature": True}])
def test_certificates_without_a_path_are_counted_by_the_hashes_that_are_answered(
    place: Place, ca: CA, responder: Responder, form: dict[str, object]
) -> None:
    """A path that only a request with another hash would have is missed by nobody."""
    sha1, sha256 = CertIDHash.SHA1, CertIDHash.SHA256
    place = Place(place.root, ca, {"ocsp": True}, ocsp=form)
    numbers = [(1 << bits) + n for bits in (120, 128) for n in range(1000)]
    lacking = {
        hash_: {n for n in numbers if static_path(CertID.of(ca.issuer, serials.from_int(n), hash_)) is None}
        for hash_ in CertIDHash
    }
    others = sorted(lacking[sha256] - lacking[sha1])
    assert others
    put_slice(place.exchange, ca, 1, [response(ca, responder, n, hashes=(sha1,)) for n in others])
    outcome, _ = place.outcomes()
    assert not [line for line in outcome.lines if "no static file" in line]
    few = sorted(lacking[sha1] - lacking[sha256])
    put_slice(place.exchange, ca, 2, [response(ca, responder, n, hashes=(sha1,)) for n in few], slice_=1)
    outcome, _ = place.outcomes()
    assert [line for line in outcome.lines if f"of {len(few)} certificates no static file can be named" in line]


def test_revocation_does_not_wait_until_all_files_were_looked_at(
    place: Place, ca: CA, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrives while a publisher looks at files is published before it looks at the next of them."""
    numbers = range(1, 9)
    put_slice(place.exchange, ca, 1, [one for n in numbers for one in both(ca, responder, n)])
    place.publish()
    (place.directory / "www" / OWN / "seal").unlink()
    seen: list[list[str | None]] = []
    look_at = StaticResponses._look_at

    def looking(target: StaticResponses, rows: Sequence[tuple[bytes, int]], now: datetime) -> tuple[int, int]:
        if not seen:
            later = both(ca, responder, 5, FINAL, this_update=NOW + SECOND)
            put_slice(place.exchange, ca, 2, later, base_revision=1, revision=2, this_update=NOW + SECOND)
        seen.append(shows(place, 5))
        return look_at(target, rows, now)

    monkeypatch.setattr(StaticResponses, "_look_at", looking)
    monkeypatch.setattr(static_responses, "_PIECE", 2)
    place.publish(NOW + 2 * SECOND)
    assert seen[0] == ["GOOD", "GOOD"]
    assert seen[1] == ["REVOKED", "REVOKED"]
    assert (place.directory / "www" / OWN / "seal").exists()
