"""Pre-signing the OCSP responses of a slice: all of its live certificates, or those that changed since a revision.

Those of which the rules of the issuer let no response speak are left out: see `signer.unanswered`.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from typing import BinaryIO, Final, cast

from sqlalchemy import Connection

from revocation import der
from revocation.clock import Clock
from revocation.compliance import Compliance
from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from revocation.part import Part
from signer.batch import Recipe
from signer.delegates import Delegate, delegate, issuer_itself
from signer.encoding.ocsp import ResponseTemplate
from signer.expired import require_live
from signer.keys.limited_key import Use
from signer.keys.limits import LimitReached, TooManyAtOnce, check_lasts
from signer.keys.purpose import Purpose
from signer.ledger import audit, dates, facts, issued, this_updates
from signer.ledger.facts import Status
from signer.ledger.issued import Issued
from signer.produce import put_bundle
from signer.responses import BLOCK, SignedResponses, sign_responses
from signer.signer import Signer
from signer.unanswered import answered
from signer.unsigned import given_back

_IN_MEMORY: Final = 8 << 20
"""Octets of a bundle that are kept in memory; a larger one is put together on disk."""


def presign(
    signer: Signer,
    profile: IssuerProfile,
    part: Part,
    base_revision: int,
    clock: Clock,
    between: Callable[[], None] = lambda: None,
) -> Issued:
    """Sign the responses of a slice and put them into the exchange; `base_revision` 0 means all of them.

    The facts are read as they were when the slice got its revision, while others go on to record new ones.

    Args:
        between: called again and again meanwhile; it may sign and put what is newer, of the same slice too.

    Raises:
        LimitReached: the CA key does not sign that for so long, or not now.
        KeyUnavailable: there is no responder certificate that is valid now, or its key is gone; or the CA key cannot be
            used, where that signs.
        Refused: the issuer has expired.
        TooEarly: they would not be later than those before, or than what they say was revoked.
    """
    require_live(profile.issuer, clock())
    ca_key = signer.keyring.key_of(profile.issuer, Purpose.OCSP) if profile.ocsp.direct else None
    itself = issuer_itself(ca_key, profile.issuer) if ca_key else None
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="revocast-") as spool:
        out = cast("BinaryIO", spool)
        with ExitStack() as reading:
            with signer.ledger.write() as connection:
                now = clock()
                responder = itself or _delegate(connection, signer, profile, now)
                known = reading.enter_context(signer.ledger.read())
                row = _reserve(connection, known, profile, part, base_revision, responder, now)
                lasts = row.next_update - row.this_update
                check_lasts(signer.keyring.limits_of(profile.issuer), Purpose.OCSP, lasts, str(part))
                if ca_key:  # no signature of the CA key is without a record
                    number = sum(map(len, _blocks(known, profile, row))) * len(profile.ocsp.responses)
                    has_news = _has_news(connection, known, profile, row)
                    with _explained(profile):
                        ca_key.permit(connection, Use(number, lasts, for_revocation=has_news), now)
                    _note(connection, row, responder, now, "sign ocsp with ca key", responses=number)
            with given_back(signer.ledger, ca_key):
                signed = _sign(signer, known, profile, row, responder, out, between)
        with signer.ledger.write() as connection:
            said = {"responses": signed.count, "batch_sha256": signed.tbs_sha256}
            _note(connection, row, responder, now, "sign ocsp", **said)  # before any of it leaves the room
        put_bundle(signer, row, signed.files, signed.count)
    return row


@contextmanager
def _explained(profile: IssuerProfile) -> Iterator[None]:
    """A slice is signed whole or not at all: where it has too many responses for the key, smaller ones may not."""
    try:
        yield
    except TooManyAtOnce as error:
        slices, forms = profile.ocsp.slices, len(profile.ocsp.responses)
        each = f"each with {forms} responses" if forms > 1 else "each with one response"
        raise LimitReached(
            f"{error.what}, which are those of {error.number // forms} certificates, {each}",
            where=error.where,
            advice=f"signatures_per_hour = {error.needed} or more, in [signer.issuers.limits]; or more slices: "
            f"{slices} x {error.number} / {error.room} = {-(-slices * error.number // error.room)} is too few, as "
            "they are not equally large (`slices` in [public.ocsp])",
        ) from error


def _reserve(
    connection: Connection,
    known: Connection,
    profile: IssuerProfile,
    part: Part,
    base_revision: int,
    responder: Delegate,
    now: datetime,
) -> Issued:
    """The row of what will be signed; nothing outlives the delegate or the issuer.

    Args:
        known: another transaction, which from here on sees the facts as they are now.
    """
    issuer = profile.issuer
    dates.require_passed(connection, issuer, now)
    this_updates.require_later(connection, part, now)
    return issued.reserve(
        connection,
        issuer,
        part,
        base_revision=base_revision,
        revision=facts.revision_of(known, issuer),
        this_update=now,
        next_update=min(now + profile.compliance.lasting(profile.ocsp.expires), responder.not_after, issuer.not_after),
        slices=profile.ocsp.slices,
        hashes=profile.ocsp.form,
    )


def _sign(
    signer: Signer,
    known: Connection,
    profile: IssuerProfile,
    row: Issued,
    responder: Delegate,
    out: BinaryIO,
    between: Callable[[], None],
) -> SignedResponses:
    blocks = _blocks(known, profile, row)
    make = partial(signer.signing.batch, _recipe(profile, responder, row), responder.key, responder.file)
    path = f"ocsp/{row.part.issuer}/{row.part.label}-{{:05d}}.ders"
    return sign_responses(make, blocks, responder.key.public_key_info, path, out, between)


def _blocks(known: Connection, profile: IssuerProfile, row: Issued) -> Iterator[Sequence[Status]]:
    """The certificates that are answered for, some at a time."""
    hashes = facts.slice_hashes(row.part.slice, profile.ocsp.slices)
    since = profile.ocsp.answered_since(row.this_update)
    only = answered(profile)
    return facts.live_statuses(known, profile.issuer, hashes, since, BLOCK, after_revision=row.base_revision, only=only)


def _has_news(connection: Connection, known: Connection, profile: IssuerProfile, row: Issued) -> bool:
    """Whether a status changed since the slice was signed last, and certificates did not only come or grow old."""
    last = issued.last_stored(connection, row.part)
    since = row.base_revision or (last.revision if last else 0)
    return facts.has_status_since(known, profile.issuer, facts.slice_hashes(row.part.slice, profile.ocsp.slices), since)


def _note(
    connection: Connection, row: Issued, responder: Delegate, now: datetime, action: str, **signed: object
) -> None:
    """Into the audit log."""
    what = {"slice": row.part.slice, "base_revision": row.base_revision, "revision": row.revision, "bundle": row.name}
    what |= {**row.said_window, **signed}
    audit.record_signing(connection, now, action, row.part.issuer, responder.key, Purpose.OCSP, **what)


def _recipe(profile: IssuerProfile, responder: Delegate, row: Issued) -> Recipe:
    template = ResponseTemplate(
        profile.issuer,
        (),
        der.public_key_octets(responder.key.public_key_info),
        responder.certificate,
        responder.key.algorithm_identifier,
        row.this_update,
        row.next_update,
        profile.ocsp.answered_since(row.this_update) if profile.ocsp.archive_cutoff else None,
    )
    return Recipe(tuple(profile.ocsp.responses), template)


def _delegate(connection: Connection, signer: Signer, profile: IssuerProfile, now: datetime) -> Delegate:
    found = delegate(connection, signer.responder_keys, profile, now)
    if found is None:
        rules = " and whose key the BRs allow (section 6.1.5)" if profile.compliance is Compliance.BR else ""
        raise KeyUnavailable(
            f"has no OCSP responder that can sign now{rules}",
            where=f"issuer {profile.issuer.name}",
            advice="`revocast generate-ocsp-keys` makes one; it needs the CA key",
        )
    return found
