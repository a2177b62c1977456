"""Where keys, their passphrases and the ledger are, as the `[signer]` table says it: nothing secret stands in it."""

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from signer.keys.kms.uri import SCHEME as KMS_SCHEME
from signer.keys.kms.uri import KMSKey
from signer.keys.passphrase import SOURCE
from signer.keys.token.uri import SCHEME, TokenURI

_POSTGRESQL: Final = ("postgresql://", "postgres://")


def _place(scheme_and_rest: str, info: ValidationInfo) -> str:
    """Make the path behind `file:` relative to the configuration."""
    scheme, _, rest = scheme_and_rest.partition(":")
    directory: Path | None = (info.context or {}).get("directory")
    return f"file:{directory / rest}" if scheme == "file" and directory else scheme_and_rest


def _ledger(place: object, info: ValidationInfo) -> object:
    """A file beside the configuration, or the address of a PostgreSQL database; a password does not stand in it."""
    if not isinstance(place, str) or not place.startswith(_POSTGRESQL):
        return _beside(Path(place), info) if isinstance(place, str | Path) else place
    address = urlsplit(place)
    if address.password is not None or "password" in parse_qs(address.query):
        raise ValueError(
            "holds a password: leave it out, and put it into ~/.pgpass, the file that $PGPASSFILE names, or use a "
            "socket on which the server knows the user (`peer`)"
        )
    return place


def _beside(path: Path, info: ValidationInfo) -> Path:
    directory: Path | None = (info.context or {}).get("directory")
    return directory / path if directory else path


def _understood(uri: str) -> str:
    """What a URI says is understood, and it holds no PIN."""
    if uri.startswith(SCHEME):
        TokenURI.parse(uri)
    if uri.startswith(KMS_SCHEME):
        KMSKey.parse(uri)
    return uri


KeyURI = Annotated[str, Field(pattern=r"^(file|pkcs11|awskms):.+"), AfterValidator(_place), AfterValidator(_understood)]
PassphraseSource = Annotated[str, Field(pattern=SOURCE), AfterValidator(_place)]

LedgerPlace = Annotated[Path | str, BeforeValidator(_ledger)]
"""A path is SQLite, a str is the address of a PostgreSQL database."""
