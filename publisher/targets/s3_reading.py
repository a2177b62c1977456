"""Single objects of a target that is a bucket, for who only asks, and for the end of them."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from publisher.config import S3Table
from publisher.targets.s3_trouble import in_our_words
from revocation.wire.s3 import connect
from revocation.wire.s3_client import AT_ONCE
from revocation.wire.s3_trouble import S3TooLarge

_LARGEST: Final = 1 << 20
_PAGES: Final = 20
"""Of a thousand objects each."""


def read_object(table: S3Table, key: str) -> bytes | None:
    """What lies at a key; None where nothing does, or nothing of the size of a response.

    Raises:
        TargetError: it cannot be read.
    """
    content = io.BytesIO()
    with in_our_words():
        try:
            found = connect(table.at(table.url)).get(key, content, _LARGEST)
        except S3TooLarge:
            return None
    return content.getvalue() if found else None


def remove_some(table: S3Table, below: str) -> int:
    """Remove objects whose keys begin so; how many. None is left when there were none.

    Raises:
        TargetError: they cannot be listed or removed.
    """
    bucket, count = connect(table.at(table.url)), 0
    with in_our_words(), ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(_PAGES):
            page, is_last = bucket.page(below)
            count += len(page)
            list(pool.map(bucket.remove, [one.key for one in page]))
            if is_last:
                break
    return count
