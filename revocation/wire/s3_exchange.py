"""An exchange that is a bucket, or a prefix in one.

A name is put once: whoever puts another bundle under it is refused, so two signers cannot write over each other. A
bundle is read into a file without a name before anybody looks into it: it is seekable, takes no memory, and does not
change or break off while it is looked at.
"""

import hashlib
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final, cast

from revocation.audithead import HEAD_NAME, LARGEST
from revocation.bundle.manifest import is_bundle_name
from revocation.errors import BundleError, ExchangeError
from revocation.wire.bucket import Bucket
from revocation.wire.exchange import Stored
from revocation.wire.head_file import too_large
from revocation.wire.s3 import connect
from revocation.wire.s3_conditions import ABSENT
from revocation.wire.s3_object import Kind
from revocation.wire.s3_trouble import S3Conflict, S3TooLarge, S3Trouble

_BUNDLE: Final = Kind("application/x-tar", "no-store")
_HEAD: Final = Kind("application/json", "no-store")
_PROBE: Final = ".probe"


class S3Exchange:
    """Bundles as objects.

    Raises:
        ConfigurationError: boto3 is not installed or cannot be set up.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._s3 = connect(bucket)

    def __str__(self) -> str:
        return str(self._bucket)

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> int:
        """Put it, unless there is one of that name: the same is put already, another stays.

        Raises:
            ExchangeError: it could not be put, or another bundle has its name.
            OSError: there is no room for it in the folder of temporary files.
        """
        if not is_bundle_name(name):
            raise ValueError(f"{name!r} is not a bundle's name")
        with tempfile.TemporaryFile() as content, _explained():
            write(cast("BinaryIO", content))
            size = content.tell()
            self._s3.probe(_PROBE)
            try:
                self._s3.put(name, cast("BinaryIO", content), _BUNDLE, ABSENT)
            except S3Conflict as error:
                raise ExchangeError(
                    "another bundle has this name already",
                    where=self._s3.where(name),
                    advice="is another signer at work there, with a ledger of its own?",
                ) from error
        return size

    def list(self) -> list[Stored]:
        """Every object with a bundle's name.

        Raises:
            ExchangeError: they cannot be listed.
        """
        with _explained():
            found = [one for one in self._s3.list() if is_bundle_name(one.key)]
        return sorted((Stored(one.key, one.size, f"{one.etag}-{one.modified}") for one in found), key=_name)

    def open(self, name: str) -> BinaryIO:
        """Read it whole into a file that goes when it is closed."""
        if not is_bundle_name(name):
            raise BundleError("is not a bundle's name", where=repr(name))
        with ExitStack() as undo:
            content = undo.enter_context(tempfile.TemporaryFile())
            try:
                with _explained():
                    found = self._s3.get(name, cast("BinaryIO", content))
            except OSError as error:
                raise ExchangeError(
                    f"cannot be kept while it is looked at: {error.strerror}",
                    where=f"bundle {name}",
                    advice=f"make room in {tempfile.gettempdir()}, or set TMPDIR",
                ) from error
            if found is None:
                raise BundleError("cannot be opened: it is not there", where=f"bundle {name}")
            if not found.is_as_put:
                raise ExchangeError("is not what was put there", where=f"bundle {name}")
            content.seek(0)
            undo.pop_all()
        return cast("BinaryIO", content)

    def remove(self, name: str) -> None:
        """Take it out.

        Raises:
            ExchangeError: it cannot be taken out.
        """
        if is_bundle_name(name):
            with _explained():
                self._s3.remove(name)

    def is_there(self) -> bool:
        """Always: each request tells of a bucket that is not."""
        return True

    def put_head(self, head: bytes) -> None:
        """Put it over the one before.

        Raises:
            ExchangeError: it could not be put.
        """
        digest = hashlib.sha256(head).hexdigest()
        said = {"ContentType": _HEAD.media_type, "CacheControl": _HEAD.cache_control, "Metadata": {"sha256": digest}}
        with _explained():
            self._s3.send(HEAD_NAME, io.BytesIO(head), **said)

    def head(self) -> bytes | None:
        """Read it.

        Raises:
            InputError: it is too large for a head.
            ExchangeError: it cannot be read.
        """
        content = io.BytesIO()
        with _explained():
            try:
                return content.getvalue() if self._s3.get(HEAD_NAME, content, LARGEST) else None
            except S3TooLarge as error:
                raise too_large() from error


def _name(stored: Stored) -> str:
    return stored.name


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except S3Trouble as error:
        raise ExchangeError(error.what, where=error.where, advice=error.advice) from error
