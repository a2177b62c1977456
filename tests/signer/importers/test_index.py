"""index.txt, line by line: what openssl writes is read, and what is wrong is named with its place."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revocation import serials
from revocation.errors import InputError
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry, each_once
from signer.importers.index import count_lines, parse_line, read_index
from tests.signer.importers.issuing import line


def read(path: Path, *lines: str, end: str = "\n") -> list[ImportEntry]:
    path.write_bytes("".join(text + end for text in lines).encode())
    return list(each_once(read_index(path)))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index.txt"


def test_line_becomes_an_entry_with_its_place(index: Path) -> None:
    """Status, expiry and serial are taken; the certificate is not in there."""
    (entry,) = read(index, line("0A", status="R", revocation="250101000000Z,superseded"))
    assert entry == ImportEntry(
        serial=b"\x0a",
        not_after=datetime(2027, 3, 1, 12, tzinfo=UTC),
        is_ca=False,
        revocation=Revocation(datetime(2025, 1, 1, tzinfo=UTC), Reason.superseded),
        certificate=None,
        place=f"{index} line 1",
        says_kind=False,
    )


def test_expired_line_with_a_revocation_date_is_revoked(index: Path) -> None:
    """E says that the end has come, not that it was good until then."""
    revoked, expired = read(index, line("01", status="E", revocation="250101000000Z"), line("02", status="E"))
    assert revoked.revocation == Revocation(datetime(2025, 1, 1, tzinfo=UTC))
    assert expired.revocation is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_in_either_way_and_empty_ones_and_comments_are_skipped(index: Path, end: str) -> None:
    """Files that went through Windows or an editor; the numbers of the lines still count them."""
    entries = read(index, "# ours", line("01"), "", line("02"), "", end=end)
    assert [(entry.serial, entry.place) for entry in entries] == [
        (b"\x01", f"{index} line 2"),
        (b"\x02", f"{index} line 4"),
    ]


@pytest.mark.parametrize("first", [line("01"), "# ours"])
def test_byte_order_mark_is_passed_over(index: Path, first: str) -> None:
    """An editor on Windows put it there; anywhere but at the beginning it is an error."""
    assert [entry.serial for entry in read(index, "\ufeff" + first, line("02"))][-1] == b"\x02"
    with pytest.raises(InputError, match="starts with"):
        read(index, line("01"), "\ufeff" + line("02"))


def test_last_line_needs_no_end(index: Path) -> None:
    """An editor left it away."""
    index.write_text(line("01") + "\n" + line("02"))
    assert [entry.serial for entry in read_index(index)] == [b"\x01", b"\x02"]


def test_empty_index_has_no_entries(index: Path) -> None:
    """A CA that has issued nothing yet."""
    assert read(index) == []


@pytest.mark.parametrize("subject", ["/CN=a\\\tb", "/CN=Pr\\xC3\\xBCfung", "/CN=Prüfung", "", "/CN=with a \\ in it"])
def test_subject_may_hold_anything(index: Path, subject: str) -> None:
    """It is not looked at, be it a tab behind a backslash or octets of any encoding."""
    assert len(read(index, line(subject=subject))) == 1


def test_subject_in_latin_1_is_no_harm(index: Path) -> None:
    """Old files are in all kinds of encodings."""
    index.write_bytes(line(subject="/CN=Prüfung").encode("latin-1") + b"\n")
    assert len(list(read_index(index))) == 1


@pytest.mark.parametrize("file", ["unknown", "", "../certs/a file.pem"])
def test_file_name_is_not_looked_at(index: Path, file: str) -> None:
    """It is `unknown` in all files that openssl writes."""
    assert len(read(index, line(file=file))) == 1


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("00", b"\x00"),
        ("7F", b"\x7f"),
        ("80", b"\x00\x80"),
        ("A", b"\x0a"),
        ("ABC", b"\x0a\xbc"),
        ("000001", b"\x01"),
        ("00FF", b"\x00\xff"),
        ("-0F", b"\xf1"),
        ("-80", b"\x80"),
        ("ff" * 20, b"\x00" + b"\xff" * 20),
        ("01" * 40, b"\x01" * 40),
    ],
)
def test_serial_becomes_the_octets_of_its_certificate(index: Path, text: str, octets: bytes) -> None:
    """Odd, with leading zeros, negative, longer than RFC 5280 allows: the minimal DER of the number."""
    assert read(index, line(text))[0].serial == octets


@given(st.integers(min_value=-(1 << 256), max_value=1 << 256))
def test_serial_goes_through_the_index_and_back(number: int) -> None:
    """As openssl prints it and as we print it, whatever the number."""
    printed = serials.to_hex(serials.from_int(number))
    assert serials.to_int(parse_line(line(printed), "").serial) == number
    assert serials.to_int(parse_line(line(f"{number:x}"), "").serial) == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("V", "has 1 field where 6 with tabs between them were expected.*status, expiry, revocation, serial"),
        ("V\t270301120000Z\t0A\tunknown\t/CN=x", "has 5 fields where 6"),
        (line() + "\tmore", "has 7 fields where 6"),
        (line().replace("\t", "    "), "has 1 field where 6"),
        (line(status="X"), "starts with 'X' where V .valid., R .revoked. or E .expired. was expected"),
        (line(status="v"), "starts with 'v' where"),
        (line(status=""), "starts with '' where"),
        (line(status="R"), "its third field, the revocation date, is empty"),
        (line(revocation="250101000000Z"), "is valid .V., and yet has a revocation date, '250101000000Z'"),
        (line(expiry="never"), "'never' is not a date: expected YYMMDDHHMMSSZ"),
        (line(expiry=""), "'' is not a date"),
        (line(status="R", revocation="yesterday"), "'yesterday' is not a date"),
        (line(status="R", revocation="250101000000Z,removeFromCRL"), "removeFromCRL is no reason"),
        (line("XYZ"), "'XYZ' is not a serial number.*hexadecimal"),
        (line(""), "'' is not a serial number"),
        (line("--1"), "'--1' is not a serial number"),
    ],
)
def test_bad_line_is_named_with_what_was_expected(index: Path, text: str, message: str) -> None:
    """File, number of the line, and what should stand there."""
    with pytest.raises(InputError, match=message) as caught:
        read(index, line("01"), text)
    assert caught.value.where == f"{index} line 2"
    assert caught.value.advice


@pytest.mark.parametrize("again", ["0A", "A", "0a", "00000A"])
def test_serial_that_comes_twice_is_an_error(index: Path, again: str) -> None:
    """In whatever spelling: one of the two lines is wrong, and only the operator knows which."""
    with pytest.raises(InputError, match="serial 0A appears a second time") as caught:
        read(index, line("0A"), line("0B"), line(again, status="R", revocation="250101000000Z"))
    assert caught.value.where == f"{index} line 3"


@pytest.mark.parametrize("data", [b"\x30\x82\0\1" * 100, "V\tx\n".encode("utf-16")])
def test_binary_file_is_no_index(index: Path, data: bytes) -> None:
    """It is said at once, and not of its first line."""
    index.write_bytes(data)
    with pytest.raises(InputError, match="of `openssl ca` or Easy-RSA: it is not text") as caught:
        list(read_index(index))
    assert caught.value.where == str(index)


@given(st.binary(max_size=200))
def test_any_other_file_ends_in_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Random bytes are an InputError, or have no line at all; never a traceback."""
    path = tmp_path_factory.getbasetemp() / "random-index.txt"
    path.write_bytes(data)
    with suppress(InputError):
        assert list(read_index(path)) == []


def test_unreadable_index_is_an_error_with_its_name(tmp_path: Path) -> None:
    """A folder in its place."""
    for reading in (lambda: list(read_index(tmp_path)), lambda: count_lines(tmp_path)):
        with pytest.raises(InputError, match="cannot be read: Is a directory"):
            reading()


def test_lines_are_read_as_they_are_asked_for(index: Path) -> None:
    """A million of them are never in memory; an error on the last comes after the others."""
    index.write_text(line("01") + "\n" + line("02") + "\nbroken\n")
    entries = read_index(index)
    assert [next(entries).serial, next(entries).serial] == [b"\x01", b"\x02"]
    with pytest.raises(InputError):
        next(entries)


def test_lines_are_counted_for_the_progress_bar(index: Path) -> None:
    """Without reading them twice."""
    index.write_text("\n".join(line(f"{n:X}") for n in range(1000)) + "\n")
    assert count_lines(index) == 1000
