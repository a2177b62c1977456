"""CSV: the header decides, every line is checked, and what is wrong is named with its line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation import serials
from revocation.clock import from_epoch, iso
from revocation.errors import InputError
from revocation.issuer import Issuer
from revocation.status import Reason, Revocation
from signer.importers import csv_table
from signer.importers.entry import ImportEntry

HEADER = "serial,not_after,status,revoked_at,reason"
VALID = "0A,2027-03-01T12:00:00Z,valid,,"
END = datetime(2027, 3, 1, 12, tzinfo=UTC)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "certificates.csv"


def read(path: Path, issuer: Issuer, *lines: str) -> list[ImportEntry]:
    path.write_text("".join(line + "\n" for line in lines))
    return list(csv_table.read(path, issuer).entries)


def test_line_becomes_an_entry_with_its_place(table: Path, issuer: Issuer) -> None:
    """A valid certificate has no revocation, and no CSV has the certificate itself."""
    entry = ImportEntry(b"\x0a", END, False, None, None, f"{table} line 2", says_kind=False)
    assert read(table, issuer, HEADER, VALID) == [entry]


@pytest.mark.parametrize(("text", "says"), [("true", (True, True)), ("False", (True, False)), ("", (False, False))])
def test_kind_may_be_there(table: Path, issuer: Issuer, text: str, says: tuple[bool, bool]) -> None:
    """Whether it is a CA's certificate; where it is empty, nobody says so."""
    (entry,) = read(table, issuer, HEADER + ",is_ca", f"{VALID},{text}")
    assert (entry.says_kind, entry.is_ca) == says


def test_kind_of_another_word_is_refused(table: Path, issuer: Issuer) -> None:
    """Not guessed at."""
    with pytest.raises(InputError, match="its is_ca is 'yes': expected is true, false or nothing"):
        read(table, issuer, HEADER + ",is_ca", f"{VALID},yes")


@pytest.mark.parametrize(
    ("status", "revoked_at", "reason", "revocation"),
    [
        ("valid", "", "", None),
        ("VALID", "", "", None),
        ("expired", "", "", None),
        ("revoked", "2026-03-01T12:00:00Z", "", Revocation(AT)),
        ("revoked", "2026-03-01T12:00:00+00:00", "unspecified", Revocation(AT)),
        ("revoked", "2026-03-01T12:00:00Z", "keyCompromise", Revocation(AT, Reason.keyCompromise)),
        ("Revoked", "2026-03-01 12:00:00Z", "certificate_hold", Revocation(AT, Reason.certificateHold)),
        ("expired", "2026-03-01T12:00:00Z", "superseded", Revocation(AT, Reason.superseded)),
    ],
)
def test_status_and_revocation_are_read(
    table: Path, issuer: Issuer, status: str, revoked_at: str, reason: str, revocation: Revocation | None
) -> None:
    """An expired certificate that has a date of revocation is revoked."""
    line = f"0A,2027-03-01T12:00:00Z,{status},{revoked_at},{reason}"
    assert read(table, issuer, HEADER, line)[0].revocation == revocation


def test_invalidity_date_may_be_there(table: Path, issuer: Issuer) -> None:
    """Columns stand in any order, and spaces around them are no harm."""
    (entry,) = read(
        table,
        issuer,
        "invalidity_date, reason, revoked_at, status, not_after, serial",
        "2026-01-01T00:00:00Z,keyCompromise,2026-03-01T12:00:00Z,revoked, 2027-03-01T12:00:00Z , 0x0A",
    )
    assert entry.revocation == Revocation(AT, Reason.keyCompromise, datetime(2026, 1, 1, tzinfo=UTC))
    assert (entry.serial, entry.not_after) == (b"\x0a", END)


def test_byte_order_mark_and_windows_lines_are_no_harm(table: Path, issuer: Issuer) -> None:
    """What a spreadsheet saves; empty lines are skipped and counted."""
    table.write_bytes(f"\ufeff{HEADER}\r\n\r\n{VALID}\r\n".encode())
    (entry,) = csv_table.read(table, issuer).entries
    assert entry.place == f"{table} line 3"


def test_fields_may_be_quoted(table: Path, issuer: Issuer) -> None:
    """As spreadsheets do."""
    assert len(read(table, issuer, HEADER, '"0A","2027-03-01T12:00:00Z","valid","",""')) == 1


