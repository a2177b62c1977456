"""A part of an issuer's status: what is signed, carried and published as one thing."""

import re
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from revocation.artifacts import CRLName, Kind
from revocation.departed import Chunk

_SLICE: Final = re.compile(r"0|[1-9][0-9]{0,5}")


class Part(BaseModel):
    """Which part of an issuer's status a bundle carries: one CRL, one OCSP slice, or why some entries left CRLs.

    Attributes:
        label: of the CRL (`all`, `user.7`), the number of the slice, or day and chunk (`20261125.3`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(pattern=r"^[0-9a-f]{8}$")
    kind: Literal[Kind.CRL, Kind.OCSP, Kind.DEPARTED]
    label: str

    @model_validator(mode="after")
    def _fits(self) -> "Part":
        if self.kind is Kind.CRL:
            CRLName.parse(self.label)
        elif self.kind is Kind.DEPARTED:
            Chunk.parse(self.label)
        elif not _SLICE.fullmatch(self.label):
            raise ValueError(f"{self.label!r} is the number of no slice")
        return self

    @property
    def slice(self) -> int:
        """The number of the OCSP slice."""
        return int(self.label)
