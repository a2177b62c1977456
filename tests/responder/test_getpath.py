"""Requests in the path of a GET: whatever was done to the base64 on its way, the request is among the readings."""

import base64
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from responder.getpath import readings
from revocation import der

LONGEST = 4096
SLASHES = der.tlv(der.OCTET_STRING, b"\x01" + b"\xff" * 12 + b"\x01" * 3)  # base64 with a run of `/`
PLUSES = der.tlv(der.OCTET_STRING, b"\x01" + b"\xfb\xef\xbe" * 4)


def server(text: str) -> str:
    """What a server makes of a path: unescaped once."""
    return unquote(text)


MANGLED: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "escaped": lambda text: quote(text, safe=""),
    "escaped twice": lambda text: quote(quote(text, safe=""), safe=""),
    "escaped three times": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "escaped to the last letter": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "escaped in small letters": lambda text: text.replace("/", "%2f").replace("+", "%2b").replace("=", "%3d"),
    "plus as space": lambda text: text.replace("+", " "),
    "plus as escaped space": lambda text: text.replace("+", "%20"),
    "no padding": lambda text: text.rstrip("="),
    "too much padding": lambda text: text + "==",
    "a slash in front": lambda text: "/" + text,
    "two slashes in front": lambda text: "//" + text,
    "a slash behind": lambda text: text + "/",
    "slashes behind": lambda text: text + "//",
    "no padding and a slash behind": lambda text: text.rstrip("=") + "/",
    "slash merged": lambda text: re.sub("//", "/", text, count=1),
    "line breaks": lambda text: text[:16] + "\n" + text[16:] + "\r\n",
}


@pytest.mark.parametrize("mangle", MANGLED.values(), ids=MANGLED)
@pytest.mark.parametrize("octets", range(24))
def test_request_is_read_however_it_was_mangled(mangle: Callable[[str], str], octets: int) -> None:
    """For every length of padding, with `/` and `+` at every place in a group of four."""
    for fill in (b"\xff", b"\xfb\xef\xbe"):
        sent = der.tlv(der.OCTET_STRING, b"\x01" * 4 + (fill * octets)[:octets])
        assert sent in readings(server(mangle(base64.b64encode(sent).decode())), LONGEST)


@given(st.binary(min_size=4, max_size=300), st.sampled_from(list(MANGLED.values())))
def test_random_request_is_read_however_it_was_mangled(content: bytes, mangle: Callable[[str], str]) -> None:
    """Whatever the octets are, and how long."""
    sent = der.tlv(der.OCTET_STRING, content)
    assert sent in readings(server(mangle(base64.b64encode(sent).decode())), LONGEST)


@given(st.binary(min_size=4, max_size=200))
@example(b"\x01" + b"\xff" * 12)
def test_request_is_read_when_every_run_of_slashes_was_merged(content: bytes) -> None:
    """As proxies do with a path, as long as that took away no more than three."""
    sent = der.tlv(der.OCTET_STRING, content)
    text = base64.b64encode(sent).decode()
    merged = re.sub("/+", "/", text)
    assume(len(text) - len(merged) <= 3)
    assert sent in readings(merged, LONGEST)


def test_untouched_request_has_one_reading() -> None:
    """Nothing is guessed where nothing is missing."""
    for sent in (SLASHES, PLUSES, der.tlv(der.OCTET_STRING, b"\x01" * 300)):
        assert readings(base64.b64encode(sent).decode(), LONGEST) == [sent]


@given(st.text(max_size=200))
def test_any_path_has_a_few_readings_of_the_announced_length(path: str) -> None:
    """Nothing raises, and what comes out is never more than a request could be."""
    found = readings(path, LONGEST)
    assert len(found) <= 10
    assert all(len(reading) <= LONGEST for reading in found)


@given(st.text("MA/+=% wB2F", max_size=60))
def test_any_base64_has_a_few_readings(path: str) -> None:
    """The same, of letters that come further."""
    assert len(readings("MEQ" + path, LONGEST)) <= 10


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "MA==",
        "nonsense!",
        "MEQ?",
        "MEQwQjBAMD4",
        "M" * 8000,
        "%zz%zz%zz",
        "ÿÿÿÿÿÿÿÿ",
        "MEQ=AAAAAAAA",
        "../../etc/passwd",
    ],
)
def test_path_that_is_no_request_has_no_reading(path: str) -> None:
    """Empty, too short, not base64, cut, longer than the limit, and going on behind the padding."""
    assert readings(path, LONGEST) == []


def test_request_over_the_limit_has_no_reading() -> None:
    """As in the body of a POST."""
    sent = der.tlv(der.OCTET_STRING, b"\x01" * 100)
    text = base64.b64encode(sent).decode()
    assert readings(text, len(sent)) == [sent]
    assert readings(text, len(sent) - 1) == []


@pytest.mark.parametrize("lost", [1, 2, 3, 4, 8])
def test_request_that_was_cut_has_no_reading(lost: int) -> None:
    """No slash is put where none was: it would turn the serial into another."""
    sent = base64.b64encode(der.tlv(der.OCTET_STRING, b"\x01" * 13)).decode()
    assert readings(sent[:-lost], LONGEST) == []


def test_octets_behind_the_request_are_no_reading() -> None:
    """What would be malformed in a POST is here too."""
    assert readings(base64.b64encode(SLASHES + b"\x05\x00").decode(), LONGEST) == []
