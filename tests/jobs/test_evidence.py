"""Proof of a change, from the targets and from the public URLs: every artifact has to agree."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.config import JobsConfig
from jobs.evidence import Expected, missing
from jobs.installation import Installation
from publisher.config import PublisherConfig
from revocation.status import Reason
from tests.authority import NOW
from tests.jobs.site import Site, later


def installation(site: Site, *, elsewhere: bool) -> Installation:
    """The site as a command sees it: with its targets, or only through its public URLs."""
    file = site.estate.file
    public = site.public.model_copy(update={"base_url": site.base.rstrip("/")})
    publisher = None if elsewhere else PublisherConfig.read(file)
    return Installation(file.path, public, file.table("jobs", JobsConfig), publisher)


def lacking(site: Site, reason: Reason | None, *, elsewhere: bool) -> str | None:
    """What is missing of certificate 5 being revoked so, or good."""
    (profile,) = site.public.profiles.values()
    if not elsewhere:
        site.close_store()
    return missing(installation(site, elsewhere=elsewhere), Expected(profile, b"\x05", reason, 0), site.now)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_published_revocation_is_seen_with_its_reason(site: Site, elsewhere: bool) -> None:
    """Revoked for that reason, and for no other; not good."""
    site.bring_up(revoked=[5], good=[6])
    assert lacking(site, Reason.keyCompromise, elsewhere=elsewhere) is None


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("reason", [Reason.superseded, None])
def test_other_status_is_not_taken_for_the_wanted_one(site: Site, reason: Reason | None, elsewhere: bool) -> None:
    """A raised reason, and a release, have not come through."""
    site.bring_up(revoked=[5])
    assert "does not show it yet" in (lacking(site, reason, elsewhere=elsewhere) or "")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_response_that_still_says_good_is_enough_to_wait(site: Site, elsewhere: bool) -> None:
    """The CRL is out, and OCSP clients are still told that the certificate is good."""
    site.bring_up(good=[5])
    later(site, minutes=1)
    site.revoke(5)
    site.sign()
    site.publish(only="files")
    assert "OCSP response" in (lacking(site, Reason.keyCompromise, elsewhere=elsewhere) or "")


def test_static_response_that_still_says_good_is_enough_to_wait(site: Site) -> None:
    """The store and the CRL show the revocation, and a web server still hands out the file from before."""
    file = site.estate.file.path
    file.write_text(file.read_text().replace('kind = "directory"\n', 'kind = "directory"\nocsp = true\n'))
    site.bring_up(good=[5])
    found = (path for path in (site.estate.folder / "public/www/ocsp").rglob("*") if path.is_file())
    old = {path: path.read_bytes() for path in found if ".publisher" not in path.parts}
    assert len(old) == 2
    later(site, minutes=1)
    site.revoke(5)
    site.sign()
    site.publish()
    assert lacking(site, Reason.keyCompromise, elsewhere=False) is None
    for path, data in old.items():
        path.write_bytes(data)
    assert "static OCSP response" in (lacking(site, Reason.keyCompromise, elsewhere=False) or "")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_good_under_a_hash_that_the_profile_dropped_is_enough_to_wait(tmp_path: Path, elsewhere: bool) -> None:
    """Clients that ask with SHA-1 are still told so, whether or not it is made any more."""
    with closing(Site(tmp_path / "site", 'hashes = ["sha1"]')) as site:
        site.bring_up(good=[5])
        later(site, minutes=1)
        site.revoke(5)
        site.sign()
        site.publish(only="files")
        file = site.estate.folder / "revocast.toml"
        file.write_text(file.read_text().replace('["sha1"]', '["sha256"]'))
        assert "OCSP response" in (lacking(site, Reason.keyCompromise, elsewhere=elsewhere) or "")


def test_crl_that_does_not_cover_the_revision_is_waited_for(site: Site) -> None:
    """The status of the target says how far it has come."""
    site.bring_up(revoked=[5])
    (profile,) = site.public.profiles.values()
    expected = Expected(profile, b"\x05", Reason.keyCompromise, 1000)
    site.close_store()
    assert "does not cover revision 1000" in (missing(installation(site, elsewhere=False), expected, site.now) or "")


def test_expired_crl_proves_nothing(site: Site) -> None:
    """It once listed the certificate, and no relying party would take it now."""
    site.bring_up(revoked=[5])
    later(site, days=2)
    assert lacking(site, Reason.keyCompromise, elsewhere=False) == "no target shows it yet"


def test_other_serial_is_no_proof(site: Site) -> None:
    """That something is revoked does not mean that this is."""
    site.bring_up(revoked=[5], good=[6])
    (profile,) = site.public.profiles.values()
    site.close_store()
    expected = Expected(profile, b"\x06", Reason.keyCompromise, 0)
    assert missing(installation(site, elsewhere=False), expected, site.now) is not None


def test_other_date_than_the_wanted_one_is_waited_for(site: Site) -> None:
    """A date that moved back is seen when CRL and OCSP have it, and not for the reason alone."""
    site.bring_up(revoked=[5])
    site.close_store()
    (profile,) = site.public.profiles.values()
    for earlier, waits in ((timedelta(0), False), (timedelta(days=1), True)):
        expected = Expected(profile, b"\x05", Reason.keyCompromise, 0, revoked_at=NOW - earlier)
        assert (missing(installation(site, elsewhere=False), expected, site.now) is not None) is waits
