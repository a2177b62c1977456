"""The `[responder]` table of revocast.toml. The prefix, and how long caches may keep what, stand in `[public]`."""

from datetime import timedelta
from enum import Enum
from typing import Self

from pydantic import Field, model_validator

from responder.caching import MaxAges
from revocation.config import PublicConfig
from revocation.configfile import LocalPath, Table
from revocation.durations import Duration
from revocation.redisserver import RedisServer


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

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.store is None) == (self.redis is None):
            raise ValueError("one of `store` (LMDB) and `redis` is needed: where responses come from")
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
