"""A revoked certificate that has expired leaves the CRL and is answered for on: neither gate nor `check` is alarmed."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from jobs.check import run
from jobs.check_marks import MarksFile
from jobs.check_plan import Plan
from jobs.findings import Finding, Level, worst
from jobs.reconcile import looks
from publisher.config import PublisherConfig
from publisher.status import read_statuses
from revocation.clock import fixed
from revocation.messages import Outcome, compose
from signer.handle import handle
from tests.authority import NOW
from tests.jobs.site import Site

DAY = timedelta(days=1)


def crl_serials(site: Site) -> set[int]:
    """What the CRL that is served lists."""
    (path,) = site.www.glob("crl/*/all.crl")
    return {entry.serial_number for entry in x509.load_der_x509_crl(path.read_bytes())}


def days_of(site: Site, marks: MarksFile, days: int, config: dict[int, tuple[str, str]]) -> list[list[Finding]]:
    """What `check` finds at the end of each of some days; on some of them something is configured anew."""
    found = []
    for day in range(days):
        site.now = NOW + day * DAY + timedelta(hours=1)
        if day in config:
            file = site.estate.folder / "revocast.toml"
            file.write_text(file.read_text().replace(*config[day]))
            site.signer = site.estate.signer(site.now)
        _tick(site)
        found.append(run(Plan(site.public, site.base, (), 5, 5), marks, site.now))
    return found


def _tick(site: Site) -> None:
    """What a schedule does: tell the signer what is published, then publish what it made."""
    site.close_store()
    statuses = read_statuses(PublisherConfig.read(site.estate.file), site.public, site.now)
    for verb, body in looks(statuses).items():
        reply = handle(site.signer, compose(verb, body, site.now), fixed(site.now))
        assert reply.outcome is Outcome.DONE, reply.detail
    site.publish()


@pytest.mark.parametrize("config", [{}, {4: ('"30d"', '"1h"')}, {4: ('archive_cutoff = "30d"\n', "\n")}])
def test_archived_answers_keep_no_crl_from_losing_what_expired(
    tmp_path: Path, config: dict[int, tuple[str, str]]
) -> None:
    """The CRL goes on without the entry, also when less or nothing is archived from some day on; OCSP says revoked."""
    site = Site(tmp_path / "site", 'archive_cutoff = "30d"\n')
    try:
        site.estate.register(site.signer, [5], NOW, not_after=NOW + 2 * DAY)
        site.estate.register(site.signer, [6], NOW, not_after=NOW + 300 * DAY)
        site.revoke(5)
        site.revoke(6)
        found = days_of(site, MarksFile(tmp_path / "marks"), 7, config)
        assert crl_serials(site) == {6}
        assert [worst(day) for day in found] == [Level.OK] * 7, found
    finally:
        site.close()
