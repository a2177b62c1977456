"""http-01: the key authorization on port 80, in however many octets, at whatever pace, behind whatever redirects."""

import gzip
import socket
import time
from pathlib import Path

import pytest

from registrar.problem import ProblemType
from registrar.validation.failure import MayPass
from registrar.validation.validate import validate
from tests.registrar.validation.alpn import certificate, context_of, dns_name
from tests.registrar.validation.ownserver import OwnServer
from tests.registrar.validation.web import Web, answer, redirect
from tests.registrar.validation.world import DIGEST, KEY_AUTHORIZATION, PATH, challenge, network, problem_of

pytestmark = pytest.mark.judge("named")
PROOF = answer(KEY_AUTHORIZATION.encode())
ASKED = challenge("http-01", "www.test")


@pytest.mark.parametrize(
    "said",
    [
        PROOF,
        answer(f"{KEY_AUTHORIZATION}\r\n \n".encode()),
        b"HTTP/1.0 200 OK\r\n\r\n" + KEY_AUTHORIZATION.encode(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + f"{len(KEY_AUTHORIZATION):x}\r\n{KEY_AUTHORIZATION}\r\n0\r\n\r\n".encode(),
        b"HTTP/1.1 100 Continue\r\n\r\n" + PROOF,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + PROOF,
    ],
    ids=["plain", "white space", "until the end", "chunked", "interim", "hints"],
)
def test_http_01_is_met_by_the_key_authorization(resolver: str, web: Web, said: bytes) -> None:
    """In each form of HTTP/1; asked for by name, with nothing of ours in the request."""
    web.says[PATH] = said
    validate(ASKED, network(resolver, http_port=web.port))
    (head,) = web.asked
    assert head.startswith(f"GET {PATH} HTTP/1.1\r\nHost: www.test\r\nUser-Agent: Revocast/")
    assert not {"cookie", "authorization", "referer", "accept-encoding"} & {
        line.partition(":")[0].lower() for line in head.splitlines()
    }


def test_http_01_uses_no_proxy_of_the_environment(resolver: str, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect to what it likes."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.says[PATH] = PROOF
    validate(ASKED, network(resolver, http_port=web.port))


def test_http_01_proves_an_address_without_dns(web: Web) -> None:
    """RFC 8738: the Host header is the address."""
    web.says[PATH] = PROOF
    validate(challenge("http-01", "127.0.0.1"), network("127.0.0.1:9", http_port=web.port))
    assert "Host: 127.0.0.1\r\n" in web.asked[0]


def test_http_01_asks_by_ipv6_first(resolver: str) -> None:
    """Of a host with both, IPv4 is not asked."""
    with Web("::1") as six, Web(port=six.port) as four:
        six.says[PATH] = PROOF
        validate(challenge("http-01", "both.test"), network(resolver, http_port=six.port))
        assert (len(six.asked), len(four.asked)) == (1, 0)


def test_http_01_falls_back_to_ipv4(resolver: str, web: Web) -> None:
    """Nobody listens at the IPv6 address."""
    web.says[PATH] = PROOF
    validate(challenge("http-01", "both.test"), network(resolver, http_port=web.port))


@pytest.mark.parametrize(
    ("said", "type_", "words"),
    [
        (answer(status="404 Not Found"), ProblemType.UNAUTHORIZED, "status 404"),
        (answer(b"<html>\x1b[2J"), ProblemType.INCORRECT_RESPONSE, r'"<html>\u001b[2J"'),
        (answer(b"x" * 5000), ProblemType.INCORRECT_RESPONSE, "more than 4096 octets"),
        (answer(b"y" * 1000), ProblemType.INCORRECT_RESPONSE, '"' + 100 * "y" + '…"'),
        (
            answer(gzip.compress(KEY_AUTHORIZATION.encode() + bytes(10_000_000)), Content_Encoding="gzip"),
            ProblemType.INCORRECT_RESPONSE,
            "more than 4096 octets",
        ),
        (
            answer(gzip.compress(KEY_AUTHORIZATION.encode()), Content_Encoding="gzip"),
            ProblemType.INCORRECT_RESPONSE,
            "(Content-Encoding: gzip)",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ProblemType.CONNECTION, "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", ProblemType.CONNECTION, "no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", ProblemType.CONNECTION, "no HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 4000, ProblemType.CONNECTION, "more than 32768 octets"),
        (answer(status="302 Found"), ProblemType.CONNECTION, "does not say where to"),
    ],
    ids=["status", "text", "large", "long", "gzip bomb", "gzip", "no HTTP", "chunks", "fields", "interim", "nowhere"],
)
def test_http_01_that_fails_says_what_came_back(
    resolver: str, web: Web, said: bytes, type_: ProblemType, words: str
) -> None:
    """Bounded, with what is not visible as its code, and with who said it; nothing is unpacked."""
    web.says[PATH] = said
    problem = problem_of(ASKED, network(resolver, http_port=web.port))
    assert (problem.type, isinstance(problem, MayPass)) == (type_, False)
    assert words in problem.detail
    assert f"http://www.test{PATH} at 127.0.0.1" in problem.detail
    assert len(problem.detail) < 500


def test_http_01_may_do_better_where_nobody_listens(resolver: str, web: Web) -> None:
    """The address that was tried is named."""
    problem = problem_of(ASKED, network(resolver, http_port=9))
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.CONNECTION, True)
    assert "could not connect to www.test, port 9: 127.0.0.1: Connection refused" in problem.detail


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\n"], ids=["head", "body"])
def test_http_01_that_drips_ends_when_its_time_is_over(resolver: str, web: Web, head: bytes) -> None:
    """Each octet comes in time, and the whole does not."""

    def say(connection: socket.socket) -> None:
        connection.sendall(head)
        for octet in 100 * b"HTTP/1.1 200":
            connection.sendall(bytes([octet]))
            time.sleep(0.1)

    web.says[PATH] = say
    began = time.monotonic()
    problem = problem_of(ASKED, network(resolver, http_port=web.port, timeout="1s", dns_timeout="1s"))
    assert 0.9 < time.monotonic() - began < 3
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.CONNECTION, True)
    assert "in time" in problem.detail


def test_http_01_may_do_better_where_the_connection_ends(resolver: str, web: Web) -> None:
    """Before a whole answer."""
    web.says[PATH] = b""
    problem = problem_of(ASKED, network(resolver, http_port=web.port))
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.CONNECTION, True)


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_http_01_follows_redirects(resolver: str, web: Web, status: str) -> None:
    """To another host, and to another path of the same; the query goes along, the fragment does not."""
    web.says |= {PATH: redirect("http://other.test/a?b=c#d", status), "/a?b=c": redirect("/e", status), "/e": PROOF}
    validate(ASKED, network(resolver, http_port=web.port))
    assert ["Host: other.test\r\n" in head for head in web.asked] == [False, True, True]


