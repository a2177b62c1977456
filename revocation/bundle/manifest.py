"""manifest.json of a bundle. A hint: publishers work everything out again from artifacts and configuration."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from revocation.instant import Instant
from revocation.part import Part
from revocation.published import Count, Number

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
    size: int = Field(gt=0)
    count: int = Field(gt=0, description="objects in the file: 1 for a CRL, lines of a text")


class Manifest(_Strict):
    """What the signer says of a bundle."""

    format: Literal[1] = 1
    bundle: Annotated[str, Field(description="the bundle's own name, which sorts in the order of the ledger")]
    part: Part
    base_revision: Count = Field(description="0 when complete; else it adds to what covered this ledger revision")
    revision: Count = Field(description="the ledger revision that is covered once this is applied")
    this_update: Instant
    next_update: Instant
    crl_number: Number | None = None
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
