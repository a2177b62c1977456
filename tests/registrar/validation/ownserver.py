"""A DNS server of our own, on dnspython: for answers that no proper one gives, such as another one each time."""

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Self

import dns.flags
import dns.message
import dns.rrset

Answers = Callable[[str, str, int], Sequence[str]]
"""From name, type and how often that was asked before to the answer's records, as lines of a zone."""


class OwnServer:
    """Over UDP alone.

    Attributes:
        asked: name and type of each question.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._stopped = False

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        with socket.socket(type=socket.SOCK_DGRAM) as waking:
            waking.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while not self._stopped:
            wire, client = self._socket.recvfrom(4096)
            with contextlib.suppress(dns.exception.DNSException):
                self._socket.sendto(self._answer(dns.message.from_wire(wire)), client)

    def _answer(self, query: dns.message.Message) -> bytes:
        (question,) = query.question
        key = (question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype))
        records = self._answers(*key, self.asked.count(key))
        self.asked.append(key)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        response.answer = [dns.rrset.from_text(*record.split(maxsplit=4)) for record in records]
        return response.to_wire()
