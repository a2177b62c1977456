"""The signed head of the log: put beside the bundles after each look, and held against what lies there before.

So a log that is cut off, written anew or put back from a copy is noticed by whoever saw an earlier head: here first,
and by each publisher. What contradicts the log is left lying where it is, as evidence.
"""

from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection

from revocation.audithead import HEAD_NAME, AuditHead
from revocation.clock import iso
from revocation.errors import ExchangeError, InputError, LaterFormat, Refused, RevocastError
from revocation.windows import SKEW
from signer.auditing.log import chain_at, extent, require_entries
from signer.keys.audit_key import AuditSigner, load_audit_key
from signer.ledger import continuity
from signer.signer import Signer

_FOREIGN: Final = "an exchange is that of one ledger: from another one, as a ceremony's, copy bundles alone"


_PUT_BACK: Final = (
    "was the ledger put back from a copy? Then `revocast ledger reconcile`, after which people agree anew "
    "(docs/disaster.md). Else somebody could write in it: docs/audit.md"
)


class HeadContradicted(RevocastError):
    """A head tells of entries that the log does not have."""


class Chapter(NamedTuple):
    """Since when the log goes on behind a break, and what became of the ledger then."""

    began: datetime
    why: str


def tell_head(signer: Signer, *, is_told: bool) -> list[RevocastError]:
    """Put the head of now into the exchange, unless it lies there, or what lies there contradicts the log.

    Args:
        is_told: whether the look tells of trouble already: then it is enough to try again at the next one, where the
            exchange cannot be used.

    Returns:
        What is wrong with the log, or kept the head from being put.
    """
    where = f"{HEAD_NAME} in the exchange"
    try:
        key = load_audit_key(signer.config.keys)
        with signer.ledger.read() as connection:
            require_entries(connection)
            found, told = _told(signer, where)
            head = sign_head(connection, key)
            if isinstance(told, AuditHead):
                told = _evidence(connection, told, head, where)
        if head and head.line() != found:
            signer.exchange.put_head(head.line())
    except OSError as error:
        if is_told:
            return []
        advice = f"see to rights in {signer.config.exchange}; it is tried again at the next look"
        return [RevocastError(f"could not be put: {error.strerror or error}", where=where, advice=advice)]
    except ExchangeError as error:
        return [] if is_told else [error]
    except RevocastError as error:
        return [error]
    return [told] if isinstance(told, RevocastError) else []


def require_uncontradicted(signer: Signer) -> None:
    """Return if the log has what the head in the exchange names, before what is signed once is signed.

    A ledger that was put back by hand knows nothing of what it signed since, and would do an order a second time.

    Raises:
        Refused: it has not, or the exchange does not say.
        ChainBroken: the log was emptied.
    """
    where = f"{HEAD_NAME} in the exchange"
    with signer.ledger.read() as connection:
        require_entries(connection)
        if (told := _in_sight(signer, where, is_new=extent(connection) is None)) is None:
            return
        try:
            _evidence(connection, told, sign_head(connection, load_audit_key(signer.config.keys)), where)
        except HeadContradicted as error:
            raise Refused(f"{error.what}; nothing was signed", where=where, advice=_PUT_BACK) from error


def _in_sight(signer: Signer, where: str, *, is_new: bool) -> AuditHead | None:
    """The head that lies there; None where none does, or one of nobody here, which is told once it was replaced.

    Args:
        is_new: the log has no entry, and nothing was put yet.

    Raises:
        Refused: whether one lies there cannot be seen.
    """
    advice = f"see to {signer.config.exchange}, and give the command again"
    try:
        found, told = _told(signer, where)
        is_there = signer.exchange.is_there()
    except (OSError, ExchangeError) as error:
        said = (error.strerror or str(error)) if isinstance(error, OSError) else error.what
        raise _out_of_sight(said, where, advice) from error
    if not is_there and not is_new:
        where_none_was = "where there never was one, make it with `mkdir`"
        raise _out_of_sight("the folder is not there", where, f"{advice}; {where_none_was}")
    if isinstance(told, LaterFormat) or (found is None and isinstance(told, RevocastError) and not is_new):
        raise _out_of_sight(told.what, where, f"{advice}; what lies there was not put by the signer")
    return told if isinstance(told, AuditHead) else None


