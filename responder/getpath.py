"""The OCSP request in the path of a GET (RFC 9919 section 6, RFC 6960 appendix A.1), however it was mangled on its way.

The path is base64 of DER, and DER says its own length in its first octets: so padding, what was put behind it, and the
number of slashes that a proxy merged (`//` is also base64) are known and not guessed. Only where those slashes
belong is not: then there is a reading for each possibility, and the caller answers only if one of them is known.
"""

import base64
import re
from collections.abc import Iterator
from itertools import combinations_with_replacement, islice
from typing import Final
from urllib.parse import unquote

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{8,}")
_SLASHES: Final = re.compile(r"/+")
_STRAY: Final = str.maketrans({" ": "+", "\t": None, "\r": None, "\n": None})
_DEEPEST_ESCAPING: Final = 3
_MOST_MERGED: Final = 3
_MOST_READINGS: Final = 10  # each is asked for in a store that may be far away
_SHORT_FORM: Final = 0x80
_TWO_OCTETS: Final = 0x82


def readings(path: str, longest: int) -> list[bytes]:
    """What `path`, unescaped once by the server, may stand for: the request as it was sent is among it, if any.

    One reading where no slash can be missing, several where some may be, none where it is not base64 of one DER value
    of at most `longest` octets.
    """
    body, _, behind = _unmangle(path).partition("=")
    if behind.strip("=/") or not _BASE64.fullmatch(body):
        return []
    octets = _announced(base64.b64decode(body[:8]))
    if octets > longest:
        return []
    texts = dict.fromkeys(islice(_texts(body, -(-octets * 4 // 3)), _MOST_READINGS))
    return [base64.b64decode(text + "=" * (-len(text) % 4)) for text in texts]


def _unmangle(path: str) -> str:
    """Without what is not base64's: escapes, line breaks, slashes before the `M` of 0x30, and spaces that were `+`."""
    for _ in range(_DEEPEST_ESCAPING):
        if "%" not in path:
            break
        path = unquote(path, "latin-1")
    return path.translate(_STRAY).lstrip("/")


def _announced(head: bytes) -> int:
    """How many octets the DER value that begins with `head` has, as far as up to two octets can say it."""
    if head[1] < _SHORT_FORM:
        return 2 + head[1]
    count = min(head[1], _TWO_OCTETS) - _SHORT_FORM
    return 2 + count + int.from_bytes(head[2 : 2 + count], "big")


def _texts(body: str, size: int) -> Iterator[str]:
    """The texts of `size` characters that merging or doubling slashes, or adding some, can have turned into `body`."""
    if body[size:].strip("/"):
        yield from _undoubled(body, size)
        return
    body = body[:size]
    if len(body) == size:
        yield body
    if size - len(body) > _MOST_MERGED:
        return
    bare = body.rstrip("/")
    places = [run.end() for run in _SLASHES.finditer(bare)]
    if bare != body:
        places.insert(0, len(bare))
    yield from _with_slashes(bare, places, size - len(bare))


def _undoubled(body: str, size: int) -> Iterator[str]:
    """The text of which each slash was doubled, if that is what `body` is: DER's length says so, too."""
    if all(len(run[0]) % 2 == 0 for run in _SLASHES.finditer(body)):
        text = body.replace("//", "/")
        if len(text) >= size and not text[size:].strip("/"):
            yield text[:size]


def _with_slashes(text: str, places: list[int], missing: int) -> Iterator[str]:
    """`text` with that many slashes more, put at `places` in each way, those first that fill up the first place."""
    for chosen in combinations_with_replacement(places, missing):
        grown = text
        for place in sorted(chosen, reverse=True):
            grown = f"{grown[:place]}/{grown[place:]}"
        yield grown
