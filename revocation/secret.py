"""A secret of a service, read from where the configuration says when it is needed: a new one is taken at once."""

import os
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, ValidationInfo

from revocation.errors import ConfigurationError

_FORMS: Final = "file:PATH, env:NAME or credential:NAME"


def _named(source: str, info: ValidationInfo) -> str:
    scheme, found, rest = source.partition(":")
    if scheme not in ("file", "env", "credential") or not found or not rest:
        raise ValueError(f"a secret does not stand in the configuration: name where it is, {_FORMS}")
    directory = (info.context or {}).get("directory")
    return f"file:{directory / rest}" if scheme == "file" and directory else source


SecretSource = Annotated[str, AfterValidator(_named)]
"""Where a secret is: `file:PATH`, relative to the file that names it, `env:NAME`, or systemd's `credential:NAME`."""


def obtain(source: str) -> str:
    """The secret that a source names, without the line end of a file.

    Raises:
        ConfigurationError: it is not there, or is no text.
    """
    scheme, _, rest = source.partition(":")
    if scheme == "env":
        value = os.environ.get(rest)
        if not value:
            raise _unavailable(source, "the variable is not set")
        return value
    if scheme == "credential":
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise _unavailable(source, "$CREDENTIALS_DIRECTORY is not set")
        rest = str(Path(directory) / rest)
    try:
        return Path(rest).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise _unavailable(source, error.strerror or "it cannot be read") from error
    except UnicodeDecodeError as error:
        raise _unavailable(source, "it is no text") from error


def _unavailable(source: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the secret cannot be read: {why}", where=source, advice=f"a secret is in {_FORMS}; is it readable by us?"
    )
