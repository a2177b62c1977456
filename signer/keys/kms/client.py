"""Asking AWS KMS: repeated with growing, random pauses where it is throttled or fails, and told in words where it ends.

That is botocore's mode `standard`: it tries again after throttling, 5xx, time-outs and broken connections, waits up to
20 seconds in between, and stops after some tries, so that a look goes on with what needs no KMS.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError

from revocation.errors import KeyUnavailable
from signer.keys.protocol import KeyAway

T = TypeVar("T")

TRIES: Final = 6
_CONNECT_SECONDS: Final = 3
_ANSWER_SECONDS: Final = 10

_NOT_KNOWN: Final = ("the key is not there", "correct the key and its region; an alias may have been deleted")
_REFUSED: Final = ("the credentials are not accepted", "see to AWS_… in the signer's environment, or its role")
_EXPLAINED: Final = {
    "NotFoundException": _NOT_KNOWN,
    "InvalidArnException": _NOT_KNOWN,
    "DisabledException": ("the key is disabled", "enable it in KMS"),
    "KMSInvalidStateException": ("the key is in no state to sign", "see whether its deletion is pending"),
    "InvalidKeyUsageException": ("the key is not one that signs", "it needs KeyUsage SIGN_VERIFY"),
    "UnrecognizedClientException": _REFUSED,
    "InvalidClientTokenId": _REFUSED,
    "InvalidSignatureException": _REFUSED,
    "ExpiredTokenException": _REFUSED,
    "IncompleteSignature": _REFUSED,
}
"""By the code of KMS, what it means and what to do."""

_NO_ANSWERS: Final = (ResponseParserError, AttributeError, TypeError, ValueError)
"""What botocore raises at JSON of another form than it expects."""

_BETWEEN: Final = "it is tried again at the next look; is there a proxy, or another server, between it and KMS?"
_THROTTLED: Final = frozenset(
    {"ThrottlingException", "LimitExceededException", "RequestLimitExceeded", "TooManyRequestsException"}
)

_REPEATED: Final = frozenset({500, 502, 503, 504})
"""What botocore asks again after, as after throttling."""


@cache
def client(region: str | None) -> Any:
    """The client of this process for a region; several threads may use it. Nothing is asked yet.

    Raises:
        KeyUnavailable: no region is known, or AWS's own configuration is wrong.
    """
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
    )
    try:
        return boto3.session.Session().client("kms", region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise KeyUnavailable(
            f"the client of KMS cannot be set up: {error}",
            where="AWS KMS",
            advice="say ?region= in the key's URI, or set AWS_DEFAULT_REGION",
        ) from error


@contextmanager
def explained(action: str, key: str, where: str) -> Iterator[None]:
    """Within, what KMS answers is an error that says what to do.

    Args:
        action: the right that is used, as policies call it.
        key: the key that it is used on.

    Raises:
        KeyAway: KMS throttled, failed or did not answer, after all tries, or what answers is not KMS.
        KeyUnavailable: it was not done.
    """
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, action, key, where) from error
    except NoCredentialsError as error:
        raise KeyUnavailable("there are no AWS credentials", where=where, advice=_REFUSED[1]) from error
    except _NO_ANSWERS as error:
        raise KeyAway("KMS gave an answer that is none of it", where=where, advice=_BETWEEN) from error
    except BotoCoreError as error:
        raise KeyAway(
            f"KMS cannot be reached: {error}", where=where, advice="it is tried again at the next look"
        ) from error


def told(answer: Mapping[str, Any], name: str, kind: type[T], where: str) -> T:
    """A field of an answer.

    Raises:
        KeyAway: it lacks that: a proxy answers in the place of KMS.
    """
    value = answer.get(name)
    if not isinstance(value, kind):
        raise KeyAway(f"KMS gave an answer without {name}", where=where, advice=_BETWEEN)
    return value


def _of_answer(error: ClientError, action: str, key: str, where: str) -> KeyUnavailable:
    said = error.response.get("Error", {})
    code = said.get("Code", "")
    if code in ("AccessDeniedException", "AccessDenied"):
        advice = "allow it in the policy of the signer's role, and in the key's own where that does not leave it to IAM"
        return KeyUnavailable(f"AWS denies {action} on {key}", where=where, advice=advice)
    if code in _THROTTLED:
        what = f"KMS still throttles after {TRIES} tries ({code})"
        advice = "it is tried again at the next look; KMS has quotas for each region and kind of key"
        return KeyAway(what, where=where, advice=advice)
    what, advice = _EXPLAINED.get(code, (f"KMS refuses {action}: {code} {said.get('Message', '')}".rstrip(), ""))
    kind = (
        KeyAway if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) in _REPEATED else KeyUnavailable
    )
    return kind(what, where=where, advice=advice or "it is tried again at the next look")
