"""A ceremony at a terminal: it is asked there, after all was shown, and only a yes signs."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.whole.ceremonies import REVOCAST, Site

pytestmark = pytest.mark.timeout(300)


def at_terminal(site: Site, answer: str, *arguments: str) -> tuple[int, str]:
    """The exit code of a command on the offline machine at a terminal of its own, and what was shown there."""
    ours, theirs = pty.openpty()
    command = [*REVOCAST, *arguments]
    with subprocess.Popen(command, cwd=site.offline, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # how a terminal says that nobody is at its other end any more
                break
            if not piece:
                break
            shown += piece
            if b"is all of this to be signed?" in shown and answer:
                os.write(ours, answer.encode())
                answer = ""
    os.close(ours)
    return process.returncode, shown.decode()


def test_only_a_yes_at_the_terminal_signs(tmp_path: Path) -> None:
    """The digest, what was asked for and what will be signed are shown first; no and an empty line sign nothing."""
    site = Site.build(tmp_path / "site")
    digest = site.request("first.json")
    sign = ("ceremony", "sign", "../stick/first.json", "--out", "../stick/out")
    for answer in ("n\n", "\n"):
        code, shown = at_terminal(site, answer, *sign)
        assert (code, "nobody agreed, and nothing was signed" in shown) == (1, True), shown
        assert digest in shown.partition("is all of this to be signed?")[0]
        assert "root: CRL all, number" in shown.partition("is all of this to be signed?")[0]
        assert not list((site.offline / "exchange").glob("*.tar"))
    code, shown = at_terminal(site, "y\n", *sign)
    assert (code, "signed: " in shown) == (0, True), shown
    assert (site.stick / "out/transcript.json").is_file()
