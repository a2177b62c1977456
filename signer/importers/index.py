"""`index.txt`, the text database of `openssl ca` and so of Easy-RSA: a certificate a line, six fields between tabs.

Status, expiry, revocation, serial, file name, subject. The file name is `unknown` in practice and says nothing.
Lines that start with # and empty lines are skipped; a backslash before a tab makes it part of the subject.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from revocation import serials
from revocation.errors import InputError
from signer.importers.entry import ImportEntry
from signer.importers.index_fields import parse_revocation, parse_time

_FIELDS = ("status", "expiry", "revocation", "serial", "file name", "subject")
_MORE = len(_FIELDS) - 1
_BARE_TAB = re.compile(r"(?<!\\)\t")
_HEAD = 65536
_CORRECT = "correct the line, from a copy of the file or from the certificate, and import again: nothing was imported"
_BYTE_ORDER_MARK = codecs.BOM_UTF8.decode("latin-1")


def read_index(path: Path) -> Iterator[ImportEntry]:
    """Every certificate of the file, line by line; serials are not compared with each other here.

    Only ASCII fields are looked at, so the encoding of the subjects is of no importance.

    Raises:
        InputError: while iterated: not an index.txt, or a line is not as it should be, with its number.
    """
    try:
        _require_text(path)
        with path.open(encoding="latin-1", newline="\n") as file:
            for number, line in enumerate(file, 1):
                text = line.removeprefix(_BYTE_ORDER_MARK if number == 1 else "").rstrip("\r\n")
                if text and text[0] != "#":
                    yield _placed(text, f"{path} line {number}")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def count_lines(path: Path) -> int:
    """How many lines there are: about as many certificates.

    Raises:
        InputError: unreadable.
    """
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def parse_line(text: str, place: str) -> ImportEntry:
    """One line without its end.

    Raises:
        InputError: not a line of an index.txt; it does not say where.
    """
    fields = text.split("\t", _MORE)
    if len(fields) != len(_FIELDS) or ("\t" in fields[-1] and _BARE_TAB.search(fields[-1])):
        found = len(_BARE_TAB.split(text))
        raise InputError(
            f"has {found} field{'s' * (found != 1)} where {len(_FIELDS)} with tabs between them were expected",
            advice="they are: " + ", ".join(_FIELDS),
        )
    status, expiry, revocation, serial, _, _ = fields
    if status not in ("V", "R", "E"):
        raise InputError(
            f"starts with {status[:20]!r} where V (valid), R (revoked) or E (expired) was expected", advice=_CORRECT
        )
    if status == "R" and not revocation:
        raise InputError("is revoked (R), and its third field, the revocation date, is empty", advice=_CORRECT)
    if status == "V" and revocation:
        raise InputError(
            f"is valid (V), and yet has a revocation date, {revocation[:80]!r}: one of them is wrong", advice=_CORRECT
        )
    return ImportEntry(
        serial=serials.from_hex(serial),
        not_after=parse_time(expiry),
        is_ca=False,
        revocation=parse_revocation(revocation) if revocation else None,
        certificate=None,
        place=place,
        says_kind=False,
    )


def _placed(text: str, place: str) -> ImportEntry:
    try:
        return parse_line(text, place)
    except InputError as error:
        raise InputError(error.what, where=place, advice=error.advice) from error


def _require_text(path: Path) -> None:
    with path.open("rb") as file:
        if b"\0" in file.read(_HEAD):
            raise InputError(
                "is not an index.txt of `openssl ca` or Easy-RSA: it is not text, or text in UTF-16",
                where=str(path),
            )
