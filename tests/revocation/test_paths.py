"""Public paths and media types: what relying parties, CDPs and caches hold on to for years."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath

import pytest

from revocation import clock, paths
from revocation.artifacts import CRLName


def test_paths_are_those_that_certificates_name() -> None:
    """A path that was ever published never changes."""
    assert paths.crl_path("1a2b3c4d", "all") == "crl/1a2b3c4d/all.crl"
    assert paths.issuer_path("1a2b3c4d") == "issuer/1a2b3c4d.cer"
    assert paths.issuers_path("1a2b3c4d") == "issuer/1a2b3c4d.p7c"


def test_names_beside_the_current_crl() -> None:
    """Copies are known by their numbers, each of which has one name; both kinds of names are our own."""
    current = paths.crl_path("1a2b3c4d", "user.7")
    copy, pem = paths.numbered_crl_path(current, 2**159 - 1), paths.pem_crl_path(current)
    assert (copy[:26], pem) == ("crl/1a2b3c4d/user.7-730750", "crl/1a2b3c4d/user.7.pem")
    assert paths.number_in(copy) == (current, 2**159 - 1)
    assert [paths.is_own_file(path) for path in (copy, pem, current)] == [True] * 3
    for other in (current, pem, "crl/1a2b3c4d/all-007.crl", "crl/1a2b3c4d/all-.crl", "issuer/1a2b3c4d-7.crl"):
        assert paths.number_in(other) is None


@pytest.mark.parametrize("name", ["all-17", "all-17.delta", "user-1.7"])
def test_name_of_a_copy_is_the_label_of_no_crl(name: str) -> None:
    """So no configuration can bring the two together."""
    with pytest.raises(ValueError, match="names no CRL"):
        CRLName.parse(name)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        (paths.crl_path("1a2b3c4d", "user"), "application/pkix-crl"),
        (paths.numbered_crl_path(paths.crl_path("1a2b3c4d", "user"), 17), "application/pkix-crl"),
        (paths.pem_crl_path(paths.crl_path("1a2b3c4d", "user")), "application/x-pem-file"),
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
