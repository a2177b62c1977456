"""A ceremony at a terminal: it is asked there, after all was shown, and only a yes signs."""

from pathlib import Path

import pytest

from tests.terminal import at_terminal
from tests.whole.ceremonies import Site

QUESTION = "is all of this to be signed?"
pytestmark = pytest.mark.timeout(300)


def test_only_a_yes_at_the_terminal_signs(tmp_path: Path) -> None:
    """The digest, what was asked for and what will be signed are shown first; no and an empty line sign nothing.

    Nor does a yes that was typed before the question: nobody had seen then what it is about.
    """
    site = Site.build(tmp_path / "site")
    digest = site.request("first.json")
    sign = ("ceremony", "sign", "../stick/first.json", "--out", "../stick/out")
    for typed, answer in (("", "n\n"), ("", "\n"), ("y\n", "n\n")):
        code, shown = at_terminal(site.offline, {QUESTION: answer}, *sign, typed=typed)
        assert (code, "nobody agreed, and nothing was signed" in shown) == (1, True), shown
        assert digest in shown.partition(QUESTION)[0]
        assert "root: CRL all, number" in shown.partition(QUESTION)[0]
        assert not list((site.offline / "exchange").glob("*.tar"))
    code, shown = at_terminal(site.offline, {QUESTION: "y\n"}, *sign)
    assert (code, "signed: " in shown) == (0, True), shown
    assert (site.stick / "out/transcript.json").is_file()
