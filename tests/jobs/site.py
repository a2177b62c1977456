"""A whole site in one process at a time of the test's choosing: signer, publisher, and the responder over real HTTP."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.serving import make_server

from publisher.config import PublisherConfig
from publisher.publish import publish
from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation.clock import fixed
from revocation.config import PublicConfig
from signer.handle import handle
from signer.look import look
from tests.authority import NOW, Authority
from tests.estate import Estate


class Site:
    """An installation whose published state is served; `now` is everybody's time."""

    def __init__(self, folder: Path, ocsp: str = "", authority: Authority | None = None) -> None:
        self.now = NOW
        self.authority = authority or Authority(days=7300)
        self.estate = Estate.build(folder, authority=self.authority, public=f"[public.ocsp]\nslices = 2\n{ocsp}")
        self.signer = self.estate.signer()
        self.www = folder / "public/www"
        self._source: LMDBSource | None = None
        self.app: WSGIApplication = create_app(LMDBSource(folder / "store"))
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.base = f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def public(self) -> PublicConfig:
        """The public configuration."""
        return PublicConfig.read(self.estate.file)

    def register(self, *numbers: int) -> None:
        """Make certificates known."""
        self.estate.register(self.signer, numbers, self.now)

    def revoke(self, number: int, reason: str = "keyCompromise") -> None:
        """Record a revocation."""
        handle(self.signer, self.estate.revoke(number, reason, self.now), fixed(self.now))

    def sign(self) -> None:
        """Make what is due, a second later, since thisUpdate only rises."""
        self.now += timedelta(seconds=1)
        assert not look(self.signer, fixed(self.now)).problems

    def publish(self, only: str | None = None) -> None:
        """Publish what was signed, to one target or to all. LMDB is opened by one at a time within a process."""
        self.close_store()
        config = PublisherConfig.read(self.estate.file)
        if only:
            config = config.model_copy(update={"targets": tuple(t for t in config.targets if t.name == only)})
        publish(config, self.public, fixed(self.now))
        self.reopen_store()

    def bring_up(self, revoked: Iterable[int] = (), good: Iterable[int] = ()) -> None:
        """Certificates, their status, all signed and published."""
        self.register(*revoked, *good)
        for number in revoked:
            self.revoke(number)
        self.sign()
        self.publish()

    def answer_instead(self, app: WSGIApplication) -> None:
        """Let something else answer every request."""
        self.app = app

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.close_store()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.app(environ, start_response)

    def reopen_store(self) -> None:
        """Answer out of the store as it is now."""
        self._source = LMDBSource(self.estate.folder / "store")
        self.app = create_app(self._source, files=self.www, now=lambda: self.now)

    def close_store(self) -> None:
        """Let another part of this process open the store; the responder opens it again at the next publication."""
        if self._source:
            self._source.close()
            self._source = None


def later(site: Site, **span: float) -> datetime:
    """Let time pass."""
    site.now += timedelta(**span)
    return site.now
