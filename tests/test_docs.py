"""The documents claim nothing that is not there: links lead somewhere, and every command that they name exists."""

import re
import shlex
from pathlib import Path

import click
import pytest

from revocation.commands import TABLE, load

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "infra").rglob("*.md")])
COMMAND = re.compile(
    r"^(?:\$ |.*bin/)?revocast ((?:worker |signer |eab |token |ledger |ceremony |audit |key |issuer |cert )?[a-z-]+)"
    r"((?: (?!#)(?:\"[^\"\n]*\"|[^\s`|;&)\"]+))*)",
    re.M,
)


def code(page: Path) -> str:
    """The code of a page: blocks, with their continued lines joined, and what stands between backticks."""
    text = page.read_text().replace("\\\n", " ")
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return "\n".join([*blocks, *spans])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Those within the repository, at least."""
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_the_documents_exist_with_their_options(page: Path) -> None:
    """Every `revocast …` in code is a row of the table, and takes the options that are shown."""
    for name, rest in COMMAND.findall(code(page)):
        assert name in TABLE, f"revocast {name}"
        options = {option for p in load(name, TABLE[name]).params if isinstance(p, click.Option) for option in p.opts}
        given = {word.split("=")[0] for word in shlex.split(rest, comments=True) if re.match(r"--?[a-z]", word)}
        assert given <= options | {"--help"}, f"revocast {name}{rest}"


def test_documents_that_the_code_points_to_are_there() -> None:
    """`See docs/bundle.md` in a docstring."""
    for path in ROOT.glob("*/**/*.py"):
        if path.relative_to(ROOT).parts[0] in ("revocation", "signer", "publisher", "responder", "registrar", "jobs"):
            for page in re.findall(r"docs/[\w.-]+\.md", path.read_text()):
                assert (ROOT / page).exists(), f"{path}: {page}"
