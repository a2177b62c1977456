"""Where a passphrase comes from: a file, an environment variable, a systemd credential, a terminal; no argument."""

import getpass
import os
import re
import sys
from pathlib import Path
from typing import Final

from revocation.errors import InputError, KeyUnavailable, WrongPassphrase

PROMPT: Final = "prompt"
"""The passphrase is typed at a terminal."""

SOURCE: Final = r"^(file:.+|env:\w+|credential:[\w.-]+|prompt)$"
"""What a source looks like."""


def require_source(source: str) -> str:
    """The same, if it says where a passphrase is, and is none.

    Raises:
        InputError: it does not; says nothing of it.
    """
    if not re.fullmatch(SOURCE, source):
        raise InputError(
            "says no place of a passphrase; what it says is not repeated here, since it may be the passphrase",
            where="--passphrase",
            advice="file:PATH, env:NAME, credential:NAME or prompt; one that stood in a command line is in the shell's "
            "history, and was seen by who lists processes: take another",
        )
    return source


def obtain(source: str, issuer: str) -> bytes:
    """The passphrase that `source` names, without the line end of a file.

    Raises:
        WrongPassphrase: what was typed is empty.
        KeyUnavailable: the file, variable or credential is not there or empty, or there is no terminal to ask on.
    """
    scheme, _, rest = source.partition(":")
    if scheme == "file":
        return _from_file(Path(rest), issuer)
    if scheme == "env":
        return _from_environment(rest, issuer)
    if scheme == "credential":
        return _from_credential(rest, issuer)
    return ask(issuer)


def obtain_new(source: str, what: str) -> bytes:
    """A passphrase that something is to be encrypted with: where it is typed, twice.

    Raises:
        InputError: what was typed is twice not the same.
        KeyUnavailable: as above.
    """
    if source != PROMPT:
        return obtain(source, what)
    typed = ask(what)
    if ask(what, "Once more the passphrase") != typed:
        raise InputError("the two passphrases differ, and nothing was made", where=f"key {what}")
    return typed


def describe(source: str) -> str:
    """Where a passphrase came from, in words."""
    scheme, _, rest = source.partition(":")
    words = {"file": f"read from {rest}", "env": f"of the variable {rest}", "credential": f"of the credential {rest}"}
    return words.get(scheme, "typed")


def ask(issuer: str, prompt: str = "Passphrase") -> bytes:
    """The passphrase typed at the terminal; Enter alone is none, and nothing is opened with it: a token counts it.

    Raises:
        WrongPassphrase: it is empty.
        KeyUnavailable: there is no terminal.
    """
    if not (sys.stdin.isatty() or _has_terminal()):  # else getpass would read standard input: the messages
        raise _unavailable(
            "is to be asked for, but there is no terminal",
            issuer,
            "start it at a terminal, give `up` a --passphrase-file, or set `passphrase` to file:PATH",
        )
    try:
        typed = getpass.getpass(f"{prompt} of the CA key of {issuer}: ").encode()
    except (EOFError, OSError) as error:
        raise _unavailable("was asked for, and none was given", issuer) from error
    if not typed:
        raise WrongPassphrase(
            "the passphrase is empty", where=f"issuer {issuer}", advice="nothing was opened with it: type it"
        )
    return typed


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _from_file(path: Path, issuer: str) -> bytes:
    try:
        return _some(path.read_bytes().rstrip(b"\r\n"), f"file {path}", issuer)
    except OSError as error:
        raise _unavailable(f"file {path} cannot be read: {error.strerror}", issuer) from error


def _from_environment(name: str, issuer: str) -> bytes:
    value = os.environb.get(name.encode())
    if value is None:
        raise _unavailable(f"variable {name} is not set", issuer)
    return _some(value, f"variable {name}", issuer)


def _some(secret: bytes, what: str, issuer: str) -> bytes:
    """A secret that is one."""
    if not secret:
        raise _unavailable(f"{what} is empty", issuer)
    return secret


def _from_credential(name: str, issuer: str) -> bytes:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise _unavailable(f"credential {name} cannot be had: $CREDENTIALS_DIRECTORY is not set", issuer)
    return _from_file(Path(directory) / name, issuer)


def _unavailable(what: str, issuer: str, advice: str = "see `passphrase`") -> KeyUnavailable:
    return KeyUnavailable(
        f"the passphrase {what}", where=f"issuer {issuer}", advice=f"{advice} of the issuer in [[signer.issuers]]"
    )
