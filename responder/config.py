"""The `[responder]` table of revocast.toml. The prefix, and how long caches may keep what, stand in `[public]`."""

from datetime import timedelta
from enum import Enum
from typing import Final, Self

from pydantic import Field, field_validator, model_validator

from responder.caching import MaxAges
from revocation.config import PublicConfig
from revocation.configfile import LocalPath, Table
from revocation.durations import Duration
from revocation.redisserver import RedisServer

_HIGHEST_PORT: Final = 65535


class Server(Enum):
    """The HTTP servers that the application runs under; `docs/http.md` has what each can do and what it cannot."""

    WAITRESS = "waitress"
    FASTPYSGI = "fastpysgi"


class ResponderConfig(Table):
    """What the HTTP server answers from, and where it listens."""

    store: LocalPath | None = Field(
        default=None,
        description="The folder of the LMDB store that a publisher on this host fills; it need not exist yet.",
    )
    redis: RedisServer | None = Field(
        default=None,
        description="In its place: the Redis or Valkey server that a publisher fills, on this host or another.",
    )
    files: LocalPath | None = Field(
        default=None,
        description="Serve /crl/ and /issuer/ from this folder too, where no web server of its own does.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="The address to listen on.")
    port: int = Field(default=8889, ge=0, le=65535, description="The TCP port to listen on; 0 picks a free one.")
    issuer_max_age: Duration = Field(
        default=timedelta(days=1),
        ge=timedelta(0),
        description="Cache-Control of issuer certificates: they change when a CA certificate is renewed, and rarely.",
    )

    server: Server = Field(
        default=Server.WAITRESS,
        description="`waitress` may face the internet; `fastpysgi` answers OCSP many times as fast, behind a web server"
        " that holds slow clients off and serves the files.",
    )

    workers: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Processes that answer OCSP, under fastpysgi: one for each core they may use.",
    )
    admin: str | None = Field(
        default=None,
        description="Where /metrics and /readyz are answered, such as 127.0.0.1:9180: an address that the public cannot"
        " reach. Nowhere, if this is not set.",
    )

    @field_validator("admin")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            _address(value)
        return value

    @property
    def admin_address(self) -> tuple[str, int]:
        """Host and port of `admin`, which must be set."""
        if self.admin is None:
            raise ValueError("`admin` is not set")
        return _address(self.admin)

    @model_validator(mode="after")
    def _workers_need_fastpysgi(self) -> Self:
        if self.workers != 1 and self.server is Server.WAITRESS:
            raise ValueError(f"`workers` = {self.workers} need server = 'fastpysgi': waitress answers in one process")
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.store is None) == (self.redis is None):
            raise ValueError("responder.store (LMDB) or responder.redis is needed, and not both")
        return self

    @model_validator(mode="after")
    def _files_need_waitress(self) -> Self:
        if self.files and self.server is Server.FASTPYSGI:
            raise ValueError("`files` are not served under server = 'fastpysgi': leave them to the web server in front")
        return self

    def max_ages(self, public: PublicConfig) -> MaxAges:
        """How long caches may keep what: constants that hold for every issuer, so the shortest of theirs."""
        profiles = public.profiles.values()
        return MaxAges(
            ocsp=min(profile.ocsp.max_age for profile in profiles),
            crl=min(spec.settings.max_age for profile in profiles for spec in profile.crls.values()),
            issuer=self.issuer_max_age,
        )


def _address(text: str) -> tuple[str, int]:
    """Host and port of `host:port`, an IPv6 address in brackets."""
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or (":" in bare and bare == host) or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise ValueError("an address has the form 127.0.0.1:9180, or [::1]:9180")
    return bare, int(port)
