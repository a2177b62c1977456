"""manifest.json of a backup: what it is a copy of, and the digest by which damage is noticed."""

import hashlib
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revocation.errors import InputError
from revocation.instant import Instant

MANIFEST_NAME: Final = "manifest.json"
LEDGER_NAME: Final = "ledger.sqlite"
DUMP_NAME: Final = "ledger.dump"
_LARGEST: Final = 1 << 20


class BackupManifest(BaseModel):
    """What is said of a backup. A field or a format that is not known is refused: it may change what the rest means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    revocast: str = Field(description="the version that made it")
    made_at: Instant
    file: Literal["ledger.sqlite", "ledger.dump"] = Field(description="SQLite, or PostgreSQL's custom format")
    size: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    ledger_schema: str = Field(description="the migration of the ledger")
    sequence: int = Field(ge=0, description="of the newest bundle")
    revisions: dict[str, int] = Field(description="of each issuer, by its id")


def read_manifest(folder: Path) -> BackupManifest:
    """The manifest of a backup, whose file has the size and digest that it says.

    Raises:
        InputError: no backup, one of another format, or damaged.
    """
    where = f"backup {folder}"
    try:
        with (folder / MANIFEST_NAME).open("rb") as file:
            manifest = BackupManifest.model_validate_json(file.read(_LARGEST))
        with (folder / manifest.file).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        advice = "name the folder that `revocast backup` printed"
        raise InputError(f"cannot be read: {error.strerror}: {error.filename}", where=where, advice=advice) from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or MANIFEST_NAME
        advice = "it is damaged, or made by a later version: upgrade Revocast, or take another backup"
        raise InputError(f"{place}: {problem['msg']}", where=where, advice=advice) from error
    if (size, digest) != (manifest.size, manifest.sha256):
        what = f"{manifest.file} is damaged: it has not the size and digest of its manifest"
        raise InputError(what, where=where, advice="take another backup")
    return manifest
