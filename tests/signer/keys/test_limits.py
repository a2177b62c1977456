"""The limits of a key: purposes, validity, signatures per hour with room for revocations; on both databases."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from revocation.clock import fixed
from revocation.errors import ConfigurationError
from revocation.messages import Verb
from signer.handle import handle
from signer.keys import BytesTBS
from signer.keys.limited_key import Use
from signer.keys.limits import LimitReached
from signer.keys.purpose import Purpose
from signer.ledger.schema import audit, key_uses
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.postgresql import Server

DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
CRLS = [Verb.GENERATE_CRLS]


def limited(folder: Path, limits: str, **more: str) -> Estate:
    """An installation whose CA key has limits."""
    estate = Estate.build(folder, **more)  # type: ignore[arg-type]
    file = estate.folder / "revocast.toml"
    text = file.read_text()
    where = 'passphrase = "file:ca.passphrase"\n'
    assert text.count(where) == 1
    file.write_text(text.replace(where, f"{where}limits = {{ {limits} }}\n"))
    return estate


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.judge("initdb"))])
def four_an_hour(request: pytest.FixtureRequest, tmp_path: Path) -> Estate:
    """Four signatures an hour, two of them for revocations."""
    more = {}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        more["ledger"] = server.database()
    return limited(tmp_path, "signatures_per_hour = 4, reserved_for_revocations = 2", **more)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server."""
    with Server() as server:
        yield server


def sign(signer: Signer, purpose: Purpose, use: Use) -> None:
    """As whatever part of the signer would."""
    (profile,) = signer.public.profiles.values()
    key = signer.keyring.key_of(profile.issuer, purpose)
    with signer.ledger.write() as connection:
        key.permit(connection, use, NOW)
    for _ in range(use.number):
        key.sign(BytesTBS(b"x"))


@pytest.mark.parametrize(
    ("limits", "purpose", "use", "told"),
    [
        ('purposes = ["crl", "responder_certificate"]', Purpose.CA_CERTIFICATE, Use(), "not for ca_certificate"),
        ('crl_validity = "2d"', Purpose.CRL, Use(lasts=3 * DAY), "lasts 2d at most, and this lasts 3d"),
        ('ocsp_validity = "2d"', Purpose.OCSP, Use(lasts=3 * DAY), "lasts 2d at most, and this lasts 3d"),
        ('certificate_validity = "9d"', Purpose.CA_CERTIFICATE, Use(lasts=10 * DAY), "lasts 9d at most"),
        ('certificate_validity = "9d"', Purpose.CA_CERTIFICATE, Use(lasts=10 * DAY - SECOND), "lasts 9d 23h 59m 59s"),
        ("", Purpose.CRL, Use(begins=NOW + SECOND), "begins when it is signed, and this one would begin 1s after"),
        ('crl_ahead = "30d"', Purpose.CRL, Use(begins=NOW + 31 * DAY), "30d after it is signed at most, .* 31d after"),
        (
            "signatures_per_hour = 4",
            Purpose.CRL,
            Use(number=4),
            "may make 4, 1 of them reserved for revocations within",
        ),
        ("signatures_per_hour = 4", Purpose.CRL, Use(5, for_revocation=True), r"never 5 at once .* = 5 or more"),
        ("signatures_per_hour = 4", Purpose.CRL, Use(number=4), r"never 4 at once .* signatures_per_hour = 5 or more"),
    ],
)
def test_key_signs_nothing_beyond_a_limit_of_its_own(
    tmp_path: Path, limits: str, purpose: Purpose, use: Use, told: str
) -> None:
    """Whoever asks, and whatever [signer.limits] and the profile allow; what is within is signed."""
    signer = limited(tmp_path, limits).signer()
    with pytest.raises(LimitReached) as refused:
        sign(signer, purpose, use)
    assert re.search(told, str(refused.value))
    sign(signer, Purpose.CRL, Use(lasts=DAY, begins=NOW))


