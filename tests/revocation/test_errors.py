"""Errors say what, where and what to do, and end in the exit codes that scripts rely on."""

import click
import pytest

from revocation import cli, errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.RevocastError, 1),
        (errors.Refused, 1),
        (errors.GateError, 1),
        (errors.ConfigurationError, 2),
        (errors.InputError, 2),
        (errors.NotPublishedYet, 4),
        (errors.NoAnswer, 5),
    ],
)
def test_error_ends_a_command_with_its_exit_code(
    kind: type[errors.RevocastError], code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, with the place and the advice; standard output stays clean for scripts."""
    monkeypatch.setattr("sys.argv", ["revocast"])

    @click.command()
    def fail() -> None:
        raise kind("it failed", where="issuer demo", advice="try something else")

    with pytest.raises(SystemExit) as ended:
        cli.run(fail)
    shown = capsys.readouterr()
    assert ended.value.code == code
    assert shown.err == "error: issuer demo: it failed\n  try something else\n"
    assert shown.out == ""


def test_error_reads_as_one_sentence_in_a_log() -> None:
    """Place, what and advice, whichever of them there are."""
    assert str(errors.GateError("it failed")) == "it failed"
    assert str(errors.GateError("it failed", where="x.crl", advice="look")) == "x.crl: it failed (look)"
