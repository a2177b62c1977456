"""CRLs and issuer certificates through a bundle, the gate and into a directory."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from publisher.line import CRLMark
from publisher.marks import Marks
from publisher.targets.directory import DirectoryTarget
from publisher.targets.protocol import StaticObject
from revocation.artifacts import Kind
from revocation.clock import epoch
from revocation.config import PublicConfig
from revocation.paths import issuer_path, issuers_path
from tests.authority import NOW, Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl, distribution_point
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def test_crl_lies_where_relying_parties_look_with_the_time_it_was_issued(place: Place, ca: CA) -> None:
    """The very bytes, readable by a web server, mtime = thisUpdate; and a row that says so."""
    data = crl(ca, 5, this_update=NOW - 60 * SECOND)
    put_crl(place.exchange, ca, 1, data, revision=12)
    files, responses = place.publish()
    file = place.crl_file()
    assert file.read_bytes() == data
    assert file.stat().st_mtime == epoch(NOW - 60 * SECOND)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    (row,) = files.crls
    assert (row.issuer, row.label, row.number, row.revision) == (ca.issuer.id, "all", 5, 12)
    assert (row.size, row.renew_at) == (len(data), NOW - 60 * SECOND + DAY / 2)
    assert (files.kinds, responses.kinds) == ((Kind.CRL, Kind.ISSUER), (Kind.OCSP,))
    assert responses.crls == []


def test_status_lies_outside_of_what_is_served(place: Place, ca: CA) -> None:
    """status.json is beside www, not readable by everybody."""
    put_crl(place.exchange, ca, 1, crl(ca))
    place.publish()
    assert stat.S_IMODE((place.directory / "status.json").stat().st_mode) == 0o640
    assert not list((place.directory / "www").rglob("status.json"))


def test_issuer_certificate_is_published_from_the_configuration(place: Place, ca: CA) -> None:
    """With no bundle at all, the issuer's certificate is there as DER."""
    place.publish()
    file = place.directory / "www" / issuer_path(ca.issuer.id)
    assert file.read_bytes() == ca.der()
    file.write_bytes(b"something else")
    place.publish()
    assert file.read_bytes() == ca.der()


def test_issuer_with_two_certificates_has_the_newest_and_both_together(place: Place, ca: CA) -> None:
    """A renewed CA certificate: the newest as .cer, all of them as PKCS #7."""
    renewed = Authority(key=ca.authority.key, not_before=NOW - timedelta(hours=1))
    paths = [ca.authority.write(place.root / "old.pem"), renewed.write(place.root / "new.pem")]
    place.public = PublicConfig.model_validate(
        {"base_url": "http://pki.example", "issuers": [{"name": "test", "certificates": paths}]}
    )
    place.publish()
    www = place.directory / "www"
    newest = x509.load_der_x509_certificate((www / issuer_path(ca.issuer.id)).read_bytes())
    together = pkcs7.load_der_pkcs7_certificates((www / issuers_path(ca.issuer.id)).read_bytes())
    assert newest == renewed.certificate
    assert {c.serial_number for c in together} == {
        c.serial_number for c in (renewed.certificate, ca.authority.certificate)
    }


def test_newer_crl_replaces_the_older_and_a_late_older_one_is_passed_over(place: Place, ca: CA) -> None:
    """Bundles that arrive out of order: the newest stays, silently."""
    newest = crl(ca, 9, this_update=NOW)
    put_crl(place.exchange, ca, 5, newest)
    place.publish()
    put_crl(place.exchange, ca, 4, crl(ca, 8, this_update=NOW - 60 * SECOND))
    files, _ = place.publish()
    assert place.crl_file().read_bytes() == newest
    assert (files.crls[0].number, files.set_aside) == (9, [])


def test_several_waiting_crls_end_with_the_newest(place: Place, ca: CA) -> None:
    """After an outage all bundles are taken in the order of the ledger."""
    for n in range(1, 5):
        put_crl(place.exchange, ca, n, crl(ca, n, this_update=NOW - (10 - n) * SECOND))
    files, _ = place.publish()
    assert (files.crls[0].number, files.set_aside) == (4, [])


def test_crl_that_starts_in_a_minute_is_held_and_published_then(place: Place, ca: CA) -> None:
    """A signer whose clock is ahead: the CRL waits, nothing is set aside, and it goes out when its time has come."""
    data = crl(ca, 1, this_update=NOW + 60 * SECOND)
    put_crl(place.exchange, ca, 1, data)
    outcome, _ = place.outcomes()
    assert (outcome.status.crls, outcome.set_aside) == ([], [])
    assert any("held" in line for line in outcome.lines)
    place.publish(NOW + 60 * SECOND)
    assert place.crl_file().read_bytes() == data