def test_http_01_follows_a_redirect_to_https_whatever_its_certificate(resolver: str, web: Web, tmp_path: Path) -> None:
    """It is for another name, and nobody signed it: who has no certificate yet is who asks for one."""
    context = context_of(tmp_path, certificate(dns_name("another.test"), DIGEST, has_identifier=False))
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    with Web(context=context) as secure:
        web.says[PATH] = redirect("https://other.test/proof")
        secure.says["/proof"] = PROOF
        validate(ASKED, network(resolver, http_port=web.port, tls_port=secure.port))
        assert names == ["other.test"]


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://127.0.0.1/", "names an address"),
        ("http://[::1]/", "names an address"),
        ("http://2130706433/", "names no host"),
        ("http://0x7f.1/", "names no host"),
        ("http://www.test:22/", "names another port than"),
        ("http://www.test:x/", "is no URL"),
        ("ftp://www.test/", "is neither http nor https"),
        ("file:///etc/passwd", "is neither http nor https"),
        ("http://root@www.test/", "has a user in it"),
        ("http://w\u00fcw.test/", "visible ASCII"),
        ("http://private.test/", "10.1.2.3 is no address of the Internet"),
        ("http://metadata.test/latest/", "169.254.169.254 is an address of a cloud's metadata service"),
    ],
)
def test_http_01_is_not_led_to_where_no_client_may_lead(resolver: str, web: Web, location: str, words: str) -> None:
    """Addresses, in disguise too, other ports and schemes, and names whose addresses are refused."""
    web.says[PATH] = redirect(location)
    problem = problem_of(ASKED, network(resolver, http_port=web.port))
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.CONNECTION, False)
    assert words in problem.detail
    assert len(web.asked) == 1


def test_http_01_leaves_a_loop_of_redirects(resolver: str, web: Web) -> None:
    """At the first place that it was at before."""
    web.says |= {PATH: redirect("/a"), "/a": redirect("/b"), "/b": redirect("/a")}
    problem = problem_of(ASKED, network(resolver, http_port=web.port))
    assert "in a loop" in problem.detail
    assert len(web.asked) == 3


def test_http_01_follows_ten_redirects_and_no_more(resolver: str, web: Web) -> None:
    """Each to another place."""
    web.says |= {PATH: redirect("/1"), **{f"/{number}": redirect(f"/{number + 1}") for number in range(1, 20)}}
    problem = problem_of(ASKED, network(resolver, http_port=web.port))
    assert "after 10 redirects" in problem.detail
    assert len(web.asked) == 11
    web.says["/10"] = PROOF
    validate(ASKED, network(resolver, http_port=web.port))


def test_http_01_does_not_connect_to_a_refused_address(resolver: str, web: Web) -> None:
    """This machine, whatever listens there, in IPv6's clothes too; unless it is named."""
    web.says[PATH] = PROOF
    for name in ("loopback.test", "mapped.test"):
        for allowed in ("allow", "refuse", ["10.0.0.0/8"]):
            over = network(resolver, http_port=web.port, private_addresses=allowed)
            problem = problem_of(challenge("http-01", name), over)
            assert problem.type is ProblemType.CONNECTION
            assert "of the machine itself" in problem.detail
    assert not web.asked


def test_http_01_connects_to_the_address_that_was_judged_on_own_server(web: Web) -> None:
    """A name that is elsewhere the second time (DNS rebinding) is not asked for a second time."""
    web.says[PATH] = PROOF

    def answers(name: str, type_: str, before: int) -> list[str]:
        return [f"{name}. 0 IN A {'10.1.2.3' if before else '127.0.0.1'}"] if type_ == "A" else []

    with OwnServer(answers) as server:
        validate(challenge("http-01", "turning.test"), network(server.place, http_port=web.port))
        assert server.asked.count(("turning.test", "A")) == 1


def test_http_01_without_an_address_says_so(resolver: str) -> None:
    """The name is there."""
    problem = problem_of(challenge("http-01", "empty.test"), network(resolver))
    assert (problem.type, problem.detail) == (ProblemType.DNS, "empty.test has no address (neither AAAA nor A)")


def test_http_01_does_not_prove_a_wildcard(resolver: str) -> None:
    """RFC 8555 section 8.3."""
    assert (
        problem_of(challenge("http-01", "www.test", is_wildcard=True), network(resolver)).type is ProblemType.MALFORMED
    )
