"""What a command says went wrong, on a terminal that somebody else's text would like to write on."""

import pytest

from revocation.cli import show_error
from revocation.errors import InputError


def test_error_that_quotes_control_characters_shows_their_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """A field's name in a request on a stick could clear the screen, or write over what was shown to be signed."""
    show_error(InputError("has \x1b[2J\r\u202e\nsecond line", where="re\x1bquest", advice="no\x9bte"))
    assert capsys.readouterr().err.replace("\x1b[31m", "").replace("\x1b[0m", "") == (
        "error: re\\u001bquest: has \\u001b[2J\\u000d\\u202e\nsecond line\n  no\\u009bte\n"
    )
