"""The status of a target: what was saved in it, believed only while it is what the marks expect.

A status that is lost, forged, or older than the last one says that the target was wiped, tampered with or restored:
then it counts as empty, and is rebuilt by replaying the exchange.
"""

import functools
import hashlib
import logging
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from publisher.config import DirectoryTable, LMDBTable, PublisherConfig, RedisTable, S3Table, TargetTable
from publisher.lock import alone_in_process
from publisher.marks import Marks
from publisher.rows import prune_rows
from publisher.targets.opening import kinds_of, open_files, saved_status, static_folder
from publisher.targets.protocol import StaticTarget, StatusKeeper
from revocation.config import PublicConfig
from revocation.errors import TargetError
from revocation.paths import crl_path
from revocation.published import TargetStatus

_LOG: Final = logging.getLogger("revocast.publisher")


def read_statuses(config: PublisherConfig, public: PublicConfig, now: datetime) -> list[TargetStatus]:
    """What every target says of itself; empty where that is lost or not to be believed. Publishes nothing.

    A CRL that is not there as its row says has no row, and a target that cannot be read counts as empty: whoever asks
    has to publish again in either case.
    """
    with alone_in_process():
        statuses = [_read(config, table, public, now) for table in config.targets]
    for status in statuses:
        prune_rows(status, public.profiles)
    return statuses


def _read(config: PublisherConfig, table: TargetTable, public: PublicConfig, now: datetime) -> TargetStatus:
    files = open_files(table, public) if isinstance(table, DirectoryTable | S3Table) else None
    try:
        with Marks(config.state, readonly=True) as marks:
            status = believed(_saved(table, files), table, marks) or empty_status(table, now)
        if files is not None:
            status.crls = [r for r in status.crls if files.digest(crl_path(r.issuer, r.label)) == r.sha256]
        if isinstance(table, DirectoryTable):
            status.slices = status.slices if static_folder(table).is_dir() else []
    except TargetError as error:
        if (config.state / "marks/data.mdb").exists():  # else nothing was ever published
            _tell(str(error))
        return empty_status(table, now)
    return status


def _saved(table: TargetTable, files: StaticTarget | None) -> bytes | None:
    try:
        if isinstance(table, LMDBTable | RedisTable):
            return saved_status(table)
        return files.load_status() if files else None
    except TargetError as error:
        _tell(str(error))
        return None


@functools.cache
def _tell(trouble: str) -> None:
    """Once in a process: who waits for something asks many times a second."""
    _LOG.warning("it counts as empty: %s", trouble)


def believed(saved: bytes | None, table: TargetTable, marks: Marks) -> TargetStatus | None:
    """The status, if it is the one that was saved last."""
    if saved is None or hashlib.sha256(saved).digest() not in marks.status_digests(table.name):
        return None
    try:
        status = TargetStatus.model_validate_json(saved)
    except ValidationError:  # of another version of this program
        return None
    status.kinds = kinds_of(table)
    return status


def save_status(target: StatusKeeper, status: TargetStatus, marks: Marks) -> None:
    """Save it, after its artifacts. A crash in between leaves the old one believed, and what it lacks is done again."""
    text = status.model_dump_json(exclude=status.unsaid).encode() + b"\n"
    new = hashlib.sha256(text).digest()
    held = hashlib.sha256(target.load_status() or b"").digest()
    marks.expect_status(status.target, [*({held} & {*marks.status_digests(status.target)}), new])
    target.save_status(text)
    marks.expect_status(status.target, [new])
    there = {crl_path(row.issuer, row.label): (row.number, row.sha256) for row in status.crls}
    marks.expect_crls(status.target, there)


def empty_status(table: TargetTable, now: datetime) -> TargetStatus:
    """The status of a target that holds nothing."""
    return TargetStatus(target=table.name, kinds=kinds_of(table), updated_at=now)
