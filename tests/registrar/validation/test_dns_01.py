"""dns-01: the digest in TXT, found through aliases and by TCP; each failure of DNS is told from the others."""

import socket

import pytest

from registrar.problem import ProblemType
from registrar.validation.failure import MayPass
from registrar.validation.validate import validate
from tests.registrar.validation.world import DIGEST_TEXT, challenge, network, problem_of

pytestmark = pytest.mark.judge("named")


@pytest.mark.parametrize("name", ["plain", "several", "split", "delegated"])
def test_dns_01_is_met_by_a_record(resolver: str, name: str) -> None:
    """One, one of several, one in two strings, or one behind an alias."""
    validate(challenge("dns-01", f"{name}.test"), network(resolver))


def test_dns_01_is_met_by_a_record_that_udp_has_no_room_for(resolver: str) -> None:
    """The truncated answer is asked for again by TCP."""
    validate(challenge("dns-01", "many.test"), network(resolver))


def test_dns_01_proves_a_wildcard_at_the_name_below_which_it_is(resolver: str) -> None:
    """`*.plain.test` is proved at `_acme-challenge.plain.test`."""
    validate(challenge("dns-01", "plain.test", is_wildcard=True), network(resolver))


@pytest.mark.parametrize(
    ("name", "type_", "words"),
    [
        ("nothing.test", ProblemType.DNS, "NXDOMAIN"),
        ("dangling.test", ProblemType.DNS, "NXDOMAIN"),
        ("other.test", ProblemType.UNAUTHORIZED, "there is no such record"),
        ("wrong.test", ProblemType.INCORRECT_RESPONSE, rf'is "not\u001b[31mthis", and "{DIGEST_TEXT}" is wanted'),
        ("loop.test", ProblemType.DNS, "go round"),
    ],
)
def test_dns_01_that_fails_says_what_came_back(resolver: str, name: str, type_: ProblemType, words: str) -> None:
    """No name, no record, another record whose escape sequence is shown as text, an endless alias: for good."""
    problem = problem_of(challenge("dns-01", name), network(resolver))
    assert (problem.type, isinstance(problem, MayPass)) == (type_, False)
    assert words in problem.detail
    assert f"TXT of _acme-challenge.{name}" in problem.detail


def test_dns_01_may_do_better_where_the_resolver_fails(resolver: str) -> None:
    """SERVFAIL is no word about the record."""
    problem = problem_of(challenge("dns-01", "x.broken.test"), network(resolver))
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.DNS, True)
    assert "SERVFAIL" in problem.detail


def test_dns_01_waits_no_longer_than_configured_for_a_resolver_that_says_nothing() -> None:
    """And may do better."""
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        over = network(f"127.0.0.1:{silent.getsockname()[1]}", dns_timeout="1s")
        problem = problem_of(challenge("dns-01", "plain.test"), over)
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.DNS, True)
    assert "no resolver answered in time" in problem.detail


def test_dns_01_asks_the_second_resolver_where_the_first_is_away(resolver: str) -> None:
    """Nobody listens at the first."""
    with socket.socket(type=socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"127.0.0.1:{closed.getsockname()[1]}"
    validate(
        challenge("dns-01", "plain.test"), network(resolver, resolvers=[away, resolver], dns_timeout="5s", caa=False)
    )


def test_dns_01_is_not_for_addresses(resolver: str) -> None:
    """RFC 8738 section 7."""
    assert problem_of(challenge("dns-01", "127.0.0.1"), network(resolver)).type is ProblemType.MALFORMED
