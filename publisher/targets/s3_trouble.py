"""What a bucket's troubles are for a target."""

from collections.abc import Iterator
from contextlib import contextmanager

from revocation.errors import TargetError
from revocation.wire.s3_trouble import S3Conflict, S3Trouble


@contextmanager
def in_our_words() -> Iterator[None]:
    """Tell what an S3 endpoint did not do as a failure of the target.

    Raises:
        TargetError: it could not be asked, did not do it, or another publisher was faster.
    """
    try:
        yield
    except S3Conflict as error:
        raise TargetError(
            f"{error.what}: another publisher was faster",
            where=error.where,
            advice="nothing was written over; the next look goes on from what is there",
        ) from error
    except S3Trouble as error:
        raise TargetError(error.what, where=error.where, advice=error.advice) from error
