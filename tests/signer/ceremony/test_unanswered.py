"""A folder that comes back without responses: somebody took them out, or people left out what they would answer for."""

from dataclasses import replace
from pathlib import Path

import pytest

from revocation.errors import Refused
from signer.ceremony.accept import accept
from signer.ceremony.request import Request
from tests.authority import NOW
from tests.signer.ceremony.pair import DAY, SECOND, Pair
from tests.signer.ceremony.test_accept import rewrite


def without_responses(folder: Path) -> None:
    """Take the bundles of OCSP responses away, and out of the transcript."""
    for bundle in folder.glob("*-ocsp-*.tar"):
        bundle.unlink()
    rewrite(folder, lambda said: said.update(bundles=[one for one in said["bundles"] if "-ocsp-" not in one["name"]]))


def held(pair: Pair, request: Request, folder: Path) -> Path:
    """The folder of its ceremony."""
    pair.hold(request, request.header.made_at)
    return pair.written(request, folder)


def test_responses_about_a_revocation_that_were_taken_out_are_missed(pair: Pair, tmp_path: Path) -> None:
    """What is published says `good` to each who asks; the folder as the ceremony left it goes in."""
    accept(pair.signer, held(pair, pair.request(), tmp_path / "first"), NOW)
    before = pair.signer.exchange.list()
    revoked = pair.revoke(2, NOW + SECOND)
    request = pair.request(NOW + 2 * SECOND)
    folder = held(pair, request, tmp_path / "second")
    without_responses(folder)
    with pytest.raises(Refused, match=f"none says of 02 of test what is recorded here, by message {revoked}") as told:
        accept(pair.signer, folder, NOW + 2 * SECOND)
    assert "lacks OCSP responses" in told.value.what
    assert "01" not in told.value.what.split()  # what is published of it is right
    assert pair.signer.exchange.list() == before
    whole = pair.written(request, tmp_path / "again")
    assert not accept(pair.signer, whole, NOW + 2 * SECOND).was_known


def test_certificates_without_any_response_are_missed_until_they_expire(pair: Pair, tmp_path: Path) -> None:
    """Those of the first ceremony were never published; accepted once, the folder still has to have them."""
    request = pair.request()
    folder = held(pair, request, tmp_path / "first")
    without_responses(folder)
    with pytest.raises(Refused, match="none says of 01, 02, 03 of test what is recorded here"):
        accept(pair.signer, folder, NOW)
    accept(pair.signer, pair.written(request, tmp_path / "whole"), NOW)
    for stored in pair.signer.exchange.list():
        pair.signer.exchange.remove(stored.name)
    with pytest.raises(Refused, match="none says of 01, 02, 03 of test what is recorded here"):
        accept(pair.signer, folder, NOW + DAY)
    assert pair.signer.exchange.list() == []
    assert accept(pair.signer, folder, NOW + 366 * DAY).was_known


def test_responses_that_have_ended_are_missed_too(pair: Pair, tmp_path: Path) -> None:
    """They lie in the exchange, and nobody could rely on them: those of this ceremony have to be there."""
    accept(pair.signer, held(pair, pair.request(), tmp_path / "first"), NOW)
    later = NOW + 210 * DAY
    folder = held(pair, pair.request(later), tmp_path / "second")
    without_responses(folder)
    with pytest.raises(Refused, match="none says of 01, 02, 03 of test what is recorded here"):
        accept(pair.signer, folder, later)


def test_import_that_people_left_out_has_no_responses_once_somebody_agrees(pair: Pair, tmp_path: Path) -> None:
    """It is told from then on, and later ceremonies are not asked about it."""
    (imported,) = (one.message.id for one in pair.request().messages)
    first = replace(pair.request(NOW + SECOND), left_out=frozenset({imported}))
    folder = held(pair, first, tmp_path / "first")
    with pytest.raises(Refused, match=f"by message {imported}"):
        accept(pair.signer, folder, NOW + SECOND)
    (told,) = accept(pair.signer, folder, NOW + SECOND, [imported]).left_out
    assert "none says of 01, 02, 03 of test" in told
    second = held(pair, pair.request(NOW + 2 * SECOND), tmp_path / "second")
    assert accept(pair.signer, second, NOW + 2 * SECOND).left_out == (told,)
