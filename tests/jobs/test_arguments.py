"""Arguments that no message has room for: refused with what, where and what to do, before anybody is asked."""

import pytest

from revocation.errors import InputError
from tests.jobs.present import Present

LONG = "AB" * 300
ISSUER = ("--issuer", "test")


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> Present:
    """One for all: nothing here changes it."""
    return Present(tmp_path_factory.mktemp("present") / "data")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("revoke", LONG), "serial: has more than 256 characters (shorten it)"),
        (("release", LONG), "serial: has more than 256 characters (shorten it)"),
        (("raise", LONG), "serial: has more than 256 characters (shorten it)"),
        (("excuse", "05", LONG, "--why", "x"), "serials, number 2: has more than 256 characters (shorten it)"),
        (("excuse", "05", "--why", ""), "why: is empty (give it)"),
        (("excuse", "05", "--why", "x" * 5000), "why: has more than 500 characters (shorten it)"),
        (("excuse", *["05"] * 1006, "--why", "x"), "serials: there are 1006, and at most 1000 in one message"),
        (("discard", "--why", ""), "why: is empty (give it)"),
        (("discard", "--why", "x" * 501), "why: has more than 500 characters (shorten it)"),
    ],
)
def test_argument_that_does_not_fit_is_bad_input(present: Present, arguments: tuple[str, ...], said: str) -> None:
    """It ends with 2 and in a sentence."""
    result = present.run(*arguments, *ISSUER)
    assert isinstance(result.exception, InputError)
    assert result.exit_code == 2
    assert said in str(result.exception)


def test_requester_with_a_name_too_long_is_bad_input(present: Present) -> None:
    """The name stands in the envelope, not in the body."""
    source = present.estate.folder / "list.csv"
    source.write_text("serial,not_after,status,revoked_at,reason\n")
    result = present.run(
        "import",
        str(source),
        *ISSUER,
        "--requester",
        "x" * 65,
        "--requester-key",
        str(present.estate.folder / "operator.key"),
    )
    assert str(result.exception) == "requester: has more than 64 characters (shorten it)"
