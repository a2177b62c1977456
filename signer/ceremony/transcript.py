"""What a ceremony leaves behind: what was shown, what was signed, with which key, who was there and who agreed."""

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revocation.clock import iso
from revocation.errors import InputError
from revocation.instant import Instant

JSON_NAME: Final = "transcript.json"
TEXT_NAME: Final = "transcript.txt"
LARGEST: Final = 1 << 26
"""Octets: what was shown names twenty serials a line, however large the CRL is."""
LARGEST_BUNDLE: Final = 1 << 31
"""Octets: the reader of bundles takes a CRL of 1 GiB."""
_DIGEST: Final = r"^[0-9a-f]{64}$"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApprovedBy(_Model):
    """Who agreed, and the key that said so."""

    name: str
    fingerprint: str


class UsedKey(_Model):
    """A CA key."""

    issuer: str
    name: str
    key: str = Field(description="where it is, as configured")
    public_key_sha256: str = Field(pattern=_DIGEST, description="of the SubjectPublicKeyInfo")


class SignedBundle(_Model):
    """A bundle, in the folder of the ceremony."""

    name: str
    size: int = Field(ge=0, le=LARGEST_BUNDLE)
    sha256: str = Field(pattern=_DIGEST)


class SignedCRL(_Model):
    """A CRL."""

    issuer: str
    label: str
    number: str = Field(description="decimal")
    this_update: Instant
    next_update: Instant
    entries: int
    sha256: str = Field(pattern=_DIGEST)


class Try(_Model):
    """People agreed to what was shown, and it broke off before all of it was signed."""

    at: Instant
    operators: tuple[str, ...]
    approvals: tuple[ApprovedBy, ...]
    shown: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """It in words."""
        yield f"broke off    one of {iso(self.at)}, whose request this is: this one went on from there"
        yield f"  operators    {', '.join(self.operators) or 'nobody was named'}"
        yield f"  approvals    {_named(self.approvals)}"
        yield "  was shown"
        yield from (f"    {line}" for line in self.shown)


class Transcript(_Model):
    """A ceremony that was held."""

    format: Literal[1] = 1
    request: str = Field(pattern=_DIGEST, description="SHA-256 of the request")
    request_made_at: Instant
    predecessor: str | None
    at: Instant
    operators: tuple[str, ...]
    approvals: tuple[ApprovedBy, ...]
    revocast: str
    python: str
    keys: tuple[UsedKey, ...]
    tries: tuple[Try, ...] = Field(default=(), description="of this request before, which broke off")
    shown: tuple[str, ...] = Field(description="what the operators saw before they agreed, line by line")
    left_out: tuple[str, ...] = Field(default=(), description="ids of messages of the request that were not done")
    late: tuple[str, ...] = Field(default=(), description="of those that an earlier ceremony should have had")
    crls: tuple[SignedCRL, ...]
    bundles: tuple[SignedBundle, ...]
    problems: tuple[str, ...] = Field(description="what was told while it was signed")

    def text(self) -> str:
        """For people."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"Ceremony of {iso(self.at)}"
        yield f"request      sha256:{self.request}, made at {iso(self.request_made_at)}"
        yield f"predecessor  {f'sha256:{self.predecessor}' if self.predecessor else 'none: it has all messages'}"
        yield f"operators    {', '.join(self.operators) or 'nobody was named'}"
        yield f"approvals    {_named(self.approvals)}"
        yield f"software     Revocast {self.revocast}, Python {self.python}"
        for key in self.keys:
            yield f"key          {key.name} ({key.issuer}): {key.key}, public key sha256:{key.public_key_sha256}"
        for broken in self.tries:
            yield from broken.lines()
        yield "was shown"
        yield from (f"  {line}" for line in self.shown)
        yield from (f"left out     message {id_}" for id_ in self.left_out)
        yield from (f"came late    message {id_}" for id_ in self.late)
        yield "was signed"
        for crl in self.crls:
            window = f"{iso(crl.this_update)} to {iso(crl.next_update)}"
            yield f"  {crl.issuer}: CRL {crl.label}, number {crl.number}, {crl.entries} entries, {window}"
            yield f"    sha256:{crl.sha256}"
        for bundle in self.bundles:
            yield f"  {bundle.name}, {bundle.size} octets"
            yield f"    sha256:{bundle.sha256}"
        for problem in self.problems:
            yield f"problem      {problem}"


def _named(approvals: tuple[ApprovedBy, ...]) -> str:
    return ", ".join(f"{one.name} ({one.fingerprint})" for one in approvals) or "none was required"


def parse(data: bytes, where: str) -> Transcript:
    """The transcript in JSON.

    Raises:
        InputError: it is none, or of a later format.
    """
    try:
        return Transcript.model_validate_json(data)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or JSON_NAME
        advice = "copy the folder of the ceremony again; one of a later version wants an upgrade here"
        raise InputError(f"is malformed: {place}: {problem['msg']}", where=where, advice=advice) from error
