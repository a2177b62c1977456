"""Objects of a bucket, as values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What is said of every object of one kind, in its headers."""

    media_type: str
    cache_control: str


@dataclass(frozen=True)
class Listed:
    """An object in a list.

    Attributes:
        key: below the prefix.
        etag: as S3 writes it, with quotes. With `modified` it is another one whenever the object was put.
    """

    key: str
    size: int
    etag: str
    modified: str


@dataclass(frozen=True)
class Got:
    """What was found out of an object that was read.

    Attributes:
        sha256: of the content, hexadecimal.
        is_as_put: false where it is not the SHA-256 that was said when it was put. Others may have said none.
    """

    etag: str
    sha256: str
    kind: Kind
    is_as_put: bool = True
