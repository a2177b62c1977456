"""Why an S3 endpoint could not be used, in our own words.

What a server says in words is never repeated: it may be anything, and some repeat what they were sent.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from revocation.errors import RevocastError

_CODE: Final = re.compile(r"[A-Za-z0-9]{1,40}")
_CONFLICTS: Final = frozenset({"PreconditionFailed", "412", "NoSuchKey"})
"""Of a put: what is to be replaced may be gone too."""
_REFUSED: Final = frozenset(
    {
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"),
        *("SSOTokenLoadError", "UnauthorizedSSOTokenError"),
    }
)
_WORDS: Final = {
    "PreconditionFailed": "something else lies there",
    "NoSuchKey": "nothing lies there any more",
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": "these credentials may not do what is needed",
    "403": "these credentials may not do what is needed",
    "InvalidAccessKeyId": "the endpoint does not know these credentials",
    "SignatureDoesNotMatch": "the credentials are wrong",
    "ExpiredToken": "the credentials have expired",
    "InvalidToken": "the credentials are wrong",
    "RequestTimeTooSkewed": "this machine's clock is not that of the endpoint",
    "PermanentRedirect": "the bucket lies in another region",
    "AuthorizationHeaderMalformed": "the bucket lies in another region",
    "EntityTooLarge": "it is larger than the endpoint takes",
    "NoSuchDistribution": "there is no such distribution",
    "TooManyInvalidationsInProgress": "too many invalidations are in progress",
    "BadDigest": "it arrived damaged",
    "NoCredentialsError": "there are no credentials",
    "PartialCredentialsError": "the credentials are not complete",
    "CredentialRetrievalError": "there are no credentials",
    "ProfileNotFound": "there are no credentials: the profile that is named does not exist",
    "EndpointConnectionError": "no connection",
    "ConnectionClosedError": "the connection breaks off",
    "ConnectTimeoutError": "no connection in time",
    "ReadTimeoutError": "no answer in time",
    "SSLError": "TLS fails",
    "IncompleteReadError": "the answer breaks off",
    "ResponseStreamingError": "the answer breaks off",
}
_ADVICE: Final = {
    "AccessDenied": "see to the policy of the bucket and of this user",
    "403": "see to the policy of the bucket and of this user",
    "PermanentRedirect": "set `region`",
    "AuthorizationHeaderMalformed": "set `region`",
    "NoCredentialsError": "put them where AWS's tools look: environment, profile, or the role of the instance",
    "SSLError": "is `tls_ca` right?",
}


class S3Trouble(RevocastError):
    """An endpoint could not be asked, or did not do what it was asked.

    Attributes:
        code: what S3 calls it; empty where S3 did not say.
        is_refused: whether other credentials may do better.
    """

    code = ""
    is_refused = False


class S3Conflict(S3Trouble):
    """Something else lies there than was expected: nothing was put."""


class S3TooLarge(S3Trouble):
    """An object is larger than it can be if it is ours; it was not read.

    Attributes:
        etag: its entity tag.
    """

    def __init__(self, largest: int, where: str, etag: str) -> None:
        super().__init__(f"is larger than {largest} octets", where=where)
        self.etag = etag


@contextmanager
def explained(action: str, where: str) -> Iterator[None]:
    """Tell what botocore raises in our words.

    Raises:
        S3Conflict: a condition did not hold.
        S3Trouble: all else.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        code = code_of(error)
        kind = S3Conflict if code in _CONFLICTS else S3Trouble
        trouble = kind(f"{action}: {_answer(error.response)}", where=where, advice=_ADVICE.get(code))
        trouble.code = code
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        trouble.is_refused = status in (401, 403) or code in _REFUSED
        raise trouble from error
    except (BotoCoreError, ResponseParserError) as error:
        name = type(error).__name__
        why = _WORDS.get(name, f"the request fails ({name})")
        trouble = S3Trouble(f"{action}: {why}", where=where, advice=_ADVICE.get(name))
        trouble.is_refused = name in _REFUSED
        raise trouble from error


def code_of(error: Any) -> str:
    """What S3 calls the error; the status where the answer has no body, as to HEAD."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _answer(response: Any) -> str:
    code = str(response.get("Error", {}).get("Code", ""))
    if code in _WORDS:
        return _WORDS[code]
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "nothing")
    return f"it answers {status} {code}" if _CODE.fullmatch(code) and code != str(status) else f"it answers {status}"
