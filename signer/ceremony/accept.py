"""Online: what came back from a ceremony goes into the exchange, and its numbers into the ledger.

What is on the stick is believed as far as the issuer's key signed it. The gate of each publisher looks at all of it
again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from sqlalchemy import Connection

from revocation.artifacts import Kind
from revocation.bundle.manifest import is_bundle_name, part_of
from revocation.clock import iso
from revocation.errors import Refused
from revocation.wire.exchange import FolderExchange
from signer.ceremony.again import listed
from signer.ceremony.brought import Answers, issuer_of, read_crls, read_responses, slice_revisions
from signer.ceremony.lacking import left_out
from signer.ceremony.output import read_output
from signer.ceremony.schedule import first_of_each, require_begun, require_schedule, told
from signer.ceremony.transcript import Transcript
from signer.ceremony.unanswered import without_response
from signer.ceremony.unasked import as_requested
from signer.ledger import audit, ceremonies, continuity, crl_numbers
from signer.ledger.ceremonies import Ceremony, Step
from signer.recovery.signed import SignedCRL
from signer.signer import Signer

_PIECE: Final = 1 << 20


@dataclass(frozen=True)
class Accepted:
    """What became of it.

    Attributes:
        crls: the issuer, the label, the number and the end of each, in words.
        put: the bundles that were put into the exchange.
        was_known: whether it was accepted before.
        left_out: what the CRLs do not say although it is recorded here, in words.
    """

    transcript: Transcript
    crls: tuple[str, ...]
    put: tuple[str, ...]
    was_known: bool
    left_out: tuple[str, ...]


def accept(
    signer: Signer, folder: Path, now: datetime, without: Collection[str] = (), *, ahead: bool = False
) -> Accepted:
    """Take in the folder of a ceremony; again, it puts what is missing.

    Args:
        without: ids of messages that may not have been done.
        ahead: whether what it signed may begin later than now.

    Raises:
        InputError: the folder is not whole.
        Refused: it answers no request of this ledger, a later one was accepted, it lacks a CRL or a response, or
            something in it is not signed by its issuer.
    """
    transcript = read_output(folder)
    source = FolderExchange(folder)
    names = [bundle.name for bundle in transcript.bundles]
    _require_ours(signer, names)
    crls = read_crls(signer, source, names)
    answers = read_responses(signer, source, names, crls)
    _require_each(signer, crls)
    if not ahead:
        require_begun(crls, now)
    slices = slice_revisions(source, names)
    was_known, left = _note(signer, transcript, crls, answers, slices, now, without)
    put = tuple(name for name in names if _put(signer, source, name))
    _take_out_older(signer, names)
    return Accepted(transcript, tuple(told(crls, now)), put, was_known, left)


def _require_ours(signer: Signer, names: Sequence[str]) -> None:
    """Return if every bundle is of an issuer whose key is offline: of others this ledger numbers them."""
    ids = {profile.issuer.id for profile in signer.offline}
    for name in names:
        if issuer_of(name) not in ids:
            raise Refused(
                "is of no issuer whose key is offline",
                where=f"bundle {name}",
                advice="see `offline` in [[signer.issuers]]",
            )


def _require_each(signer: Signer, crls: Sequence[SignedCRL]) -> None:
    """Return if each CRL is there that is configured, and each series without a gap."""
    for profile in signer.offline:
        for spec in profile.complete_crls.values():
            found = [crl for crl in crls if crl.spec == spec]
            if not found:
                raise Refused(
                    "is not among what the ceremony signed",
                    where=str(spec),
                    advice="configure the two machines alike, [public] above all, and hold another ceremony",
                )
            require_schedule(spec, found)


def _note(
    signer: Signer,
    transcript: Transcript,
    crls: Sequence[SignedCRL],
    answers: Answers,
    slices: Mapping[str, Mapping[str, int]],
    now: datetime,
    without: Collection[str],
) -> tuple[bool, tuple[str, ...]]:
    """Remember the ceremony and its numbers; whether it was accepted before, and what it left out."""
    digest = transcript.request
    where = f"ceremony of {iso(transcript.at)}, request sha256:{digest}"
    with signer.ledger.write() as connection:
        requested = ceremonies.of_request(connection, Step.REQUESTED, digest)
        known = ceremonies.of_request(connection, Step.ACCEPTED, digest)
        asked = requested or known or as_requested(connection, transcript, crls, now, where)
        last = ceremonies.last(connection, Step.ACCEPTED)
        if known is not None or asked.predecessor is not None:  # all that there is: its numbers say whether it is old
            _require_later(asked, last, where)
        numbers = {f"{crl.profile.issuer.name}/{crl.number}": iso(crl.next_update) for crl in crls}
        allowed = {*without, *(last.detail["left_out"] if last is not None else ())}
        revisions = asked.detail["revisions"]
        at = max(now, *(crl.this_update for crl in first_of_each(crls)))
        if known is not None:
            _require_same(known, numbers, where)
            without_response(connection, signer, transcript, answers, revisions, at, allowed)
            return True, tuple(known.detail["left_out"].values())
        for crl in crls if requested is not None else ():
            _require_newer(connection, crl, where)
        for crl in crls:  # two CRLs of one issuer may have one number
            crl_numbers.raise_crl_floor(connection, crl.profile.issuer, crl.number)
        left = left_out(connection, transcript, first_of_each(crls), revisions, allowed)
        left = without_response(connection, signer, transcript, answers, revisions, at, allowed) | left
        about = listed(connection, crls, revisions, left)
        found = {"held_at": iso(transcript.at), "crls": numbers, "left_out": left, "listed": about, "slices": slices}
        detail = {**asked.detail, **found, "breaks": continuity.breaks(connection)}
        ceremonies.note(connection, Ceremony(Step.ACCEPTED, now, digest, asked.made_at, asked.predecessor, detail))
        what = {"request": digest, "crls": numbers, "left_out": sorted(left)}
        audit.record(connection, now, "ceremony accept", None, **what)
    return False, tuple(left.values())


def _require_later(asked: Ceremony, last: Ceremony | None, where: str) -> None:
    """Return if the request follows on the last that was accepted, or was made after it."""
    if last is not None and last.made_at > asked.made_at and asked.predecessor != last.request:
        raise Refused(
            f"is older than the one that was accepted at {iso(last.at)}, whose request was made at {iso(last.made_at)}",
            where=where,
            advice="take in the folder of the last ceremony, or hold another: `revocast ceremony request --all`",
        )


def _require_same(known: Ceremony, numbers: Mapping[str, str], where: str) -> None:
    """Return if the numbers are those that were accepted, and so remembered: the transcript may name any request."""
    if known.detail["crls"] != numbers:
        raise Refused(
            f"was accepted at {iso(known.at)} with CRL number {_listed(known.detail['crls'])}, and this is "
            f"{_listed(numbers)}: it is of another ceremony, whatever its transcript says",
            where=where,
            advice="take in the folder that the ceremony of this request left, or have it written again",
        )


def _listed(numbers: Mapping[str, str]) -> str:
    return ", ".join(number.rpartition("/")[2] for number in numbers)


def _require_newer(connection: Connection, crl: SignedCRL, where: str) -> None:
    """Return if the number is above all that is known: a ceremony begins above what its request says.

    The transcript, which says what request a ceremony answers, is not signed; the CRL is.
    """
    highest = crl_numbers.highest_crl_number(connection, crl.profile.issuer)
    if crl.number <= highest:
        raise Refused(
            f"CRL number {crl.number} of {crl.profile.issuer.name} is not above {highest}, which is known here: it is "
            "of another ceremony, whatever its transcript says",
            where=where,
            advice="take in the folder that the ceremony of this request left, or have it written again",
        )


def _put(signer: Signer, source: FolderExchange, name: str) -> bool:
    """Whether it was put; one that is there in this size stays."""
    size = next(stored.size for stored in source.list() if stored.name == name)
    if any((stored.name, stored.size) == (name, size) for stored in signer.exchange.list()):
        return False

    def write(out: BinaryIO) -> None:
        with source.open(name) as file:
            while piece := file.read(_PIECE):
                out.write(piece)

    signer.exchange.put(name, write)
    return True


def _take_out_older(signer: Signer, names: Sequence[str]) -> None:
    """What an earlier ceremony signed of the same parts; why entries left CRLs stays as long as ever.

    The transcript, which may have been shortened on its way, says what is there: of a part that it lacks nothing is
    taken out.
    """
    parts = {part_of(name) for name in names}
    for stored in signer.exchange.list():
        if stored.name in names or not is_bundle_name(stored.name) or f"-{Kind.DEPARTED}-" in stored.name:
            continue
        if part_of(stored.name) in parts:
            signer.exchange.remove(stored.name)
