"""All that is asked of a responder, and which rules the answers are held against."""

from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.x509 import ocsp

from tests.conformance import headers, signed
from tests.conformance.exchange import Reply, Server
from tests.conformance.headers import Found
from tests.conformance.question import HASHES, Question
from tests.conformance.report import Report

_STATUS = ocsp.OCSPResponseStatus
_UNKNOWN = 0x7F << 120 | 0x5EED
"""The serial of no certificate."""


@dataclass(frozen=True)
class Examination:
    """What is examined.

    Attributes:
        server: the responder.
        issuer: the CA's certificate.
        serials: of certificates that have a status.
        br: whether the windows of the BRs hold.
        static: whether GET is answered by files of a web server.
        renewal: after which time a newer response is there.
    """

    server: Server
    issuer: x509.Certificate
    serials: tuple[int, ...]
    br: bool = False
    static: bool = False
    renewal: timedelta | None = None

    def run(self) -> Report:
        """Everything, for every certificate and either hash."""
        report = Report()
        for serial in self.serials:
            said = set()
            for hash_ in HASHES:
                said |= self._certificate(Question(self.issuer, serial, hash_), report)
            if len(said) > 1:
                differ = ("cert-id.differ", "RFC 6960 section 2.2", f"said {sorted(said)}")
                report.add(f"{serial:X}", iter([differ]))
        self._errors(Question(self.issuer, self.serials[0], "sha256"), report)
        return report

    def _certificate(self, question: Question, report: Report) -> set[str]:
        """A certificate by all methods; what was said."""
        where = f"{question.serial:X} {question.hash}"
        posted, got = self.server.post(question.request()), self.server.get(question.path())
        unescaped = self.server.get(question.path(escape=False))
        said = set()
        for way, reply in (("POST", posted), ("GET", got), ("GET, not escaped", unescaped)):
            if not _successful(reply):
                report.add(f"{where} {way}", iter([("answer.status", "RFC 6960 section 2.3", _seen(reply))]))
                continue
            said.add(signed.says(reply.body))
            report.add(f"{where} {way}", self._signed(reply, question, static=self.static and way != "POST"))
        if _successful(got):
            self._conditions(question, got, where, report)
        if _successful(posted):
            anew = self.server.post(question.request(), If_None_Match=posted.headers.get("etag", "*"))
            report.add(f"{where} POST If-None-Match", headers.whole(anew, posted))
            nonce = self.server.post(question.request(b"n" * 32))
            report.add(f"{where} with a nonce", _same(nonce, posted))
        return said

    def _signed(self, reply: Reply, question: Question, *, static: bool) -> Found:
        yield from headers.signed(reply, static=static, renewal=self.renewal)
        yield from signed.windows(reply.body, reply.asked, reply.came, br=self.br)
        yield from signed.binding(reply.body, question)
        yield from signed.signer(reply.body, question.issuer)

    def _conditions(self, question: Question, got: Reply, where: str, report: Report) -> None:
        """HEAD, and GET with conditions: what a cache asks."""
        path, tag = question.path(), got.headers.get("etag", "")
        modified = got.headers.get("last-modified", "")
        old = "Thu, 01 Jan 1970 00:00:00 GMT"
        report.add(f"{where} HEAD", headers.head(self.server.get(path, "HEAD"), got))
        for name, conditions, met in (
            ("If-None-Match", {"If_None_Match": tag}, False),
            ("If-Modified-Since", {"If_Modified_Since": modified}, False),
            ("another If-None-Match", {"If_None_Match": '"another"'}, True),
            ("an old If-Modified-Since", {"If_Modified_Since": old}, True),
            ("If-None-Match before If-Modified-Since", {"If_None_Match": '"x"', "If_Modified_Since": modified}, True),
        ):
            reply = self.server.get(path, **conditions)
            report.add(f"{where} {name}", (headers.whole if met else headers.not_modified)(reply, got))

    def _errors(self, known: Question, report: Report) -> None:
        """What has no answer gets the right error, uncached; and other methods are refused."""
        unknown = Question(self.issuer, _UNKNOWN, "sha256")
        for where, reply, wanted in (
            ("an unknown serial", self.server.post(unknown.request()), _STATUS.UNAUTHORIZED),
            ("an unknown serial, GET", self.server.get(unknown.path()), _STATUS.UNAUTHORIZED),
            ("another issuer's key", self.server.post(known.request(stranger=True)), _STATUS.UNAUTHORIZED),
            ("octets behind", self.server.post(known.request() + b"\x00"), _STATUS.MALFORMED_REQUEST),
            ("a cut request", self.server.post(known.request()[:-1]), _STATUS.MALFORMED_REQUEST),
            ("nothing", self.server.post(b""), _STATUS.MALFORMED_REQUEST),
            ("a nonce of no octets", self.server.post(known.request(b"")), _STATUS.MALFORMED_REQUEST),
            ("a nonce of 129 octets", self.server.post(known.request(b"n" * 129)), _STATUS.MALFORMED_REQUEST),
        ):
            report.add(where, _error(reply, wanted))
        report.add("PUT", _refused(self.server.send("PUT", "", b"", {})))


def _successful(reply: Reply) -> bool:
    return reply.status == 200 and signed.status(reply.body) is _STATUS.SUCCESSFUL


def _seen(reply: Reply) -> str:
    return f"HTTP {reply.status}, {signed.status(reply.body)}"


def _same(reply: Reply, without: Reply) -> Found:
    """A nonce changes nothing: what was signed before has none (RFC 9919 section 3.2.1)."""
    if not _successful(reply) or signed.says(reply.body) != signed.says(without.body):
        yield "answer.nonce", "RFC 9654 section 2.1", _seen(reply)


def _error(reply: Reply, wanted: ocsp.OCSPResponseStatus) -> Found:
    if signed.status(reply.body) is not wanted:
        yield "error.which", "RFC 9919 section 3.2.3", f"{_seen(reply)}, not {wanted}"
    yield from headers.error(reply)


def _refused(reply: Reply) -> Found:
    if reply.status != 405 or not {"GET", "POST"} & set(reply.headers.get("allow", "").split(", ")):
        yield "http.method", "RFC 9110 section 15.5.6", f"HTTP {reply.status}, Allow: {reply.headers.get('allow')}"
