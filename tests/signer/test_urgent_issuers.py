"""A revocation of one issuer waits for nothing that is signed whole for another."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from revocation import serials
from revocation.clock import fixed
from revocation.messages import Look, Verb
from revocation.published import SliceRow
from revocation.wire.exchange import FolderExchange
from signer import presign as presigning
from signer.handle import handle
from signer.ledger.facts import slice_hash, slice_of
from signer.look import look
from signer.responses import SignedResponses
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.estate import PASSPHRASE, Estate, certificate
from tests.signer.slices import BEFORE, HOUR, SECOND, sign_slowly


@pytest.fixture
def two(tmp_path: Path) -> Estate:
    """An installation of two issuers, `test` and `other`, with 199 certificates each; all of them are answered for."""
    estate = Estate.build(tmp_path / "two", public=BEFORE)
    other = Authority("Other CA", days=7300)
    other.write(estate.folder / "other.pem")
    encryption = BestAvailableEncryption(PASSPHRASE)
    key = estate.folder / "other.key"
    key.write_bytes(other.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    key.chmod(0o600)
    path = estate.folder / "revocast.toml"
    path.write_text(
        path.read_text()
        + '[[public.issuers]]\nname = "other"\ncertificates = ["other.pem"]\n'
        + '[[signer.issuers]]\nname = "other"\nkey = "file:other.key"\npassphrase = "file:ca.passphrase"\n'
    )
    signer = estate.signer()
    for name in ("test", "other"):
        estate.import_(signer, [certificate(n) for n in range(1, 200)], issuer=name)
    look(signer, fixed(NOW))
    return estate


def test_revocation_of_one_issuer_does_not_wait_for_the_slices_of_another(two: Estate) -> None:
    """What lacks a fact comes first over all issuers."""
    signer, later = two.signer(), NOW + 13 * HOUR
    for name in ("test", "other"):
        handle(signer, two.revoke(1, now=later, issuer=name), fixed(later))
    made = look(signer, fixed(later), (Verb.PRESIGN,)).made
    assert ["covers revision" in line for line in made].index(False) == 2
    assert {line.partition(":")[0] for line in made[:2]} == {"test", "other"}


def renumber(estate: Estate) -> Signer:
    """Have `test` slices of other numbers, each of which lacks a fact."""
    path = estate.folder / "revocast.toml"
    path.write_text(path.read_text().replace('name = "test"\n', 'name = "test"\nocsp = { slices = 8 }\n', 1))
    signer = estate.signer()
    for serial in range(1, 60):
        handle(signer, estate.revoke(serial, now=NOW + SECOND), fixed(NOW + SECOND))
    return signer


def test_revocation_does_not_wait_for_slices_of_another_issuer_that_lack_facts_too(two: Estate) -> None:
    """Slices that are numbered anew can have no partial bundles: their revocations wait for them, and no others do."""
    signer = renumber(two)
    handle(signer, two.revoke(1, now=NOW + SECOND, issuer="other"), fixed(NOW + SECOND))
    made = [line for line in look(signer, fixed(NOW + SECOND)).made if "ocsp slice" in line]
    assert made[0].startswith("other: ocsp slice")
    assert "covers revision" in made[0]
    assert [line.partition(" slice")[0] for line in made[1:]] == ["test: ocsp"] * 8


def test_slices_that_lack_facts_and_are_signed_whole_go_on_while_revocations_keep_coming(two: Estate) -> None:
    """Each look that a revocation cuts short signs one of them, besides what changed in those that can say it alone."""
    signer, made = renumber(two), list[str]()
    serials_left = [n for n in range(60, 200) if slice_of(slice_hash(serials.from_int(n)), 8) == 0]
    for second in range(1, 10):
        moment, coming = NOW + second * SECOND, [serials_left.pop()]

        def revoke(moment: datetime = moment, coming: list[int] = coming) -> None:
            if coming:
                handle(signer, two.revoke(coming.pop(), now=moment), fixed(moment))

        made += look(signer, fixed(moment), tell=revoke).made
    assert sum("was signed as one of 16 slices" in line for line in made) == 8


def test_revocation_waits_for_no_slice_of_a_look_that_is_about_other_work_of_another_issuer(
    two: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message asked for the responses of one issuer; what is revoked meanwhile gets its CRL and its response.

    The message says that targets lack bundles, which may be large: they are not read again for that.
    """
    signer, now = two.signer(), [NOW + 13 * HOUR]
    look(signer, fixed(now[0]), (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS))
    sign_slowly(now, monkeypatch)
    signing = presigning.sign_responses

    def revoke_then_sign(*arguments: Any) -> SignedResponses:
        monkeypatch.setattr(presigning, "sign_responses", signing)
        monkeypatch.setattr(FolderExchange, "open", None)
        handle(signer, two.revoke(5, now=now[0], issuer="other"), fixed(now[0]))
        return signing(*arguments)

    monkeypatch.setattr(presigning, "sign_responses", revoke_then_sign)
    id_ = signer.public.profile("test").issuer.id
    times = {"this_update": NOW, "next_update": NOW + HOUR, "renew_at": NOW + HOUR}
    only = Look(issuers=(id_,), slices=(SliceRow(issuer=id_, slice=0, revision=0, count=0, **times),))
    report = look(signer, lambda: now[0], (Verb.PRESIGN,), only)
    assert report.problems == []
    made = report.made
    what = [line.partition(" (")[0].partition(" slice")[0] for line in made]
    assert what[:3] == ["other: crl all", "other: ocsp", "test: ocsp"]
