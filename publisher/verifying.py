"""Verifying many signatures, in processes of their own: threads that verify wait for each other's interpreter.

OpenSSL lets go of the interpreter for each signature and has to get it back, which beside threads that work takes as
long as a third of a signature. A process gets what was signed by hundreds, and says of all of them whether the key
signed it. It judges nothing else, and is no authority for a refusal: where it says no, or nothing, because it was
killed, the signatures are verified here, and then it shows which one is wrong.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import IO, Final, NamedTuple

from publisher.signature import Scheme, verifier_by
from revocation.errors import GateError

WORTH: Final = 2 << 20
"""Octets of a bundle for which processes are started: that takes as long as verifying a thousand or two."""

_COMMAND: Final = (sys.executable, "-P", "-m", "publisher.verifying")
_YES: Final = b"yes\n"
_NO: Final = b"no\n"
_LOG: Final = logging.getLogger("revocast.publisher")


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
    """The processes of one publication, one per core; started when first wanted, ended by the end of a `with`."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._idle: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()
        self._starting = Lock()

    def __enter__(self) -> "Verifying":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            with suppress(BrokenPipeError), process:  # it ends when nothing comes any more
                pass

    def start(self) -> None:
        """Start them, if they do not run. Where they cannot be started, everything is verified in this process."""
        with self._starting:
            for _ in range(len(os.sched_getaffinity(0)) - len(self._processes)):
                try:
                    process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                except OSError as error:
                    _LOG.warning("signatures are verified more slowly: no process can be started: %s", error.strerror)
                    return
                self._processes.append(process)
                self._idle.put(process)

    @property
    def pids(self) -> list[int]:
        """Of the processes that were started."""
        return [process.pid for process in self._processes]

    def require_signed(self, groups: Sequence[Group]) -> None:
        """Return if every response of these is signed as its group says.

        Raises:
            GateError: one of them is not signed so.
        """
        process = self._idle.get() if self._processes else None
        answer = _ask(process, groups) if process else b""
        if self._processes:
            self._idle.put(process if answer else None)
        if process and not answer:
            _LOG.warning("a verifying process ended: signatures are verified without it")
        if answer != _YES:
            _verify(groups)


def _verify(groups: Iterable[Group]) -> None:
    for scheme, tbs, signature, ders in groups:
        verify = verifier_by(scheme)
        for der in ders:
            verify(der[tbs], der[signature])


def _ask(process: "subprocess.Popen[bytes]", groups: Sequence[Group]) -> bytes:
    """What it says; nothing when it has ended."""
    assert process.stdin  # noqa: S101 - both are pipes
    assert process.stdout  # noqa: S101 - as above
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
    octets = b"".join([der for group in groups for der in group.ders])
    try:
        process.stdin.write(json.dumps(heads).encode() + b"\n" + octets)
        process.stdin.flush()
        return process.stdout.readline()
    except OSError:
        return b""


def serve(source: IO[bytes], out: IO[bytes]) -> None:
    """Answer until nothing comes any more."""
    while line := source.readline():
        groups = [_group(source, *head) for head in json.loads(line)]
        try:
            _verify(groups)
        except GateError:
            out.write(_NO)
        else:
            out.write(_YES)
        out.flush()


def _group(source: IO[bytes], key_info: str, algorithm: str, digest: str | None, *places: int) -> Group:
    tbs, tbs_end, signature, signature_end, size, count = places
    octets = source.read(size * count)
    ders = [octets[begin : begin + size] for begin in range(0, size * count, size)]
    scheme = Scheme(bytes.fromhex(key_info), algorithm, digest)
    return Group(scheme, slice(tbs, tbs_end), slice(signature, signature_end), ders)


if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal it reaches us too, and the publisher ends us
    serve(sys.stdin.buffer, sys.stdout.buffer)
