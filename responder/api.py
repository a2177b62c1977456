"""The responder as a library: mounted in an application of yours, as WSGI or as a Flask blueprint. See docs/library.md.

What stands in `__all__` stays; everything else in this room may change with any version. It reads a configuration with
`[public]` and `[responder]`, signs nothing, and brings no library of the signer, the queue or S3 along.
"""

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError
from revocation.installed import named

with named("responder.api", "responder"):
    from flask import Blueprint, request
    from flask.blueprints import BlueprintSetupState
    from werkzeug.routing import BaseConverter
    from werkzeug.wrappers import Response

    from responder.app import Rest
    from responder.config import ResponderConfig
    from responder.configured import application, source_of, store_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["blueprint", "wsgi_application"]

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All are handed on: which are allowed, and what the others are told, is the responder's affair."""

_REST: Final = "revocast_rest"
_PREFIX: Final = re.compile(r'(/[!"$&-.0-;=@-~]+)*')
"""As `prefix` of [public], and no variable of a rule, in whose place anything would stand."""


def wsgi_application(config: Path | str, *, prefix: str = "") -> "WSGIApplication":
    """The responder as a WSGI application (PEP 3333), with its hot path.

    Its store is opened with the first request, so it may be made before a server forks.

    Args:
        config: the revocast.toml.
        prefix: the path before `/ocsp/` as PATH_INFO has it: empty where what it is mounted in takes that off, as
            werkzeug's DispatcherMiddleware does; else that of `[public]`, such as `/pki`.

    Raises:
        ConfigurationError: a table is missing or wrong, the password of the store is not there, or `prefix` is none.
    """
    _require_prefix("prefix", prefix)
    file = ConfigFile.read(Path(config))
    settings, public = file.table("responder", ResponderConfig), PublicConfig.read(file)
    return application(settings, public, source_of(settings, store_of(settings)), prefix).wsgi_app


def blueprint(config: Path | str, *, name: str = "revocast") -> Blueprint:
    """The same as a blueprint: `/ocsp`, and where the configuration has `files` `/crl/` and `/issuer/`.

    `app.register_blueprint(blueprint("revocast.toml"), url_prefix="/pki")` puts it at the `prefix` of `[public]`. The
    paths below are its own whatever the application says of slashes, since `//` is part of a request's base64.

    Raises:
        ConfigurationError: as of `wsgi_application`; of `url_prefix` when it is registered.
    """
    responder = wsgi_application(config)
    found = Blueprint(name, __name__)
    found.record(_set_up)
    rules = ["/ocsp", f"/ocsp/<{_REST}:rest>"]
    if ConfigFile.read(Path(config)).table("responder", ResponderConfig).files:
        rules += [f"/crl/<{_REST}:rest>", f"/issuer/<{_REST}:rest>"]
    for number, rule in enumerate(rules):
        found.add_url_rule(
            rule,
            f"rule_{number}",
            _View(responder, rule),
            methods=_METHODS,
            provide_automatic_options=False,
            merge_slashes=False,
        )
    return found


def _require_prefix(name: str, prefix: str) -> None:
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            f"{prefix!r} is no path before /ocsp/",
            where=name,
            advice="/PATH in ASCII as it stands in URLs, without %, ?, # and a slash at its end, or nothing",
        )


def _set_up(state: BlueprintSetupState) -> None:
    """Before the rules are added, of which the first that does not fit would say less."""
    _require_prefix("url_prefix", (state.url_prefix or "").rstrip("/"))
    converters: dict[str, type[BaseConverter]] = state.app.url_map.converters
    converters[_REST] = Rest


class _View:
    """Leaves a request, with its path below the blueprint's, to the responder, and hands on what that answers."""

    def __init__(self, responder: "WSGIApplication", rule: str) -> None:
        self._responder, self._rule = responder, rule

    def __call__(self, **_: str) -> Response:
        mount = str(request.url_rule).removesuffix(self._rule)
        environ = {**request.environ, "PATH_INFO": request.environ["PATH_INFO"].removeprefix(mount)}
        environ["SCRIPT_NAME"] = request.environ.get("SCRIPT_NAME", "") + mount
        body: bytes | None = getattr(request, "_cached_data", None)  # werkzeug's, and nothing public tells of it
        if body is not None:  # what is before us read it: nothing is left in the stream
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        return Response.from_app(self._responder, environ)
