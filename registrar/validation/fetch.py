"""One GET over a connection that is made already: bounded in octets, whatever they are, and in time, however they drip.

Nothing is unpacked, no cookie is kept, no proxy is asked, and no user is named.
"""

import contextlib
import http.client
import io
import socket
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from registrar.problem import Problem, ProblemType
from registrar.validation.addresses import Address
from registrar.validation.config import Network
from registrar.validation.connecting import connected
from registrar.validation.deadline import Deadline
from registrar.validation.failure import MayPass, shown
from registrar.validation.place import Place
from registrar.validation.resolver import Resolver
from registrar.validation.tls import handshaken
from revocation import __version__

MOST_BODY: Final = 4096
"""Octets of a body; a key authorization has less than three hundred."""

_MOST: Final = 32 << 10
"""Octets of an answer with its header fields, and with what chunks and interim answers add."""


@dataclass(frozen=True)
class Answer:
    """What was answered.

    Attributes:
        body: at most one octet more than `MOST_BODY`.
        encoding: of the body, where it has one (gzip).
    """

    place: Place
    address: Address
    status: int
    location: str | None
    encoding: str | None
    body: bytes

    @property
    def where(self) -> str:
        """Who answered, for people."""
        return f"{shown(str(self.place))} at {self.address}"


def fetch(place: Place, resolver: Resolver, network: Network, deadline: Deadline) -> Answer:
    """Look the host up, connect to it, and ask.

    Raises:
        Problem: what came is no HTTP, or too much, or the host has no address that may be connected to.
        MayPass: nothing came, or not in time.
    """
    with connected(place.host, place.port, resolver, network.private_addresses, deadline) as connection:
        where = f"{shown(str(place))} at {connection.address}"
        if place.scheme == "http":
            return _asked(place, connection.address, _Channel(connection.socket, deadline), where)
        with handshaken(connection.socket, place.host.name, where, deadline) as secured:
            return _asked(place, connection.address, _Channel(secured, deadline), where)


def _asked(place: Place, address: Address, channel: "_Channel", where: str) -> Answer:
    try:
        status, headers, body = _exchange(place, channel)
    except TimeoutError:
        raise MayPass(ProblemType.CONNECTION, f"{where} did not answer as a whole in time") from None
    except _TooMuch:
        raise Problem(ProblemType.CONNECTION, f"{where} answered with more than {_MOST} octets") from None
    except ConnectionError as error:
        raise MayPass(ProblemType.CONNECTION, f"{where} ended the connection ({_words(error)})") from None
    except (http.client.HTTPException, OSError, ValueError) as error:
        what = f"{where} answered with what is no HTTP ({type(error).__name__})"
        raise Problem(ProblemType.CONNECTION, what) from None
    return Answer(place, address, status, headers.get("Location"), headers.get("Content-Encoding"), body)


def _exchange(place: Place, channel: "_Channel") -> tuple[int, http.client.HTTPMessage, bytes]:
    asking = http.client.HTTPConnection(place.host.name, place.port)  # a port, or it looks for one in fd00::ab
    asking.response_class = _FinalResponse
    asking.auto_open = 0  # never a connection but this one
    asking.sock = cast("socket.socket", channel)
    asking.putrequest("GET", place.target, skip_host=True, skip_accept_encoding=True)
    fields = {"Host": place.authority, "User-Agent": f"Revocast/{__version__} (ACME validation)"}
    for name, value in {**fields, "Accept": "*/*", "Connection": "close"}.items():
        asking.putheader(name, value)
    asking.endheaders()
    with contextlib.closing(asking.getresponse()) as answer:
        return answer.status, answer.msg, answer.read(MOST_BODY + 1)


class _FinalResponse(http.client.HTTPResponse):
    """The answer behind interim ones (RFC 9110 section 15.2), of which http.client passes over 100 alone."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == HTTPStatus.SWITCHING_PROTOCOLS or not HTTPStatus.CONTINUE <= status < HTTPStatus.OK:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _TooMuch(Exception):
    """There is no end to it."""


class _Channel:
    """A connection as http.client wants it, whose every octet counts and whose time is that of the whole."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def sendall(self, octets: bytes) -> None:
        """Send them."""
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(octets)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - socket's signature
        """What comes."""
        return io.BufferedReader(_Incoming(self._connection, self._deadline))

    def close(self) -> None:
        """Leave that to who made the connection."""


class _Incoming(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._left = _MOST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise _TooMuch
        return count


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