def test_key_makes_no_signature_that_was_not_permitted(tmp_path: Path) -> None:
    """Nor a second one, where one was: no way leads past the count in the ledger."""
    signer = Estate.build(tmp_path).signer()
    (profile,) = signer.public.profiles.values()
    key = signer.keyring.key_of(profile.issuer, Purpose.CRL)
    with pytest.raises(LimitReached, match="0 are permitted"):
        key.sign(BytesTBS(b"x"))
    with signer.ledger.write() as connection:
        key.permit(connection, Use(number=2), NOW)
    key.sign(BytesTBS(b"x"))
    with pytest.raises(LimitReached, match=r"2 signatures .* 1 are permitted"):
        key.sign_many([b"x", b"y"])


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ('purposes = ["responder_certificate"]', "not for crl"),
        ('purposes = ["crl"]', "not for responder_certificate"),
        ('crl_validity = "23h"', "lasts 23h at most, and this lasts 1d"),
        ('ocsp_validity = "23h"', "lasts 23h at most, and this lasts 1d"),
        ('certificate_validity = "7d"', "lasts 7d at most, and this lasts 169h"),
        ("reserved_for_revocations = 1", "signatures_per_hour, which is not set"),
        ("signatures_per_hour = 3, reserved_for_revocations = 3", "leaves nothing"),
    ],
)
def test_limits_that_the_profile_cannot_keep_are_refused_at_the_start(tmp_path: Path, limits: str, told: str) -> None:
    """With the numbers, before anything is due that could not be signed."""
    with pytest.raises(ConfigurationError, match=told):
        limited(tmp_path, limits).signer()


def refusals(signer: Signer) -> list[dict[str, str]]:
    """As the audit log has them."""
    with signer.ledger.read() as connection:
        rows = connection.execute(select(audit.c.detail).where(audit.c.action == "refuse signature"))
        return [json.loads(row.detail) for row in rows]


def test_limit_of_an_hour_leaves_room_for_revocations_and_ends_with_the_hour(four_an_hour: Estate) -> None:
    """Renewals are refused at two of four and said so with when they go on; a revocation is on a CRL all the same.

    The refusal stands in the audit log once, however often it is tried.
    """
    estate = four_an_hour
    signer = estate.signer()
    estate.register(signer, [1, 2])
    assert len(look(signer, fixed(NOW), CRLS).made) == 1
    for minute in (1, 2):  # the bundle is gone, so another is due
        for bundle in signer.exchange.list():
            signer.exchange.remove(bundle.name)
        report = look(signer, fixed(NOW + minute * MINUTE), CRLS)
    (problem,) = report.problems
    assert report.made == []
    assert "2 signatures within the hour, and may make 4, 2 of them reserved" in str(problem)
    assert "no crl before 2026-03-01T13:00:00Z" in str(problem)
    assert look(signer, fixed(NOW + 3 * MINUTE), CRLS).problems
    assert [one["what"] for one in refusals(signer)] == ["crl all"]
    assert handle(signer, estate.revoke(1, now=NOW + 4 * MINUTE), fixed(NOW + 4 * MINUTE)).revision
    assert len(look(signer, fixed(NOW + 4 * MINUTE + SECOND), CRLS).made) == 1
    for bundle in signer.exchange.list():
        signer.exchange.remove(bundle.name)
    assert look(signer, fixed(NOW + HOUR - SECOND), CRLS).made == []
    assert len(look(signer, fixed(NOW + HOUR), CRLS).made) == 1


def test_two_signers_on_one_ledger_share_the_signatures_of_an_hour(four_an_hour: Estate) -> None:
    """What one of them made counts for the other, and after a restart."""
    sign(four_an_hour.signer(), Purpose.CRL, Use())
    sign(four_an_hour.signer(), Purpose.RESPONDER_CERTIFICATE, Use())
    with pytest.raises(LimitReached, match="2 signatures within the hour"):
        sign(four_an_hour.signer(), Purpose.CRL, Use())
    sign(four_an_hour.signer(), Purpose.CRL, Use(2, for_revocation=True))
    with pytest.raises(LimitReached, match="4 signatures within the hour"):
        sign(four_an_hour.signer(), Purpose.CRL, Use(for_revocation=True))


def test_clock_that_was_ahead_and_put_back_leaves_no_key_without_signatures(four_an_hour: Estate) -> None:
    """What was counted a year from now does not count for a year."""
    signer = four_an_hour.signer()
    (profile,) = signer.public.profiles.values()
    key = signer.keyring.key_of(profile.issuer, Purpose.CRL)
    with signer.ledger.write() as connection:
        key.permit(connection, Use(2), NOW + 365 * DAY)
    with signer.ledger.write() as connection:
        key.permit(connection, Use(2), NOW)


