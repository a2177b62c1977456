"""`revocast check` with delta CRLs: they are there, fresh, and add to the complete CRL that is served."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.check import run
from jobs.check_marks import MarksFile
from jobs.check_plan import Plan
from jobs.findings import Finding, Level, worst
from jobs.reconcile import everything
from publisher.config import PublisherConfig
from publisher.status import read_statuses
from tests.jobs.site import Site, later


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """5 is revoked and 6 is good; complete CRL and delta are published."""
    site = Site(tmp_path / "installation", ocsp='[public.crl]\ndelta = "4h"\n')
    site.bring_up(revoked=[5], good=[6])
    follow(site)
    yield site
    site.close()


def follow(site: Site) -> None:
    """Tell the signer what is published, and publish the delta that it makes then."""
    site.close_store()
    told = everything(read_statuses(PublisherConfig.read(site.estate.file), site.public, site.now))
    site.signer.published.hear(told.crls, site.public.profiles)
    site.sign()
    site.publish()


def look(site: Site) -> list[Finding]:
    """What the check finds now."""
    marks = MarksFile(site.estate.folder / "marks")
    return run(Plan(site.public, site.base, sample=5, seconds=5), marks, site.now)


def critical(site: Site) -> str:
    """What it calls critical."""
    return "\n".join(finding.line for finding in look(site) if finding.level is Level.CRITICAL)


def delta_file(site: Site) -> Path:
    """Where the delta lies."""
    (file,) = site.www.glob("crl/*/all.delta.crl")
    return file


def test_delta_is_fetched_and_verified_like_every_crl(site: Site) -> None:
    """Missing or damaged, it is critical: the complete CRL points to it."""
    findings = look(site)
    assert worst(findings) is Level.OK
    assert any("crl test all.delta: number" in finding.line for finding in findings)
    whole = delta_file(site).read_bytes()
    delta_file(site).write_bytes(whole[:-1])
    assert "all.delta" in critical(site)
    delta_file(site).unlink()
    assert "all.delta" in critical(site)


def test_delta_that_goes_back_is_critical(site: Site) -> None:
    """A revocation that clients of deltas had been told is gone again."""
    before = delta_file(site).read_bytes()
    later(site, minutes=10)
    site.revoke(6)
    site.sign()
    follow(site)
    assert worst(look(site)) is Level.OK
    delta_file(site).write_bytes(before)
    assert "all.delta: went back: number" in critical(site)


def test_delta_that_adds_to_a_later_crl_than_the_one_served_is_critical(tmp_path: Path) -> None:
    """A cache hands out the complete CRL of before: whoever has it cannot use the delta."""
    site = Site(tmp_path / "installation", ocsp='[public.crl]\ndelta = "4h"\n')
    site.bring_up(revoked=[5], good=[6])
    (complete,) = site.www.glob("crl/*/all.crl")
    before = complete.read_bytes()
    later(site, minutes=10)
    site.revoke(6)
    site.sign()
    site.publish()
    follow(site)
    assert worst(look(site)) is Level.OK
    complete.write_bytes(before)
    (site.estate.folder / "marks/check.json").unlink()
    assert "all.delta: adds to number" in critical(site)
    site.close()
