"""manifest.json of a bundle. A hint: publishers work everything out again from artifacts and configuration."""

import re
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from revocation.part import Part
from revocation.published import MOST, NUMBERS

FORMAT = 1
MANIFEST_NAME = "manifest.json"
CRL_SUFFIX = ".crl"
_NAME = re.compile(r"[0-9]{12}-[0-9a-f]{8}-(?:crl|ocsp|departed)-[a-z0-9.]+\.tar")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(_Strict):
    """One file of the bundle: a CRL, a chunk of concatenated DER OCSP responses, or why serials left CRLs."""

    path: str = Field(pattern=r"^(crl|ocsp|departed)/[0-9a-f]{8}/[a-z0-9.-]+\.(crl|ders|txt)$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(gt=0, lt=MOST)
    count: int = Field(gt=0, lt=MOST, description="objects in the file: 1 for a CRL, lines of a text")


class Manifest(_Strict):
    """What the signer says of a bundle."""

    format: Literal[1] = 1
    bundle: Annotated[str, Field(description="the bundle's own name, which sorts in the order of the ledger")]
    part: Part
    base_revision: int = Field(
        ge=0, lt=MOST, description="0 when complete; else it adds to what covered this ledger revision"
    )
    revision: int = Field(ge=0, lt=MOST, description="the ledger revision that is covered once this is applied")
    this_update: AwareDatetime
    next_update: AwareDatetime
    crl_number: int | None = Field(default=None, ge=0, lt=NUMBERS)
    entries: tuple[Entry, ...] = ()

    @property
    def crls(self) -> list[Entry]:
        """The CRLs in it."""
        return [entry for entry in self.entries if entry.path.endswith(CRL_SUFFIX)]

    @property
    def complete(self) -> bool:
        """Whether it needs nothing before it."""
        return self.base_revision == 0


def bundle_name(sequence: int, part: Part) -> str:
    """`000000000042-1a2b3c4d-crl-all.tar`: the ledger's sequence first, so that names sort in its order."""
    return f"{sequence:012d}-{part.issuer}-{part.kind}-{part.label}.tar"


def part_of(name: str) -> Part:
    """The part that a bundle's name names: `000000000042-1a2b3c4d-crl-all.tar`.

    Raises:
        ValueError: it names none.
    """
    _, issuer, kind, label = name.removesuffix(".tar").split("-")
    return Part.model_validate({"issuer": issuer, "kind": kind, "label": label})


def is_bundle_name(name: str) -> bool:
    """Whether a name in an exchange is a bundle's (temporary and foreign files are not)."""
    return _NAME.fullmatch(name) is not None
