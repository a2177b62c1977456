"""What an import read, as JSON that travels with its message: the offline ledger is synchronised with the same."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revocation.errors import InputError
from revocation.status import Reason, Revocation
from signer.importers.entry import ImportEntry, ImportSource


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeptRevocation(_Model):
    """How a certificate is revoked."""

    revoked_at: datetime
    reason: Reason
    invalidity_date: datetime | None

    def revocation(self) -> Revocation:
        """The revocation that was kept."""
        return Revocation(self.revoked_at.astimezone(UTC), self.reason, _utc(self.invalidity_date))


class KeptEntry(_Model):
    """An `ImportEntry`; octets are hexadecimal."""

    serial: str
    not_after: datetime | None
    is_ca: bool
    revocation: KeptRevocation | None
    certificate: str | None
    place: str
    shard: int | None
    says_kind: bool
    listed_at: tuple[str, ...]

    @classmethod
    def of(cls, entry: ImportEntry) -> "KeptEntry":
        """An entry, to be kept."""
        said = entry.revocation
        revocation = None
        if said is not None:
            times = {"revoked_at": said.revoked_at, "invalidity_date": said.invalidity_date}
            revocation = KeptRevocation(reason=said.reason, **times)
        return cls(
            serial=entry.serial.hex(),
            not_after=entry.not_after,
            is_ca=entry.is_ca,
            revocation=revocation,
            certificate=entry.certificate.hex() if entry.certificate is not None else None,
            place=entry.place,
            shard=entry.shard,
            says_kind=entry.says_kind,
            listed_at=entry.listed_at,
        )

    def entry(self) -> ImportEntry:
        """The entry that was kept.

        Raises:
            ValueError: octets are not hexadecimal.
        """
        said = self.revocation
        return ImportEntry(
            serial=bytes.fromhex(self.serial),
            not_after=_utc(self.not_after),
            is_ca=self.is_ca,
            revocation=said.revocation() if said else None,
            certificate=bytes.fromhex(self.certificate) if self.certificate is not None else None,
            place=self.place,
            shard=self.shard,
            says_kind=self.says_kind,
            listed_at=self.listed_at,
        )


class KeptSource(_Model):
    """An `ImportSource` with all its entries."""

    description: str
    crl_number: int | None
    entries: tuple[KeptEntry, ...] = Field(default=())

    def source(self) -> ImportSource:
        """The source, to be read again."""
        try:
            entries = [entry.entry() for entry in self.entries]
        except ValueError as error:
            raise InputError(f"is malformed: {error}", where=self.description) from error
        return ImportSource(self.description, entries, self.crl_number, len(entries))


class Record:
    """The entries of a source, kept while they are read."""

    def __init__(self, source: ImportSource) -> None:
        self._source = source
        self._entries: list[KeptEntry] = []

    def __iter__(self) -> Iterator[ImportEntry]:
        for entry in self._source.entries:
            self._entries.append(KeptEntry.of(entry))
            yield entry

    @property
    def text(self) -> str:
        """All that was read, as JSON."""
        source = self._source
        kept = KeptSource(description=source.description, crl_number=source.crl_number, entries=tuple(self._entries))
        return kept.model_dump_json()


def read_kept(text: str) -> ImportSource:
    """The source that was kept.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return KeptSource.model_validate_json(text).source()
    except ValidationError as error:
        raise InputError(f"is malformed: {error.errors()[0]['msg']}", where="what an import read") from error


def _utc(moment: datetime | None) -> datetime | None:
    """As importers have it: the digest of an import is over that form too."""
    return moment.astimezone(UTC) if moment is not None else None
