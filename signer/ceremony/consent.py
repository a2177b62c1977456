"""Whether people agree to what was shown: at the terminal, unless they named its digest already."""

import os
import sys

import click

from revocation.errors import Refused


def ask(what: str, digest: str, question: str, yes: str | None) -> None:
    """Return if who is at the terminal agrees; the digest was compared already where it was given.

    Args:
        what: is agreed to, in a word: a request, an order.
        digest: of it, SHA-256 in hexadecimal.

    Raises:
        Refused: nobody does.
    """
    if yes is not None:
        return
    where = f"{what} sha256:{digest}"
    if not sys.stdin.isatty() or not os.isatty(1):
        raise Refused("nobody agreed: there is no terminal to ask at", where=where, advice=f"--yes sha256:{digest}")
    if not click.confirm(question):
        raise Refused("nobody agreed, and nothing was signed", where=where)