def _out_of_sight(said: str, where: str, advice: str) -> Refused:
    return Refused(
        f"cannot be read ({said}), and so nobody can see whether the ledger was put back since it signed last: "
        "nothing was signed",
        where=where,
        advice=advice,
    )


def _told(signer: Signer, where: str) -> tuple[bytes | None, AuditHead | RevocastError | None]:
    """What lies there, None where it was not read, and the head that it is.

    What is no head of ours is no evidence either, and is told once, before it is replaced: or anybody who can write
    there could have no head put any more.
    """
    try:
        found = signer.exchange.head()
    except InputError as error:
        return None, error
    if found is None:
        return None, None
    try:
        head = AuditHead.parse(found, where)
        head.verify(signer.public.audit_keys, where)
    except (InputError, LaterFormat) as error:
        return found, error
    return found, head


def _evidence(connection: Connection, told: AuditHead, own: AuditHead | None, where: str) -> InputError | None:
    """Nothing, where the log has what the head tells of, or says why not; else whether it is another signer's.

    Raises:
        HeadContradicted: it is of this log, or of one that this signer signed for.
    """
    try:
        hold_against(connection, told, where)
    except HeadContradicted:
        if own and told.log != own.log and told.key != own.key:
            return InputError("was of another signer's log, and is replaced", where=where, advice=_FOREIGN)
        raise
    return None


def sign_head(connection: Connection, key: AuditSigner) -> AuditHead | None:
    """The head of now, the same as long as nothing is added; None of a log without entries."""
    log, chapter = extent(connection), last_chapter(connection)
    if log is None:
        return None
    return key.sign(
        AuditHead(
            log=log.log,
            began=chapter.began if chapter else None,
            why=chapter.why[:200] if chapter else None,
            entry=log.last.id,
            chain=log.last.chain.hex(),
            at=log.last.written_at,
            key=key.public,
        )
    )


def last_chapter(connection: Connection) -> Chapter | None:
    """None of a ledger that was never restored, reconciled or made anew."""
    found = continuity.last_break(connection)
    return Chapter(*found) if found else None


def hold_against(connection: Connection, head: AuditHead, where: str) -> str | None:
    """Return if the log has what a head tells of; or why it need not: a copy took its place since, which says so.

    Raises:
        HeadContradicted: it has not.
    """
    log, chapter, found = extent(connection), last_chapter(connection), chain_at(connection, head.entry)
    if log and found == head.chain and log.log == head.log:
        return None
    what = f"of {iso(head.at)} names entry {head.entry}"
    is_earlier = chapter is not None and (head.began is None or head.began < chapter.began)
    if chapter and is_earlier and head.at <= chapter.began + SKEW:
        return f"{where} {what}, of before the ledger was {chapter.why} at {iso(chapter.began)}: this log lacks it"
    if chapter and is_earlier:
        said = f"and knew nothing of it that the ledger was {chapter.why} at {iso(chapter.began)}: that was added later"
    elif log is None or head.entry > log.last.id:
        said = f"and the log ends at entry {log.last.id if log else 0}: what came after it was cut off"
    elif log.log != head.log:
        said = "of another log: this one was made anew"
    else:
        said = "with another chain value than the log has there: what is up to it was written anew"
    raise HeadContradicted(
        f"{what}, {said}",
        where=where,
        advice="who could write in the ledger? Keep the file and a copy of the ledger, then see docs/audit.md",
    )


def read_lines(path: Path) -> list[tuple[str, bytes]]:
    """The lines of a file with heads, each with the words for where it stands.

    Raises:
        InputError: it cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    return [(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
