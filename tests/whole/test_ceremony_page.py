"""docs/ceremony.md is carried out: its commands, on two machines, print what stands there."""

import re
import shlex
from pathlib import Path

import pytest

from tests.whole.ceremonies import Site

PAGE = Path(__file__).parents[2] / "docs/ceremony.md"
pytestmark = pytest.mark.timeout(300)


def test_ceremony_goes_as_the_page_says(tmp_path: Path) -> None:
    """Every command with its output; digests, times, numbers and the place of the folder are those of the day."""
    site = Site.build(tmp_path / "site")
    page = PAGE.read_text().partition("\n## Series\n")[0]  # from there on output is shortened, and of another set-up
    digest, blocks = "", re.findall(r"^```console\n(.*?)^```", page, re.M | re.S)
    assert len(blocks) == 3
    for machine, command, expected in re.findall(
        r"^(online|offline)\$ revocast (.*)\n((?:(?!o.*line\$).*\n)*)", "".join(blocks), re.M
    ):
        arguments = shlex.split(re.sub(r"sha256:[0-9a-f]{64}", digest, command))
        shown = site.run(site.folder / machine, *arguments)
        assert of_any_day(shown) == of_any_day(expected), command
        digest = next(iter(re.findall(r"^sha256:[0-9a-f]{64}$", shown, re.M)), digest)


def of_any_day(text: str) -> str:
    """Without what differs from one day to the next."""
    for pattern, word in (
        (r"[0-9a-f]{64}", "DIGEST"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"number \d+", "number N"),
        (r"(issuer|crl)/[0-9a-f]{8}", r"\1/ISSUER"),
        (r"\S+/exchange", "EXCHANGE"),
    ):
        text = re.sub(pattern, word, text)
    return text.strip()
