"""A server that hands out one alias at a time: they are followed, but neither round nor for ever."""

import pytest

from registrar.problem import ProblemType
from registrar.validation.failure import MayPass
from registrar.validation.validate import validate
from tests.registrar.validation.ownserver import OwnServer
from tests.registrar.validation.world import DIGEST_TEXT, challenge, network, problem_of


def test_alias_that_the_resolver_does_not_follow_is_followed() -> None:
    """An authority without recursion names the target alone."""

    def answers(name: str, type_: str, before: int) -> list[str]:
        if name == "_acme-challenge.a.test":
            return ["_acme-challenge.a.test. 0 IN CNAME proof.test."]
        return [f'proof.test. 0 IN TXT "{DIGEST_TEXT}"'] if type_ == "TXT" else []

    with OwnServer(answers) as server:
        validate(challenge("dns-01", "a.test"), network(server.place))


@pytest.mark.parametrize("most", [2, 1000])
def test_aliases_that_have_no_end_are_left(most: int) -> None:
    """A loop, and a chain that is made as it is asked for: eight questions at most."""

    def answers(name: str, type_: str, before: int) -> list[str]:
        number = int(name.partition(".")[0].removeprefix("_acme-challenge") or 0)
        return [f"{name}. 0 IN CNAME {(number + 1) % most}.test."]

    with OwnServer(answers) as server:
        problem = problem_of(challenge("dns-01", "test"), network(server.place))
        assert len(server.asked) <= 8
    assert (problem.type, isinstance(problem, MayPass)) == (ProblemType.DNS, False)
    assert "go round" in problem.detail
