"""Archive cutoff (RFC 6960 section 4.4.4): certificates that have expired are answered for, and for how long."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import ocsp as asn1_ocsp

from revocation.clock import fixed
from revocation.config import PublicConfig
from revocation.errors import ConfigurationError, GateError
from revocation.messages import Outcome
from signer.handle import handle
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.building.passed import passed
from tests.estate import Estate
from tests.signer.pkilint import pkilint_response
from tests.signer.reading import bundles, statuses
from tests.whole.world import World

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
YEARS = 2557 * DAY


def archiving(folder: Path, lines: str = 'archive_cutoff = "2557d"') -> Estate:
    """An installation that goes on to answer for certificates that have expired, and a CA that lives long enough."""
    return Estate.build(folder, authority=Authority(days=9000), public=f"[public.ocsp]\nslices = 2\n{lines}")


def newest(signer: Signer) -> list[bytes]:
    """The responses of the newest bundles of both slices."""
    by_slice = {reader.manifest.part.label: found for reader, found in bundles(signer, "ocsp")}
    return [data for found in by_slice.values() for data in found]


def cutoffs(responses: list[bytes]) -> set[datetime | None]:
    """What asn1crypto reads as the archive cutoff of each answer."""
    parsed = [asn1_ocsp.OCSPResponse.load(data).response_data for data in responses]
    return {
        single.archive_cutoff_value and single.archive_cutoff_value.native
        for one in parsed
        for single in one["responses"]
    }


@pytest.mark.parametrize("form", ["", "one_signature = true"])
def test_archive_cutoff_is_producedat_less_what_is_kept_and_passes_gate_and_pkilint(tmp_path: Path, form: str) -> None:
    """In every answer, read by others, and nothing to find for pkilint."""
    estate = archiving(tmp_path / "e", f'archive_cutoff = "2557d"\n{form}')
    signer = estate.signer()
    estate.register(signer, [1, 2])
    assert handle(signer, estate.revoke(2), fixed(NOW)).outcome is Outcome.DONE
    assert look(signer, fixed(NOW)).problems == []
    found = newest(signer)
    assert cutoffs(found) == {NOW - YEARS}
    (profile,) = signer.public.profiles.values()
    twice = passed(profile, NOW, [*found, *found])
    assert {one.archive_cutoff for one in twice} == {NOW - YEARS}
    (file := tmp_path / "response.ocsp").write_bytes(found[0])
    assert pkilint_response(file) == ""


def test_response_without_a_configured_archive_cutoff_has_none(tmp_path: Path) -> None:
    """As before: no extension at all."""
    signer = archiving(tmp_path / "e", "").signer()
    Estate.at(tmp_path / "e").register(signer, [1])
    look(signer, fixed(NOW))
    assert cutoffs(newest(signer)) == {None}


def test_expired_certificates_are_answered_until_the_archive_cutoff_and_then_leave_the_store(tmp_path: Path) -> None:
    """Good and revoked alike, also one that is revoked after its expiry; then unauthorized, as what nobody knows."""
    estate = archiving(tmp_path / "e", 'archive_cutoff = "30d"')
    estate.register(estate.signer(), [1, 2, 3], not_after=NOW + 10 * DAY)
    estate.register(estate.signer(), [4], not_after=NOW + 900 * DAY)
    with World(estate) as world:
        world.revoke(2)
        for days in (0, 11, 39):
            world.now = NOW + days * DAY
            if days == 11:
                world.revoke(3)
            world.tick()
            world.now += SECOND  # what changed came first, by itself
            world.tick()
            said = [world.ocsp(serial).status for serial in (1, 2, 3, 4)]
            assert said == ["GOOD", "REVOKED", "REVOKED" if days else "GOOD", "GOOD"]
        world.now = NOW + 40 * DAY
        world.tick()
        world.now += 2 * DAY
        world.tick()
        assert [world.ocsp(serial).status for serial in (1, 2, 3, 4, 5)] == [
            *["UNAUTHORIZED"] * 3,
            "GOOD",
            "UNAUTHORIZED",
        ]


@pytest.mark.parametrize(("first", "second"), [("", 'archive_cutoff = "9d"'), ('archive_cutoff = "9d"', "")])
def test_archive_cutoff_that_is_configured_anew_is_there_at_the_next_look(
    tmp_path: Path, first: str, second: str
) -> None:
    """Every slice is signed again, and the gate takes no response with the old one."""
    estate = archiving(tmp_path / "e", f"# {first}\n{first}")
    estate.register(estate.signer(), [1, 2])
    look(signer := estate.signer(), fixed(NOW))
    old = newest(signer)
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace(f"# {first}\n{first}", second))
    look(signer := estate.signer(), fixed(NOW + SECOND))
    (profile,) = signer.public.profiles.values()
    found = newest(signer)
    assert cutoffs(found) == ({NOW + SECOND - 9 * DAY} if second else {None})
    assert len(passed(profile, NOW + SECOND, found)) == 4
    with pytest.raises(GateError, match=r"its archive cutoff is .*, and by what is configured it would be"):
        passed(profile, NOW + SECOND, old)


@pytest.mark.parametrize("value", ["0s", "40000d", "soon"])
def test_archive_cutoff_that_cannot_be_is_refused_at_the_start(tmp_path: Path, value: str) -> None:
    """None at all, more than a century, and what is no duration."""
    with pytest.raises(ConfigurationError, match=r"archive_cutoff"):
        PublicConfig.read(archiving(tmp_path / "e", f'archive_cutoff = "{value}"').file)


def test_expired_certificate_says_on_its_revocation_whether_ocsp_speaks_of_it(tmp_path: Path) -> None:
    """An operator who revokes one is told."""
    estate = archiving(tmp_path / "e", 'archive_cutoff = "30d"')
    estate.register(signer := estate.signer(), [1, 2], not_after=NOW + DAY)
    for number, days, words in (
        (1, 20, "OCSP speaks of it until its archive cutoff"),
        (2, 31, "OCSP does not speak of it"),
    ):
        now = NOW + days * DAY
        assert words in handle(signer, estate.revoke(number, now=now), fixed(now)).detail
    assert statuses(signer) == {}