def test_publishing_again_writes_nothing(place: Place, ca: CA) -> None:
    """Nothing to do, nothing done: not even the status is written again."""
    put_crl(place.exchange, ca, 1, crl(ca))
    place.publish()
    before = _inodes(place.directory)
    outcome, _ = place.outcomes(NOW + SECOND)
    assert outcome.lines == []
    assert _inodes(place.directory) == before


def test_scopes_are_published_side_by_side(tmp_path: Path) -> None:
    """Each scope has its own file, row and mark."""
    place = Place(tmp_path / "scopes", crl={"scopes": ["all", "ca"]})
    url = place.profile.url(f"crl/{place.ca.issuer.id}/ca.crl")
    for_cas = crl(place.ca, 2, idp=distribution_point(url, only_contains_ca_certs=True))
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 9))
    put_crl(place.exchange, place.ca, 2, for_cas, label="ca")
    files, _ = place.publish()
    assert {row.label: row.number for row in files.crls} == {"all": 9, "ca": 2}
    assert place.crl_file("ca").read_bytes() == for_cas


def test_bundles_that_left_the_exchange_leave_the_status(place: Place, ca: CA) -> None:
    """The status does not grow with time."""
    name = put_crl(place.exchange, ca, 1, crl(ca, 1))
    place.publish()
    (place.exchange / name).unlink()
    files, _ = place.publish()
    assert files.applied == []
    assert files.crls[0].number == 1


def test_rows_of_an_issuer_that_is_no_longer_configured_go(place: Place, ca: CA) -> None:
    """The status speaks of configured issuers only."""
    put_crl(place.exchange, ca, 1, crl(ca, 1))
    place.publish()
    other = CA(Authority("Other CA"), "other")
    place.public = PublicConfig.model_validate(
        {"base_url": "http://pki.example", "issuers": [{"name": "other", "certificates": [other.write(place.root)]}]}
    )
    files, _ = place.publish()
    assert files.crls == []


def _inodes(folder: Path) -> dict[Path, tuple[int, int]]:
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in folder.rglob("*") if file.is_file()}


def test_crl_is_remembered_before_a_target_shows_it(place: Place, ca: CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens in between, no older one can follow on what relying parties may have seen."""
    done: list[str] = []
    putting, marking = DirectoryTarget.put, Marks.set_crl

    def put(target: DirectoryTarget, thing: StaticObject) -> None:
        done.append(f"put {thing.path.rpartition('.')[2]}")
        putting(target, thing)

    def set_crl(marks: Marks, issuer_id: str, label: str, mark: CRLMark) -> None:
        done.append(f"mark {mark.number}")
        marking(marks, issuer_id, label, mark)

    place.publish(NOW)
    monkeypatch.setattr(DirectoryTarget, "put", put)
    monkeypatch.setattr(Marks, "set_crl", set_crl)
    for number in (1, 2):
        put_crl(place.exchange, ca, number, crl(ca, number, this_update=NOW + number * SECOND))
        place.publish(NOW + number * SECOND)
    assert done == ["mark 1", "put crl", "put json", "mark 2", "put crl"]


def test_list_of_crls_is_there_when_all_that_it_names_are(tmp_path: Path) -> None:
    """Every URL that CCADB is given can be fetched, and a list without a shard would pass for a complete one."""
    place = Place(tmp_path / "scopes", crl={"scopes": ["all", "ca"]})
    file = place.crl_file().with_name("crls.json")
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 9))
    place.publish()
    assert not file.exists()
    point = distribution_point(place.spec("ca").url, only_contains_ca_certs=True)
    put_crl(place.exchange, place.ca, 2, crl(place.ca, 2, idp=point), label="ca")
    place.publish()
    assert json.loads(file.read_text()) == [place.spec(label).url for label in ("all", "ca")]


def test_list_of_crls_has_a_date_that_moves_with_it(place: Place, ca: CA) -> None:
    """Who asks with If-Modified-Since hears of a further CRL; the old list stays until that is there."""
    file = place.crl_file().with_name("crls.json")
    put_crl(place.exchange, ca, 1, crl(ca, 9))
    place.publish()
    before = file.read_text()
    assert file.stat().st_mtime == epoch(NOW)
    place.publish(NOW + 60 * SECOND)
    assert file.stat().st_mtime == epoch(NOW)
    more = Place(place.root, ca, crl={"scopes": ["all", "ca"]})
    more.publish(NOW + 120 * SECOND)
    assert (file.read_text(), file.stat().st_mtime) == (before, epoch(NOW))
    point = distribution_point(more.spec("ca").url, only_contains_ca_certs=True)
    put_crl(more.exchange, ca, 2, crl(ca, 2, idp=point), label="ca")
    more.publish(NOW + 180 * SECOND)
    assert len(json.loads(file.read_text())) == 2
    assert file.stat().st_mtime == epoch(NOW + 180 * SECOND)
