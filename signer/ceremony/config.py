"""`[signer.ceremony]` of the offline machine: who has to agree, and how far its clock may be wrong."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from revocation.configfile import Table
from revocation.durations import Duration
from signer.ceremony.sshkey import read_public_key


def _readable(line: str) -> str:
    read_public_key(line)
    return line


class Approver(Table):
    """Somebody whose agreement counts."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="What a ceremony calls them.")
    public_key: Annotated[str, AfterValidator(_readable)] = Field(
        description="Their SSH public key, as in a .pub file: Ed25519, ECDSA, RSA, or one in a FIDO token (sk-)."
    )


class CeremonyTable(Table):
    """The `[signer.ceremony]` table."""

    approvals: int = Field(
        default=0,
        ge=0,
        description="How many of the approvers have to sign the digest of a request before its ceremony. 0: none.",
    )
    approvers: tuple[Approver, ...] = ()
    clock_tolerance: Duration = Field(
        default=timedelta(days=7),
        description="How far this machine's clock may be from the time at which a request was made: the way of the "
        "stick, and what the clock may be wrong by. What is signed by a wrong clock is refused or expires early.",
    )

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.approvals > len(self.approvers):
            raise ValueError(f"approvals = {self.approvals}, and there are {len(self.approvers)} approvers")
        names = {one.name for one in self.approvers}
        blobs = {read_public_key(one.public_key).blob for one in self.approvers}
        if len(names) < len(self.approvers) or len(blobs) < len(self.approvers):
            raise ValueError("two approvers have the same name, or the same key: each is to count once")
        return self
