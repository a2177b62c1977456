"""Finding what is due over all issuers, in the order in which to make it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from revocation.artifacts import Kind
from revocation.bundle import BundleReader
from revocation.config import IssuerProfile
from revocation.errors import BundleError
from revocation.messages import Look, Verb
from revocation.published import CRLRow, SliceRow
from revocation.wire.exchange import Stored
from signer.due import Due, due_crls, due_responder_certificate, due_slices
from signer.ledger.issued import Issued
from signer.signer import Signer
from signer.slices import Intact

EVERYTHING: Final = (Verb.GENERATE_OCSP_KEYS, Verb.GENERATE_CRLS, Verb.PRESIGN)
_MOST_SOUND: Final = 4096
_SOUND_FOR: Final = timedelta(hours=1)


def find_due(
    signer: Signer, now: datetime, tasks: Iterable[Verb] = EVERYTHING, hint: Look | None = None, *, whole: bool = True
) -> Iterator[Due]:
    """What is due; each kind is looked at when the one before it was made. Slices are signed whole after all else.

    Args:
        whole: whether slices are signed whole now, or one is being signed.
    """
    wanted, slices = set(tasks), list[Due]()
    for profile in live(signer, now, hint):
        for task, finder in _finders(signer, profile, now, hint, whole):
            for due in finder() if task in wanted else ():
                if task is Verb.PRESIGN and not due.base_revision:
                    slices.append(due)
                else:
                    yield due
    yield from sorted(slices, key=lambda due: not due.behind)  # those that lack a fact come first, over all issuers


def _finders(
    signer: Signer, profile: IssuerProfile, now: datetime, hint: Look | None, whole: bool
) -> Iterator[tuple[Verb, Callable[[], list[Due]]]]:
    def of(finder: Callable[..., Iterator[Due]], *more: object) -> Callable[[], list[Due]]:
        def find() -> list[Due]:
            with signer.ledger.read() as connection:
                return list(finder(connection, profile, now, *more))

        return find

    intact = intact_bundles(signer, now, hint)
    yield Verb.GENERATE_OCSP_KEYS, of(due_responder_certificate, signer.responder_keys)
    yield Verb.GENERATE_CRLS, of(due_crls, intact, signer.published)
    yield Verb.PRESIGN, of(due_slices, intact, signer.responder_keys, signer.keyring, whole)


def asked(signer: Signer, hint: Look | None) -> list[IssuerProfile]:
    """The issuers that a look is about."""
    wanted = hint.issuers if hint else ()
    return [profile for id_, profile in signer.public.profiles.items() if not wanted or id_ in wanted]


def live(signer: Signer, now: datetime, hint: Look | None) -> list[IssuerProfile]:
    """Those of them that sign here: who has expired signs nothing more, and whose key is offline at ceremonies."""
    found = (profile for profile in asked(signer, hint) if now < profile.issuer.not_after)
    return [profile for profile in found if not signer.is_offline(profile.issuer)]


def intact_bundles(signer: Signer, now: datetime, hint: Look | None) -> Intact:
    """Whether a stored bundle lies in the exchange: by name and size; by digest where a target is said to lack it.

    Of a kind of which nothing is said to be published nothing is said to lack either.
    """
    stored = {one.name: one for one in signer.exchange.list()}
    crls = {(row.issuer, row.label): row for row in hint.crls} if hint else {}
    slices = {(row.issuer, str(row.slice)): row for row in hint.slices} if hint else {}

    def intact(row: Issued) -> bool:
        there = stored.get(row.name)
        if row.size is None or there is None or there.size != row.size:
            return False
        published: Mapping[tuple[str, str], CRLRow | SliceRow] = crls if row.part.kind is Kind.CRL else slices
        shown = published.get((row.part.issuer, row.part.label))
        return not published or (shown is not None and _shows(shown, row)) or _readable(signer, there, now)

    return intact


def _shows(shown: CRLRow | SliceRow, row: Issued) -> bool:
    """Whether what is published is what a bundle has, or newer; a renewal covers no other revision than before."""
    if shown.revision < row.revision:
        return False
    if isinstance(shown, CRLRow):
        return shown.number >= (row.crl_number or 0)
    return not row.complete or shown.this_update >= row.this_update  # it says the time of the oldest response


def _readable(signer: Signer, bundle: Stored, now: datetime) -> bool:
    """Read it whole, but once an hour at most: a publisher that is away lacks it for hours, and it may be large."""
    if bundle in signer.sound and timedelta(0) <= now - signer.sound[bundle] < _SOUND_FOR:
        return True
    try:
        with signer.exchange.open(bundle.name) as source:
            for _ in BundleReader(bundle.name, source).artifacts():
                pass
    except BundleError:
        return False
    if len(signer.sound) >= _MOST_SOUND:
        signer.sound.clear()
    signer.sound[bundle] = now
    return True
