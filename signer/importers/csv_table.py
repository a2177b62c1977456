"""A CSV of certificates, for PKIs that no other importer knows: a header, then a certificate a line.

Columns, in any order: serial (hexadecimal), not_after, status (valid, revoked, expired), revoked_at, reason and, if
wanted, invalidity_date, shard (of its CRL) and is_ca (true or false). Times are ISO 8601 in UTC, to the second:
`2026-03-01T12:00:00Z`.
"""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from revocation import serials
from revocation.errors import InputError
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry, ImportSource, each_once
from signer.importers.index import count_lines

if TYPE_CHECKING:
    import _csv

REQUIRED = ("serial", "not_after", "status", "revoked_at", "reason")
OPTIONAL = ("invalidity_date", "shard", "is_ca")
_KINDS = {"true": True, "false": False, "": None}
_STATUSES = ("valid", "revoked", "expired")


def read(path: Path, issuer: Issuer) -> ImportSource:  # noqa: ARG001 - a CSV names no issuer; the operator does
    """The certificates of a CSV file; a byte order mark before the header is no harm.

    Raises:
        InputError: unreadable, or its header is not the one above; while iterating, what is wrong with a line.
    """
    with _open(path) as file:
        _columns(csv.reader(file, strict=True), path)
    return ImportSource(
        description=f"CSV {path}", entries=each_once(_entries(path)), expected=max(count_lines(path) - 1, 0)
    )


def _open(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _entries(path: Path) -> Iterator[ImportEntry]:
    with _open(path) as file:
        rows = csv.reader(file, strict=True)
        columns = _columns(rows, path)
        for row in _readable(rows, path):
            if row:
                yield _entry(row, columns, f"{path} line {rows.line_num}")


def _readable(rows: "_csv.Reader", path: Path) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise InputError(f"is not CSV: {error}", where=f"{path} line {rows.line_num}") from error
    except UnicodeDecodeError as error:
        raise InputError("is not text in UTF-8", where=f"{path} after line {rows.line_num}") from error


def _columns(rows: "_csv.Reader", path: Path) -> list[str]:
    columns = [name.strip().lower() for name in next(_readable(rows, path), [])]
    what = ""
    if missing := [name for name in REQUIRED if name not in columns]:
        what = f"its header lacks {', '.join(missing)}"
    elif unknown := [name for name in columns if name not in REQUIRED + OPTIONAL]:
        what = f"its header has the unknown column {unknown[0][:40]!r}"
    elif len(set(columns)) != len(columns):
        what = "its header has a column twice"
    if what:
        raise InputError(
            what,
            where=f"{path} line 1",
            advice=f"expected is {','.join(REQUIRED)} and perhaps {','.join(OPTIONAL)}, with commas, in any order",
        )
    return columns


def _entry(row: list[str], columns: list[str], place: str) -> ImportEntry:
    try:
        return _parse_row(row, columns, place)
    except InputError as error:
        raise InputError(error.what, where=place, advice=error.advice) from error


def _parse_row(row: list[str], columns: list[str], place: str) -> ImportEntry:
    if len(row) != len(columns):
        raise InputError(f"has {len(row)} fields where the header has {len(columns)}")
    fields = {name: field.strip() for name, field in zip(columns, row, strict=True)}
    is_ca = _kind(fields.get("is_ca", ""))
    return ImportEntry(
        serial=serials.from_hex(fields["serial"]),
        not_after=_time(fields["not_after"], "not_after"),
        is_ca=bool(is_ca),
        revocation=_revocation(fields),
        certificate=None,
        place=place,
        shard=_shard(fields.get("shard", "")),
        says_kind=is_ca is not None,
    )


def _kind(text: str) -> bool | None:
    if text.lower() not in _KINDS:
        raise InputError(f"its is_ca is {text[:20]!r}: expected is true, false or nothing")
    return _KINDS[text.lower()]


def _shard(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit()):
        raise InputError(f"its shard is {text[:20]!r}: expected is a number")
    return int(text) if text else None


def _revocation(fields: dict[str, str]) -> Revocation | None:
    status, revoked_at = fields["status"].lower(), fields["revoked_at"]
    reason, invalidity = fields["reason"], fields.get("invalidity_date", "")
    if status not in _STATUSES:
        raise InputError(f"has the status {fields['status'][:20]!r}: expected is one of {', '.join(_STATUSES)}")
    if status == "revoked" and not revoked_at:
        raise InputError("is revoked, and revoked_at is empty")
    if status == "valid" and revoked_at:
        raise InputError(f"is valid, and yet has a revoked_at, {revoked_at!r}: one of them is wrong")
    if not revoked_at and (reason or invalidity):
        raise InputError("has a reason or an invalidity_date without a revoked_at")
    if not revoked_at:
        return None
    return Revocation(
        _time(revoked_at, "revoked_at"),
        Reason.parse(reason) if reason else Reason.unspecified,
        _time(invalidity, "invalidity_date") if invalidity else None,
    )


def _time(text: str, column: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() != timedelta(0) or moment.microsecond:
        raise InputError(f"its {column} is {text[:40]!r}: expected is a time in UTC such as 2026-03-01T12:00:00Z")
    return moment