@given(st.integers(min_value=-(1 << 200), max_value=1 << 200), st.integers(min_value=0, max_value=253402300799))
def test_any_serial_and_time_go_through(
    tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, number: int, seconds: int
) -> None:
    """As we print them ourselves."""
    table, serial, moment = tmp_path_factory.getbasetemp() / "any.csv", serials.from_int(number), from_epoch(seconds)
    (entry,) = read(table, issuer, HEADER, f"{serials.to_hex(serial)},{iso(moment)},valid,,")
    assert (entry.serial, entry.not_after) == (serial, moment)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "its header lacks serial, not_after, status, revoked_at, reason.*with commas, in any order"),
        (VALID, "its header lacks serial"),
        (HEADER.replace(",", ";"), "its header lacks serial"),
        ("serial,not_after,status,revoked_at", "its header lacks reason"),
        (HEADER + ",comment", "its header has the unknown column 'comment'"),
        (HEADER + ",", "its header has the unknown column ''"),
        (HEADER + ",reason", "its header has a column twice"),
    ],
)
def test_header_that_is_not_ours_is_refused_at_once(table: Path, issuer: Issuer, header: str, message: str) -> None:
    """Unknown columns would be ignored in silence, and a missing header would lose a certificate."""
    table.write_text(f"{header}\n{VALID}\n")
    with pytest.raises(InputError, match=message) as caught:
        csv_table.read(table, issuer)
    assert caught.value.where == f"{table} line 1"


def test_empty_file_is_refused(table: Path, issuer: Issuer) -> None:
    """It has no header."""
    table.touch()
    with pytest.raises(InputError, match="its header lacks"):
        csv_table.read(table, issuer)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0A,2027-03-01T12:00:00Z,valid,", "has 4 fields where the header has 5"),
        (VALID + ",", "has 6 fields where the header has 5"),
        (VALID.replace("0A", "0G"), "'0G' is not a serial number"),
        (VALID.replace("0A", ""), "'' is not a serial number"),
        (VALID.replace("2027-03-01T12:00:00Z", ""), "its not_after is '': expected is a time in UTC such as"),
        (VALID.replace("12:00:00Z", "12:00:00"), "its not_after is '2027-03-01T12:00:00'"),
        (VALID.replace("12:00:00Z", "12:00:00+01:00"), "its not_after is"),
        (VALID.replace("12:00:00Z", "12:00:00.5Z"), "its not_after is"),
        (VALID.replace("2027-03-01T12:00:00Z", "1 March 2027"), "its not_after is '1 March 2027'"),
        (VALID.replace("valid", "good"), "has the status 'good': expected is one of valid, revoked, expired"),
        (VALID.replace("valid", ""), "has the status ''"),
        (VALID.replace("valid", "revoked"), "is revoked, and revoked_at is empty"),
        ("0A,2027-03-01T12:00:00Z,valid,2026-03-01T12:00:00Z,", "is valid, and yet has a revoked_at"),
        ("0A,2027-03-01T12:00:00Z,valid,,superseded", "has a reason or an invalidity_date without a revoked_at"),
        ("0A,2027-03-01T12:00:00Z,revoked,yesterday,", "its revoked_at is 'yesterday'"),
        ("0A,2027-03-01T12:00:00Z,revoked,2026-03-01T12:00:00Z,stolen", "'stolen' is not a revocation reason"),
        ("0A,2027-03-01T12:00:00Z,revoked,2026-03-01T12:00:00Z,removeFromCRL", "is not a revocation reason"),
        ('"0A,2027', "is not CSV: unexpected end of data"),
        ("x" * 200_000, "is not CSV: field larger"),
        ("0a,2028-03-01T12:00:00Z,valid,,", "serial 0A appears a second time"),
    ],
)
def test_bad_line_is_named_with_what_was_expected(table: Path, issuer: Issuer, line: str, message: str) -> None:
    """File, number of the line, and what should stand there."""
    with pytest.raises(InputError, match=message) as caught:
        read(table, issuer, HEADER, VALID, line)
    assert caught.value.where == f"{table} line 3"


def test_invalidity_date_is_a_time(table: Path, issuer: Issuer) -> None:
    """Else it is named like the others."""
    line = "0B,2027-03-01T12:00:00Z,revoked,2026-03-01T12:00:00Z,keyCompromise,long ago"
    with pytest.raises(InputError, match="its invalidity_date is 'long ago'"):
        read(table, issuer, HEADER + ",invalidity_date", line)


@pytest.mark.parametrize("data", [b"\xff\xfe" + HEADER.encode("utf-16-le"), HEADER.encode() + b"\n\xe4,\xf6\n"])
def test_file_that_is_not_utf_8_is_refused(table: Path, issuer: Issuer, data: bytes) -> None:
    """It is said which encoding is expected."""
    table.write_bytes(data)
    with pytest.raises(InputError, match="is not text in UTF-8"):
        list(csv_table.read(table, issuer).entries)


def test_missing_file_is_named(table: Path, issuer: Issuer) -> None:
    """With the system's reason."""
    with pytest.raises(InputError, match="cannot be read: No such file"):
        csv_table.read(table, issuer)


def test_source_says_how_many_to_expect(table: Path, issuer: Issuer) -> None:
    """For the progress bar; the header is none of them."""
    table.write_text(f"{HEADER}\n{VALID}\n")
    source = csv_table.read(table, issuer)
    assert (source.description, source.expected, source.crl_number) == (f"CSV {table}", 1, None)
