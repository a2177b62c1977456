"""What has to be published of an issuer whose key is offline: what ceremonies brought, and what waits for one."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from revocation import serials
from revocation.artifacts import Kind
from revocation.bundle import BundleReader
from revocation.clock import iso
from revocation.messages import Look
from revocation.status import Reason, Revocation
from signer.ceremony.accept import accept
from signer.ceremony.waiting import waiting_for_ceremony
from signer.ledger import continuity, facts, lost
from signer.ledger.facts import Origin
from signer.needed import Needed, needed
from tests.authority import NOW
from tests.signer.ceremony.pair import SECOND, Pair

LATER = NOW + 10 * SECOND


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two installations, of which one accepted a ceremony."""
    pair = Pair(tmp_path)
    pair.revoke(1)
    ceremony(pair, NOW + SECOND)
    return pair


def ceremony(pair: Pair, at: datetime, *without: str) -> None:
    """A whole one, without these messages."""
    request = replace(pair.request(at), left_out=frozenset(without))
    pair.hold(request, at)
    accept(pair.signer, pair.written(request, pair.online.folder / f"stick-{at:%H%M%S}"), at, without)


def bundled(pair: Pair) -> dict[str, int]:
    """By kind and label, the revision that bundles in the exchange cover: what targets have once they took them."""
    found: dict[str, int] = {}
    for stored in pair.signer.exchange.list():
        with pair.signer.exchange.open(stored.name) as file:
            manifest = BundleReader(stored.name, file).manifest
        name = f"{manifest.part.kind} {manifest.part.label}"
        found[name] = max(found.get(name, 0), manifest.revision)
    return found


def behind(pair: Pair, now: datetime = LATER) -> dict[str, Needed]:
    """What is needed beyond what lies in the exchange, by kind and label."""
    there = bundled(pair)
    named = {f"{one.part.kind} {one.part.label}": one for one in needed(pair.signer, Look(), now)}
    return {name: one for name, one in named.items() if one.revision > there.get(name, 0)}


def home(serial: int) -> str:
    """The OCSP slice of a certificate."""
    slices = 16
    return f"{Kind.OCSP} {facts.slice_of(facts.slice_hash(serials.from_int(serial)), slices)}"


def test_nothing_is_behind_after_a_ceremony(pair: Pair) -> None:
    """What came back is all that has to be published, and it has to be."""
    assert behind(pair) == {}
    wanted = {f"{one.part.kind} {one.part.label}": one.revision for one in needed(pair.signer, Look(), LATER)}
    assert wanted[home(1)] == bundled(pair)[home(1)] > 0


def test_what_waits_is_behind_and_in_no_bundle(pair: Pair) -> None:
    """The CRL, and the slice of that certificate alone."""
    pair.revoke(2, NOW + 2 * SECOND)
    found = behind(pair)
    assert found.keys() == {"crl all", home(2)}
    assert all(one.bundled < one.revision for one in found.values())


def test_what_was_left_out_is_not_behind(pair: Pair) -> None:
    """People agreed to it: no bundle will have it."""
    ceremony(pair, NOW + 3 * SECOND, pair.revoke(2, NOW + 2 * SECOND))
    assert behind(pair) == {}


def test_what_a_reconciled_ledger_learned_is_not_behind_and_what_waits_in_it_is(pair: Pair) -> None:
    """It was read from what is published."""
    profile = pair.signer.public.profile("test")
    at = NOW + 2 * SECOND
    with pair.signer.ledger.write() as connection:
        facts.leave_out_revisions(connection, profile.issuer, lost.REVISIONS)
        origin = Origin("operator", "00" * 16, at)
        facts.revoke(connection, profile.issuer, b"\x02", Revocation(NOW, Reason.keyCompromise), origin)
        facts.touch_crls(connection, profile.issuer)
        continuity.note_reconciled(connection, at, "reconciled", 0)
    assert behind(pair) == {}
    pair.revoke(3, NOW + 3 * SECOND)
    assert behind(pair).keys() == {"crl all", home(3)}


def test_waiting_messages_are_counted_since_the_time_that_the_transcript_has(pair: Pair) -> None:
    """Not since it was accepted: people know a ceremony by what they filed."""
    pair.revoke(2, NOW + 2 * SECOND)
    request = pair.request(NOW + 3 * SECOND)
    pair.hold(request, NOW + 3 * SECOND)
    accept(pair.signer, pair.written(request, pair.online.folder / "late"), LATER)
    pair.revoke(3, LATER + SECOND)
    (row,) = waiting_for_ceremony(pair.signer)
    assert row["why"] == f"1 messages since the ceremony of {iso(NOW + 3 * SECOND)} wait for a ceremony"
