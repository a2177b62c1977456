"""What the signer says has to be published, beside what is due."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.messages import Look, Verb, compose
from revocation.published import CRLRow, SliceRow
from signer import needed
from signer.ceremony.accept import accept
from signer.handle import handle
from signer.ledger import facts
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.jobs.issuers import crl_row, slice_row
from tests.signer.ceremony.pair import Pair

SECOND = timedelta(seconds=1)


def parts(signer: Signer, *rows: CRLRow | SliceRow, **options: object) -> dict[str, int]:
    """Kind and label of what has to be published, with its revision, for who says that `rows` are."""
    crls = tuple(row for row in rows if isinstance(row, CRLRow))
    slices = tuple(row for row in rows if isinstance(row, SliceRow))
    body = Look(crls=crls, slices=slices, **options)
    later = NOW + 2 * SECOND
    reply = handle(signer, compose(Verb.DUE, body, later), fixed(later))
    return {f"{part['kind']} {part['label']}": part["revision"] for part in reply.data["parts"]}


def home(number: int) -> int:
    """The slice of a serial, of four."""
    return facts.slice_of(facts.slice_hash(bytes([number])), 4)


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """Certificates 1 to 3 (revisions 1 to 3), signed; four slices."""
    file = estate.folder / "revocast.toml"
    file.write_text(file.read_text().replace("[[public.issuers]]", "[public.ocsp]\nslices = 4\n[[public.issuers]]", 1))
    opened = estate.signer()
    estate.register(opened, [1, 2, 3])
    assert not look(opened, fixed(NOW)).problems
    return opened


def test_every_crl_and_every_slice_with_a_live_certificate_is_named(signer: Signer) -> None:
    """Nothing is published, nothing was revoked: they have to be there, at whatever revision."""
    assert parts(signer) == {"crl all": 0} | {f"ocsp {home(number)}": 0 for number in (1, 2, 3)}


def test_revision_of_a_revocation_is_needed_although_its_bundles_were_made(estate: Estate, signer: Signer) -> None:
    """It lies in the exchange, so nothing is due, and a target that says revision 3 lacks revision 4."""
    issuer = next(iter(signer.public.profiles))
    handle(signer, estate.revoke(2, now=NOW + SECOND), fixed(NOW + SECOND))
    assert not look(signer, fixed(NOW + SECOND)).problems
    rows = [slice_row(home(number), issuer, revision=3) for number in (1, 2, 3)]
    found = parts(signer, crl_row(issuer, revision=3), *rows)
    assert (found["crl all"], found[f"ocsp {home(2)}"]) == (4, 4)
    assert {found[f"ocsp {home(number)}"] for number in (1, 3) if home(number) != home(2)} <= {0}


def test_issuer_that_is_not_asked_for_or_has_expired_needs_nothing(estate: Estate, signer: Signer) -> None:
    """As nothing of it is due."""
    assert parts(signer, issuers=("00000000",)) == {}
    (profile,) = signer.public.profiles.values()
    assert needed.needed(signer, Look(), profile.issuer.not_after) == []


def test_reply_that_cannot_carry_all_parts_leaves_out_what_nobody_misses(
    estate: Estate, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published already goes first."""
    monkeypatch.setattr(needed, "_MOST", 1)
    issuer = next(iter(signer.public.profiles))
    handle(signer, estate.revoke(2, now=NOW + SECOND), fixed(NOW + SECOND))
    rows = [slice_row(home(number), issuer, revision=3) for number in (1, 2, 3)]
    assert parts(signer, crl_row(issuer, revision=4), *rows) == {f"ocsp {home(2)}": 4}


def test_what_a_ceremony_signed_counts_as_bundled_and_what_came_since_does_not(tmp_path: Path) -> None:
    """So `status` tells what waits for a publisher from what waits for the next ceremony."""
    pair = Pair(tmp_path)
    pair.revoke(1)
    request = pair.request(NOW + SECOND)
    pair.hold(request, NOW + SECOND)
    assert [one.bundled for one in needed.needed(pair.signer, Look(), NOW + SECOND)][:1] == [0]
    accept(pair.signer, pair.written(request, tmp_path / "first"), NOW + SECOND)
    (crl, *_) = needed.needed(pair.signer, Look(), NOW + SECOND)
    assert crl.bundled >= crl.revision > 0
    pair.revoke(2, NOW + 2 * SECOND)
    (crl, *_) = needed.needed(pair.signer, Look(), NOW + 2 * SECOND)
    assert 0 < crl.bundled < crl.revision
