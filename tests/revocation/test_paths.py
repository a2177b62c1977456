"""Public paths and media types: what relying parties, CDPs and caches hold on to for years."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath

import pytest

from revocation import clock, paths


def test_paths_are_those_that_certificates_name() -> None:
    """A path that was ever published never changes."""
    assert paths.crl_path("1a2b3c4d", "all") == "crl/1a2b3c4d/all.crl"
    assert paths.issuer_path("1a2b3c4d") == "issuer/1a2b3c4d.cer"
    assert paths.issuers_path("1a2b3c4d") == "issuer/1a2b3c4d.p7c"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        (paths.crl_path("1a2b3c4d", "user"), "application/pkix-crl"),
        (paths.issuer_path("1a2b3c4d"), "application/pkix-cert"),
        (paths.issuers_path("1a2b3c4d"), "application/pkcs7-mime"),
    ],
)
def test_every_static_path_has_the_media_type_of_rfc_5280(path: str, media_type: str) -> None:
    """Sections 4.2.1.13 and 4.2.2.1, registered by RFC 2585 and RFC 5273."""
    assert paths.MEDIA_TYPES[PurePosixPath(path).suffix] == media_type


def test_clock_has_whole_seconds_in_utc() -> None:
    """The resolution of CRLs and OCSP responses: a fraction would be lost, and compare as earlier."""
    now = clock.now()
    assert now.microsecond == 0
    assert now.tzinfo is UTC
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


@pytest.mark.parametrize("moment", [datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2106, 2, 8, tzinfo=UTC)])
def test_times_survive_the_store(moment: datetime) -> None:
    """As epoch seconds, also beyond 32 bits."""
    assert clock.from_epoch(clock.epoch(moment)) == moment


def test_times_are_shown_in_utc() -> None:
    """Whatever zone they came in."""
    assert clock.iso(datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-02-28T23:00:00Z"
