"""Verifying many signatures, in processes of their own: see `revocation.processes`.

A process gets what was signed by hundreds, and says of all of them whether the key signed it. It judges nothing else,
and is no authority for a refusal: where it says no, or nothing, because it was killed, the signatures are verified
here, and then it shows which one is wrong.
"""

import json
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final, NamedTuple

from publisher.signature import Scheme, verifier_by
from revocation.errors import GateError
from revocation.processes import Processes, serve

WORTH: Final = 2 << 20
"""Octets of a bundle for which processes are started: that takes as long as verifying a thousand or two."""

_PATIENCE: Final = 10.0
"""Seconds; a question is answered in some hundredths, and whoever is killed too early costs no more than time."""

_YES: Final = b"yes"
_NO: Final = b"no"


class Group(NamedTuple):
    """Responses of one length, signed by one key.

    Attributes:
        tbs: where the TBS lies in each of them.
        signature: where its signature lies.
    """

    scheme: Scheme
    tbs: slice
    signature: slice
    ders: Sequence[bytes]


class Verifying:
    """The processes of one publication; started when first wanted, ended by the end of a `with`.

    Args:
        patience: see `Processes`.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._processes = Processes("publisher.verifying", "verifying", patience=patience)

    def __enter__(self) -> "Verifying":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.__exit__(kind, error, trace)

    def start(self) -> None:
        """Start them, if they do not run. Where they cannot be started, everything is verified in this process."""
        self._processes.start()

    @property
    def pids(self) -> list[int]:
        """Of the processes that were started."""
        return self._processes.pids

    def require_signed(self, groups: Sequence[Group]) -> None:
        """Return if every response of these is signed as its group says.

        Raises:
            GateError: one of them is not signed so.
        """
        if self._processes.ask(_question(groups)) != _YES:
            _verify(groups)


def _verify(groups: Iterable[Group]) -> None:
    for scheme, tbs, signature, ders in groups:
        verify = verifier_by(scheme)
        for der in ders:
            verify(der[tbs], der[signature])


def _question(groups: Sequence[Group]) -> bytes:
    heads = [
        [
            key_info.hex(),
            algorithm,
            digest,
            tbs.start,
            tbs.stop,
            signature.start,
            signature.stop,
            len(ders[0]),
            len(ders),
        ]
        for (key_info, algorithm, digest), tbs, signature, ders in groups
    ]
    return json.dumps(heads).encode() + b"\n" + b"".join([der for group in groups for der in group.ders])


def _answer(question: bytes) -> bytes:
    heads, _, ders = question.partition(b"\n")
    groups, begin = [], 0
    for head in json.loads(heads):
        group, begin = _group(ders, begin, *head)
        groups.append(group)
    try:
        _verify(groups)
    except GateError:
        return _NO
    return _YES


def _group(
    octets: bytes, begin: int, key_info: str, algorithm: str, digest: str | None, *places: int
) -> tuple[Group, int]:
    tbs, tbs_end, signature, signature_end, size, count = places
    end = begin + size * count
    ders = [octets[at : at + size] for at in range(begin, end, size)]
    scheme = Scheme(bytes.fromhex(key_info), algorithm, digest)
    return Group(scheme, slice(tbs, tbs_end), slice(signature, signature_end), ders), end


if __name__ == "__main__":
    serve(_answer)
