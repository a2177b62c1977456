"""Imports: a synchronisation that adds, never takes back, and is all or nothing."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509 import CRLNumber

from revocation.clock import fixed
from revocation.errors import InputError, Refused
from revocation.messages import Import, ImportSummary, Release, Verb
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.importers.entry import ImportEntry, ImportSource
from signer.importing import apply_import, digest_of
from signer.ledger.facts import revision_of
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate, certificate
from tests.signer.reading import crl_serials, newest_crl, told

HOUR = timedelta(hours=1)
REVOKED = Revocation(NOW - HOUR, Reason.superseded)


def counts(summary: object) -> tuple[int, int, int]:
    assert isinstance(summary, ImportSummary)
    return summary.registered, summary.revoked, summary.unchanged


def revision(signer: Signer) -> int:
    (profile,) = signer.public.profiles.values()
    with signer.ledger.read() as connection:
        return revision_of(connection, profile.issuer)


def test_import_again_adds_what_is_new_and_nothing_else(estate: Estate) -> None:
    """The second run of the same source writes nothing; a third with more writes the more."""
    signer = estate.signer()
    entries = [certificate(1), certificate(2, revocation=REVOKED)]
    assert counts(estate.import_(signer, entries)) == (2, 1, 0)
    before = revision(signer)
    assert counts(estate.import_(signer, entries)) == (0, 0, 2)
    assert revision(signer) == before
    assert counts(estate.import_(signer, [certificate(1, revocation=REVOKED), certificate(3)])) == (1, 1, 0)


def test_certificate_revoked_here_and_valid_there_is_ahead(estate: Estate) -> None:
    """An index that has not heard of our revocation does not undo it, and that is no failure."""
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1), fixed(NOW))
    summary = estate.import_(signer, [certificate(1)])
    assert isinstance(summary, ImportSummary)
    assert [line[:2] for line in summary.ahead] == ["01"]
    look(signer, fixed(NOW))
    assert crl_serials(signer) == [1]


@pytest.mark.parametrize(
    "other",
    [
        Revocation(NOW - 2 * HOUR, Reason.superseded),
        Revocation(NOW - HOUR, Reason.keyCompromise),
        Revocation(NOW - HOUR, Reason.superseded, NOW - 2 * HOUR),
    ],
)
def test_other_date_or_reason_is_a_contradiction_and_changes_nothing(estate: Estate, other: Revocation) -> None:
    """Both versions are shown; the ledger keeps its own."""
    signer = estate.signer()
    estate.import_(signer, [certificate(1, revocation=REVOKED)])
    before = revision(signer)
    summary = estate.import_(signer, [certificate(1, revocation=other)])
    assert isinstance(summary, ImportSummary)
    assert other.reason.name in summary.contradictions[0]
    assert "superseded" in summary.contradictions[0]
    assert revision(signer) == before


def test_entry_dated_in_the_future_undoes_the_whole_import(estate: Estate) -> None:
    """All or nothing: the certificates before the bad line are not there afterwards."""
    signer = estate.signer()
    bad = certificate(2, revocation=Revocation(NOW + HOUR))
    with pytest.raises(InputError, match="in the future") as caught:
        estate.import_(signer, [certificate(1), bad])
    assert caught.value.where == "line 2"
    assert revision(signer) == 0


def test_source_that_changes_under_the_import_undoes_it(estate: Estate) -> None:
    """What is recorded is what the operator signed for."""
    signer = estate.signer()
    digest, _ = digest_of([certificate(1)], lambda: None)
    message = estate.ask(Verb.IMPORT, Import(issuer="test", source="a test", entries_sha256=digest))
    source = ImportSource("a test", [certificate(1), certificate(2)])
    with pytest.raises(Refused, match="changed while it was read"):
        apply_import(signer, message, source, NOW, lambda: None)
    assert revision(signer) == 0


def test_crl_first_and_certificates_later_are_one_record(estate: Estate) -> None:
    """A CRL gives a serial without an expiry; the certificate that comes later brings it, and the entry may leave."""
    signer = estate.signer()
    estate.import_(signer, [certificate(1, not_after=None, revocation=REVOKED)])
    summary = estate.import_(signer, [certificate(1, not_after=NOW - HOUR, revocation=REVOKED)])
    assert counts(summary) == (0, 0, 0)
    for hours in (0, 12, 24, 36, 48):
        look(signer, fixed(NOW + hours * HOUR), hint=told(signer))
    assert crl_serials(signer) == []


@pytest.mark.parametrize("first_not_after", [None, NOW + HOUR])
def test_certificate_corrects_what_a_list_said_of_it(estate: Estate, first_not_after: datetime | None) -> None:
    """A list knows neither kind nor, sometimes, expiry; the certificate does, and its entry moves to the `ca` CRL."""
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]", '[public.crl]\nscopes = ["user", "ca"]\n[public]'))
    signer = estate.signer()
    estate.import_(signer, [certificate(1, not_after=first_not_after, revocation=REVOKED)])
    look(signer, fixed(NOW))
    assert (crl_serials(signer, "user"), crl_serials(signer, "ca")) == ([1], [])
    itself = dataclasses.replace(certificate(1, is_ca=True), certificate=b"the DER of it")
    summary = estate.import_(signer, [itself])
    assert counts(summary) == (0, 0, 0)
    assert len(summary.contradictions) == (first_not_after is not None)
    assert all("the certificate itself is believed" in line for line in summary.contradictions)
    look(signer, fixed(NOW + HOUR))
    assert (crl_serials(signer, "user"), crl_serials(signer, "ca")) == ([], [1])
    assert counts(estate.import_(signer, [itself])) == (0, 0, 1)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (certificate(2 ** (8 * 129)), "130 octets, and at most 128"),
        (certificate(1, revocation=Revocation(datetime(1949, 12, 31, tzinfo=UTC))), "before 1950"),
    ],
)
def test_entry_that_could_never_be_published_is_refused_with_its_place(
    estate: Estate, entry: ImportEntry, words: str
) -> None:
    """It is said at the import, not by a gate a day later."""
    with pytest.raises(InputError, match=words) as caught:
        estate.import_(estate.signer(), [entry])
    assert caught.value.where == entry.place


def test_crl_number_that_leaves_no_room_is_refused(estate: Estate) -> None:
    """A damaged `crlnumber` file would raise our numbers beyond what RFC 5280 allows, for good."""
    with pytest.raises(InputError, match="20 octets"):
        estate.import_(estate.signer(), [], crl_number=2**159 - 2**64)


def test_crl_number_of_20_octets_that_leaves_room_is_taken(estate: Estate) -> None:
    """Ours start above it, and still have 20 octets."""
    signer = estate.signer()
    estate.import_(signer, [], crl_number=2**159 - 2**64 - 1)
    look(signer, fixed(NOW))
    number = newest_crl(signer).extensions.get_extension_for_class(CRLNumber).value.crl_number
    assert 2**159 - 2**64 <= number < 2**159


def test_certificate_that_was_released_here_is_not_held_again(estate: Estate) -> None:
    """A source that still shows the hold is behind, not ahead."""
    signer = estate.signer()
    hold = certificate(1, revocation=Revocation(NOW - HOUR, Reason.certificateHold))
    estate.import_(signer, [hold])
    handle(signer, estate.ask(Verb.RELEASE, Release(issuer="test", serial="01")), fixed(NOW))
    summary = estate.import_(signer, [hold])
    assert isinstance(summary, ImportSummary)
    assert "released" in summary.ahead[0]


def test_import_of_many_batches_counts_each_certificate_once(estate: Estate) -> None:
    """Twelve thousand certificates, a third of them revoked, arrive whole."""
    signer = estate.signer()
    entries = [certificate(n, revocation=REVOKED if n % 3 == 0 else None) for n in range(1, 12_001)]
    assert counts(estate.import_(signer, entries)) == (12_000, 4_000, 0)
    look(signer, fixed(NOW))
    assert sorted(crl_serials(signer)) == [n for n in range(1, 12_001) if n % 3 == 0]
