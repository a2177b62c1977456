"""Somebody types at a terminal, and what is shown goes elsewhere: nobody saw what is to be signed."""

from pathlib import Path

import pytest

from tests.signer.issuers.machine import SUB, Machine
from tests.terminal import at_terminal

QUESTION = "Is all of this to be signed?"


@pytest.mark.parametrize("command", ["create", "renew", "renew --json", "renew 2>"])
def test_order_that_is_shown_elsewhere_is_not_agreed_to_by_its_options(
    machine: Machine, tmp_path: Path, command: str
) -> None:
    """As with `| tee log`, `> log`, `2> log` or `--json 2> log`: it is refused with the digest that agrees."""
    if command == "create":
        sub = ("--issued-by", "root", "--subject", SUB, "--days", "10")
        words = ("issuer", "create", "sub", *sub, *machine.key("sub"))
    else:
        words = ("issuer", *command.removesuffix("2>").split(), "root", "--days", "9")
    with (tmp_path / "log").open("wb") as log:
        kept = {"err" if "--json" in words or "2>" in command else "out": log}
        code, shown = at_terminal(machine.folder, {QUESTION: "y\n"}, *words, **kept)
    told = shown + (tmp_path / "log").read_text()
    assert code == 1, told
    assert "nobody agreed: what is to be signed does not go to the terminal" in told
    assert "--yes sha256:" in told
    assert machine.run("audit", "show").count("sign CA certificate") == 1


def test_order_is_asked_for_where_its_json_goes_elsewhere(machine: Machine, tmp_path: Path) -> None:
    """What is shown goes to standard error then, and that is the terminal."""
    words = ("issuer", "renew", "--json", "root", "--days", "9")
    with (tmp_path / "log").open("wb") as log:
        code, shown = at_terminal(machine.folder, {QUESTION: "n\n"}, *words, out=log)
    assert (code, QUESTION in shown) == (1, True), shown
