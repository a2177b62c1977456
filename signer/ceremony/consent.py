"""Whether people agree to what was shown: at the terminal, unless they named its digest already."""

import os
import sys
import termios

import click

from revocation.errors import Refused


def ask(what: str, digest: str, question: str, yes: str | None, *, err: bool = False) -> None:
    """Return if who is at the terminal agrees; the digest was compared already where it was given.

    Args:
        what: is agreed to, in a word: a request, an order.
        digest: of it, SHA-256 in hexadecimal.
        err: it was shown on standard error, since standard output has JSON, and so it is asked there.

    Raises:
        Refused: nobody does.
    """
    if yes is not None:
        return
    where = f"{what} sha256:{digest}"
    if not has_terminal(err=err):
        output = "error" if err or os.isatty(1) else "output"
        elsewhere = f"what is to be signed does not go to the terminal (standard {output} is none)"
        why = elsewhere if is_attended() else "there is no terminal to ask at"
        raise Refused(f"nobody agreed: {why}", where=where, advice=f"--yes sha256:{digest}")
    _forget_what_was_typed()
    if not _is_confirmed(question, err=err):
        raise Refused("nobody agreed, and nothing was signed", where=where)


def is_attended() -> bool:
    """Whether standard input is a terminal: somebody started this there, and it is no script that nobody watches."""
    return sys.stdin is not None and sys.stdin.isatty()  # None where it was closed


def has_terminal(*, err: bool) -> bool:
    """Whether somebody can see what is shown, on standard error if `err`, and what is asked, which is there too."""
    return is_attended() and all(map(os.isatty, (2,) if err else (1, 2)))


def _forget_what_was_typed() -> None:
    """What was typed before the question answers another one, or none: nobody had seen what it is about."""
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _is_confirmed(question: str, *, err: bool) -> bool:
    """Whether the answer is yes; Ctrl-C and Ctrl-D are none."""
    try:
        return click.confirm(question, err=err)
    except click.Abort:
        click.echo(err=err)  # the line of the question ends there
        return False