def test_clock_that_was_slow_for_one_signature_takes_nothing_off_the_hour(four_an_hour: Estate) -> None:
    """Two hours slow, and right again: what the hour has made counts on."""
    signer = four_an_hour.signer()
    (profile,) = signer.public.profiles.values()
    key = signer.keyring.key_of(profile.issuer, Purpose.CRL)
    with signer.ledger.write() as connection:
        key.permit(connection, Use(2), NOW)
    with signer.ledger.write() as connection:
        key.permit(connection, Use(1), NOW - 2 * HOUR)
    with signer.ledger.write() as connection, pytest.raises(LimitReached, match="has made 2 signatures"):
        key.permit(connection, Use(1), NOW + MINUTE)


def test_look_goes_on_with_what_another_key_signs(tmp_path: Path) -> None:
    """A CA key at its limit keeps its delegate from nothing."""
    estate = limited(tmp_path, "signatures_per_hour = 2, reserved_for_revocations = 0")
    signer = estate.signer()
    estate.register(signer, [1])
    look(signer, fixed(NOW))
    for bundle in signer.exchange.list():
        signer.exchange.remove(bundle.name)
    report = look(signer, fixed(NOW + MINUTE))
    assert [made for made in report.made if "ocsp slice" in made]
    (problem,) = report.problems
    assert "no crl before" in str(problem)


def test_responses_that_the_ca_key_signs_count_one_by_one(tmp_path: Path) -> None:
    """Two hashes of three certificates are six; what changed has its room, and what only came has not."""
    direct = 'ocsp = { signed_by = "issuer", expires = "360d", renewal = "1d", look = "170d" }'
    limits = "signatures_per_hour = 9, reserved_for_revocations = 3"
    estate = limited(tmp_path, limits, public=direct, signer='limits = { ocsp_validity = "2d" }')
    signer = estate.signer()
    estate.register(signer, [1, 2, 3], not_after=NOW + 3000 * DAY)
    assert look(signer, fixed(NOW), [Verb.PRESIGN]).problems == []
    estate.register(signer, [4], now=NOW + MINUTE, not_after=NOW + 3000 * DAY)
    assert look(signer, fixed(NOW + MINUTE), [Verb.PRESIGN]).made == []
    assert handle(signer, estate.revoke(1, now=NOW + 2 * MINUTE), fixed(NOW + 2 * MINUTE)).revision
    report = look(signer, fixed(NOW + 3 * MINUTE), [Verb.PRESIGN])
    assert len(report.made) == 1
    assert len(report.problems) == 1


def test_slice_that_is_more_than_the_key_may_sign_in_an_hour_is_told_with_what_it_takes(tmp_path: Path) -> None:
    """It is signed at no time, so the numbers say what to change; CRLs, and what changed, are not kept waiting."""
    direct = 'ocsp = { signed_by = "issuer", expires = "360d", renewal = "1d", look = "170d", slices = 1 }'
    estate = limited(tmp_path, "signatures_per_hour = 8", public=direct, signer='limits = { ocsp_validity = "2d" }')
    signer = estate.signer()
    estate.register(signer, range(1, 5), not_after=NOW + 3000 * DAY)
    report = look(signer, fixed(NOW))
    assert [made for made in report.made if "crl all" in made]
    (problem,) = report.problems
    assert "never 8 at once, which are those of 4 certificates, each with 2 responses" in str(problem)
    assert "signatures_per_hour = 10 or more" in str(problem)
    assert "1 x 8 / 6 = 2 is too few" in str(problem)


def test_refusal_is_recorded_once_an_hour_however_many_processes_try(four_an_hour: Estate) -> None:
    """Cron starts a process each minute; its entries are not to bury the rest of the log."""
    signer = four_an_hour.signer()
    four_an_hour.register(signer, [1])
    sign(signer, Purpose.CRL, Use(2))
    for minute in range(3):
        assert look(four_an_hour.signer(), fixed(NOW + minute * MINUTE), CRLS).problems
    assert [one["what"] for one in refusals(signer)] == ["crl all"]
    sign(signer, Purpose.CRL, Use(2, for_revocation=True))
    with signer.ledger.write() as connection:
        connection.execute(update(key_uses).values(at=key_uses.c.at + 1800))
    assert look(four_an_hour.signer(), fixed(NOW + HOUR), CRLS).problems
    assert [one["what"] for one in refusals(signer)] == ["crl all", "crl all"]
