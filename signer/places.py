"""Where keys, their passphrases and the ledger are, as the `[signer]` table says it: nothing secret stands in it."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from revocation.databaseplace import DatabasePlace
from signer.keys.kms.uri import SCHEME as KMS_SCHEME
from signer.keys.kms.uri import KMSKey
from signer.keys.passphrase import SOURCE
from signer.keys.token.uri import SCHEME, TokenURI


def _place(scheme_and_rest: str, info: ValidationInfo) -> str:
    """Make the path behind `file:` relative to the configuration."""
    scheme, _, rest = scheme_and_rest.partition(":")
    directory: Path | None = (info.context or {}).get("directory")
    return f"file:{directory / rest}" if scheme == "file" and directory else scheme_and_rest


def _understood(uri: str) -> str:
    """What a URI says is understood, and it holds no PIN."""
    if uri.startswith(SCHEME):
        TokenURI.parse(uri)
    if uri.startswith(KMS_SCHEME):
        KMSKey.parse(uri)
    return uri


KeyURI = Annotated[str, Field(pattern=r"^(file|pkcs11|awskms):.+"), AfterValidator(_place), AfterValidator(_understood)]
PassphraseSource = Annotated[str, Field(pattern=SOURCE), AfterValidator(_place)]

LedgerPlace = DatabasePlace
"""A path is SQLite, a str is the address of a PostgreSQL database."""
