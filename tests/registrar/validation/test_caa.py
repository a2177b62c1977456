"""CAA: who may issue, as the owner of a name says in DNS, for which account and by which method."""

import pytest

from registrar.problem import ProblemType
from registrar.validation.caa import require_caa
from registrar.validation.caa_property import IssueValue
from registrar.validation.failure import MayPass
from registrar.validation.validate import validate
from tests.registrar.validation.ownserver import OwnServer
from tests.registrar.validation.world import ACCOUNT, challenge, network, problem_of

pytestmark = pytest.mark.judge("named")


@pytest.mark.parametrize(
    "name",
    [
        "ours", "a.ours", "not-there.ours", "nothing-at-all", "both-of-us", "wild-only", "mail-only", "uncritical",
        "account", "by-dns", "shielded.theirs", "below.caa-alias-above",
    ],
)  # fmt: skip
def test_caa_lets_us_issue(resolver: str, name: str) -> None:
    """Where we are named, here or above, or where nobody is; the nearest records count, and no others above them."""
    require_caa(challenge("dns-01", f"{name}.test"), network(resolver))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("theirs", "issue names other.test"),
        ("a.theirs", "CAA of theirs.test: issue names other.test"),
        ("upper", "issue names other.test"),
        ("nobody", "issue names nobody"),
        ("malformed", "issue names nobody"),
        ("bad-parameter", "issue names nobody"),
        ("critical", 'critical property "tbs"'),
        ("other-account", "names ca.test for another account"),
        ("two-accounts", "names ca.test for another account"),
        ("by-http", "names ca.test for other methods of validation than dns-01"),
        ("by-nothing", "for other methods of validation"),
        ("caa-alias", "issue names other.test"),
    ],
)
def test_caa_refuses(resolver: str, name: str, words: str) -> None:
    """Each with the place of the records and what they say."""
    with pytest.raises(Exception, match="CAA of") as caught:
        require_caa(challenge("dns-01", f"{name}.test"), network(resolver))
    assert caught.value.type is ProblemType.CAA  # type: ignore[attr-defined]
    assert not isinstance(caught.value, MayPass)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "is_wildcard", "is_allowed"),
    [
        ("wild", False, True),
        ("wild", True, False),
        ("ours", True, True),
        ("wild-only", True, True),
        ("wild-nobody", True, False),
        ("wild-nobody", False, True),
    ],
)
def test_caa_of_wildcards_is_issuewild_where_there_is_any(
    resolver: str, name: str, is_wildcard: bool, is_allowed: bool
) -> None:
    """RFC 8659 section 4.3."""
    asked = challenge("dns-01", f"{name}.test", is_wildcard=is_wildcard)
    if is_allowed:
        require_caa(asked, network(resolver))
        return
    with pytest.raises(Exception, match="issuewild names"):
        require_caa(asked, network(resolver))


def test_caa_counts_once_the_challenge_is_met(resolver: str) -> None:
    """A whole validation ends with it, and with its type of problem."""
    validate(challenge("dns-01", "a.ours.test"), network(resolver))
    assert problem_of(challenge("dns-01", "theirs.test"), network(resolver)).type is ProblemType.CAA


def test_caa_names_the_identities_of_the_issuer_that_is_asked(resolver: str) -> None:
    """Rather than those of the whole registrar."""
    require_caa(challenge("dns-01", "theirs.test", caa_identities=("other.test",)), network(resolver))
    with pytest.raises(Exception, match=r"names ca\.test"):
        require_caa(challenge("dns-01", "ours.test", caa_identities=("other.test",)), network(resolver))


@pytest.mark.parametrize("account", [None, ACCOUNT + "2", ACCOUNT.upper()])
def test_caa_for_an_account_is_met_by_that_one_alone(resolver: str, account: str | None) -> None:
    """Nor by who does not say which one asks."""
    with pytest.raises(Exception, match="for another account"):
        require_caa(challenge("dns-01", "account.test", account_uri=account), network(resolver))


def test_caa_without_an_answer_is_no_leave(resolver: str) -> None:
    """SERVFAIL, which may pass; an endless alias, which does not."""
    for name, may_pass in (("x.broken.test", True), ("caa-loop.test", False)):
        with pytest.raises(Exception, match="without an answer nothing is issued") as caught:
            require_caa(challenge("http-01", name), network(resolver))
        assert caught.value.type is ProblemType.CAA  # type: ignore[attr-defined]
        assert isinstance(caught.value, MayPass) is may_pass


def test_caa_of_an_address_is_not_asked_for() -> None:
    """There is none (RFC 8738), nor is it asked for where it is off; nobody answers at this resolver."""
    require_caa(challenge("http-01", "127.0.0.1"), network("127.0.0.1:9"))
    require_caa(challenge("http-01", "theirs.test"), network("127.0.0.1:9", caa=False))


def test_caa_is_climbed_to_the_last_label_on_own_server() -> None:
    """And not to the root; no name is asked for twice."""
    with OwnServer(lambda name, type_, before: []) as server:
        require_caa(challenge("http-01", "a.b.c.test"), network(server.place))
    assert server.asked == [(name, "CAA") for name in ("a.b.c.test", "b.c.test", "c.test", "test")]


@pytest.mark.parametrize(
    ("value", "domain", "parameters"),
    [
        (b"ca.test", "ca.test", ()),
        (b"  ca.test  ", "ca.test", ()),
        (b"CA.test;", "ca.test", ()),
        (b"ca.test ; a=b ; C = d-e", "ca.test", (("a", "b"), ("c", "d-e"))),
        (b"ca.test; a=", "ca.test", (("a", ""),)),
        (b"", "", ()),
        (b";", "", ()),
        (b"; a=b", "", (("a", "b"),)),
        (b"ca.test a=b", "", ()),
        (b"ca.test; a b", "", ()),
        (b"ca.test; a=b;", "", ()),
        (b"ca..test", "", ()),
        (b"ca_.test", "", ()),
        (b"ca.test\x00", "", ()),
        (b"ca.t\xc3\xa9st", "", ()),
        (b"a" * 5000, "", ()),
    ],
)
def test_issue_value_is_read_by_its_grammar(value: bytes, domain: str, parameters: tuple[tuple[str, str], ...]) -> None:
    """What does not fit it names nobody."""
    assert IssueValue.parse(value) == IssueValue(domain, parameters)
