"""Whether an endpoint keeps what is put under a key with slashes in a row, or with one at its end, as S3 does.

Some keep objects in folders: they take two slashes for one, or an object with a slash at its end for a folder, which
has no headers and no versions.
"""

import io
from typing import Final

from revocation.wire.s3 import S3
from revocation.wire.s3_object import Kind
from revocation.wire.s3_trouble import S3Trouble

_BELOW: Final = ".slashes/"
_ODD: Final = f"{_BELOW}/probe/"
_KIND: Final = Kind("application/octet-stream", "no-store")


def is_odd(key: str) -> bool:
    """Whether it is such a key."""
    return "//" in key or key.endswith("/")


def keeps_odd_keys(bucket: S3) -> bool:
    """Try it with an object that is removed again.

    Raises:
        S3Trouble: it cannot be tried.
    """
    try:
        bucket.send(_ODD, io.BytesIO(b"probe"), ContentType=_KIND.media_type, CacheControl=_KIND.cache_control)
    except S3Trouble as error:
        if error.is_refused or "Invalid" not in error.code:  # InvalidRequest, InvalidArgument, InvalidObjectName
            raise
        return False
    found = bucket.get(_ODD, None)
    page, _ = bucket.page(_BELOW)
    bucket.remove(_ODD)
    return found is not None and found.kind == _KIND and _ODD in {one.key for one in page}
