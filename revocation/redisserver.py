"""A Redis or Valkey server that holds responses: where it is, how one gets in, and why it could not be asked.

What a server says in words is never repeated: it may be anything, and some repeat the password that they were sent.
"""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, model_validator

from revocation.configfile import LocalPath, QueueURL, Table
from revocation.errors import NotInstalled, RevocastError
from revocation.secret import SecretSource, obtain

_PLACE: Final = re.compile(r"rediss?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[0-9]{0,5})?")
_CODE: Final = re.compile(r"[A-Z]{3,20}(?= |$)")
_DEEPEST: Final = 8
_WORDS: Final = {
    "AuthenticationError": "the password is wrong or missing",
    "AuthorizationError": "this user may not do what is needed",
    "NoPermissionError": "this user may not do what is needed",
    "BusyLoadingError": "it is still loading its data",
    "OutOfMemoryError": "its memory is full: raise `maxmemory`",
    "ReadOnlyError": "it is a replica that takes no writes: name the primary",
    "MovedError": "it is a node of a cluster, which is not supported",
    "AskError": "it is a node of a cluster, which is not supported",
    "ClusterDownError": "it is a node of a cluster, which is not supported",
    "TimeoutError": "it does not answer in time",
    "ConnectionError": "no connection",
}


def _without_secrets(url: str) -> str:
    """The URL, when nothing but a place stands in it: it is shown in messages."""
    if url.startswith("unix://"):
        return url
    if "@" in url:
        raise ValueError("a user and a password do not stand in the URL: set `user` and `password`")
    if not _PLACE.fullmatch(url):
        raise ValueError("the URL is unix://PATH, redis://HOST:PORT/DB or rediss://HOST:PORT/DB, and no more")
    return url


class RedisServer(Table):
    """How to reach a server and the responses in it."""

    url: Annotated[QueueURL, AfterValidator(_without_secrets)] = Field(
        description="`unix://PATH`, `redis://HOST:PORT/DB` or, with TLS, `rediss://HOST:PORT/DB`; without credentials."
    )
    user: str | None = Field(default=None, min_length=1, description="The user of the server's ACL; else `default`.")
    password: SecretSource | None = Field(
        default=None, description="Where the password is: file:PATH, env:NAME or credential:NAME; read when connecting."
    )
    prefix: str = Field(
        default="revocast:",
        pattern=r"^[A-Za-z0-9._:/{}-]{1,64}$",
        description="Letters, digits and any of . _ : / { } -: what the names of our keys begin with, so that others "
        "may use the server too.",
    )
    tls_ca: LocalPath | None = Field(default=None, description="What the server's certificate is checked with (PEM).")
    tls_certificate: LocalPath | None = Field(default=None, description="Our certificate, where the server wants one.")
    tls_key: LocalPath | None = Field(default=None, description="Its key; readable by us alone.")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.user and not self.password:
            raise ValueError("`user` needs a `password`")
        if (self.tls_ca or self.tls_certificate or self.tls_key) and not self.url.startswith("rediss://"):
            raise ValueError("`tls_…` is for a rediss:// URL: without it nothing is encrypted")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("`tls_certificate` and `tls_key` go together")
        return self

    @property
    def place(self) -> str:
        """The server and the prefix, for messages."""
        return f"{self.url} {self.prefix}"

    def key(self, part: bytes) -> str:
        """The key under which a part of the store lies; see `revocation.store`."""
        return self.prefix + part.decode()

    def require_secret(self) -> None:
        """Look whether the password is there.

        Raises:
            ConfigurationError: it is not.
        """
        if self.password:
            obtain(self.password)

    def connect(self, seconds: float, retries: int = 0) -> Any:
        """A `redis.Redis`; it connects with the first command.

        Args:
            seconds: how long a connection, and each answer, may take.
            retries: how often a command is sent again on a new connection when the old one turns out to be closed.

        Raises:
            ConfigurationError: the client's library is not installed.
        """
        try:
            import redis  # only where a server is configured
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ModuleNotFoundError as error:
            raise NotInstalled(
                "the client of Redis is not installed", where=self.place, advice="pip install 'revocast[redis]'"
            ) from error
        options: dict[str, Any] = {"credential_provider": _Credentials(self.user, self.password)}
        files: dict[str, Path | None] = {
            "ssl_ca_certs": self.tls_ca,
            "ssl_certfile": self.tls_certificate,
            "ssl_keyfile": self.tls_key,
        }
        return redis.Redis.from_url(
            self.url,
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), retries, supported_errors=(redis.ConnectionError,)),
            protocol=2,
            **(options if self.password else {}),
            **{name: str(file) for name, file in files.items() if file},
        )


class _Credentials:
    """The password, read anew for every connection."""

    def __init__(self, user: str | None, source: str | None) -> None:
        self._user = user
        self._source = source

    def get_credentials(self) -> tuple[str, ...]:
        """As redis-py asks for them."""
        from redis import AuthenticationError  # what redis-py closes the connection for

        try:
            password = obtain(self._source) if self._source else ""
        except RevocastError as error:
            raise AuthenticationError("no password") from error
        return (self._user, password) if self._user else (password,)


def trouble(error: BaseException) -> str:
    """Why a server could not be asked, in our own words."""
    for cause in _causes(error):
        if isinstance(cause, RevocastError):
            return str(cause)
        if isinstance(cause, ssl.SSLError):
            return f"TLS fails: {cause.reason or 'no handshake'}"
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return f"no connection: {cause.strerror}"
    for kind in type(error).__mro__:
        if kind.__name__ in _WORDS:
            return _WORDS[kind.__name__]
    code = _CODE.match(str(error))
    return f"it answers {code[0]}" if code else f"it answers as no Redis does ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, as far as that matters."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
