"""The ACME server as a Flask application: its URLs, and what each answer has (RFC 8555 sections 6 and 7.1)."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from registrar.acme import accounts, authorizations, certificate, directory, finalize, key_change, orders, renewal
from registrar.acme import revoke as revocation_
from registrar.acme.asked import Answer, Asked, not_there
from registrar.acme.authentication import Signer, authenticate
from registrar.acme.browsers import let_in
from registrar.acme.client_address import client_address
from registrar.acme.jws import LARGEST
from registrar.acme.services import Services
from registrar.acme.strict_json import is_plain_text
from registrar.problem import Problem, ProblemType
from registrar.tenant import Tenant
from revocation.errors import QueueUnreachable, RevocastError

_LOG: Final = logging.getLogger("revocast.registrar")
_PROBLEM: Final = "application/problem+json"
_AGAIN: Final = 30

Handler = Callable[..., Answer]

_POSTS: Final[tuple[tuple[str, Signer, Handler], ...]] = (
    ("new-account", Signer.KEY, accounts.new_account),
    ("account/<id_>", Signer.ACCOUNT, accounts.account),
    ("account/<id_>/orders", Signer.ACCOUNT, orders.orders),
    ("key-change", Signer.ACCOUNT, key_change.key_change),
    ("new-order", Signer.ACCOUNT, orders.new_order),
    ("order/<id_>", Signer.ACCOUNT, orders.order),
    ("order/<id_>/finalize", Signer.ACCOUNT, finalize.finalize),
    ("authorization/<id_>", Signer.ACCOUNT, authorizations.authorization),
    ("challenge/<id_>", Signer.ACCOUNT, authorizations.challenge),
    ("certificate/<id_>", Signer.ACCOUNT, certificate.certificate),
    ("certificate/<id_>/<int:alternate>", Signer.ACCOUNT, certificate.certificate),
    ("revoke-cert", Signer.EITHER, revocation_.revoke),
)


def create_app(services: Services) -> Flask:
    """The application."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST + 1
    app.url_map.merge_slashes = False
    for path, signer, handler in _POSTS:
        app.add_url_rule(
            f"/acme/<name>/{path}", path, _posted(services, signer, handler), methods=["POST"], strict_slashes=True
        )
    app.add_url_rule("/acme/<name>/directory", "directory", _got(services, directory.directory))
    app.add_url_rule("/acme/<name>/renewal-info/<certid>", "renewal", _got(services, renewal.renewal_info))
    app.add_url_rule("/acme/<name>/new-nonce", "nonce", _nonce(services), methods=["GET", "HEAD"])
    app.add_url_rule("/healthz", "healthz", lambda: _health(services))
    app.after_request(let_in)
    app.register_error_handler(Exception, lambda error: _failed(services, error))
    return app


def _posted(services: Services, signer: Signer, handler: Handler) -> Callable[..., Response]:
    def view(name: str, **parts: Any) -> Response:
        tenant = _tenant(services, name)
        if not all(map(is_plain_text, (request.path, *request.args.values()))):
            raise not_there("resource")
        query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        asked: Asked = authenticate(
            services,
            tenant,
            signer,
            request.get_data(cache=False),
            url=f"{tenant.root}{request.path}{query}",
            media_type=request.mimetype if request.mimetype_params == {} else "",
            address=client_address(request.environ, services.settings.trusted_proxies),
            accept=request.headers.get("Accept", ""),
            query=request.args.to_dict(),
        )
        return _response(tenant, handler(asked, **parts), asked.next_nonce)

    return view


def _got(services: Services, handler: Handler) -> Callable[..., Response]:
    def view(name: str, **parts: Any) -> Response:
        tenant = _tenant(services, name)
        return _response(tenant, handler(services, tenant, **parts), None)

    return view


def _nonce(services: Services) -> Callable[[str], Response]:
    def view(name: str) -> Response:
        status = 204 if request.method == "GET" else 200  # section 7.2
        tenant = _tenant(services, name)
        return _response(tenant, Answer(None, status), services.nonces.new(tenant.name))

    return view


def _tenant(services: Services, name: str) -> Tenant:
    tenant = services.tenants.get(name)
    if tenant is None:
        raise not_there("issuer with ACME")
    return tenant


def _response(tenant: Tenant, answer: Answer, nonce: str | None) -> Response:
    body = (
        answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body) if answer.body is not None else b""
    )
    response = Response(body, answer.status, mimetype=answer.media_type)
    if answer.body is None:
        del response.headers["Content-Type"]
    response.headers.update(answer.headers)
    for relation, url in (("index", tenant.url("directory")), *answer.links):
        response.headers.add("Link", f'<{url}>;rel="{relation}"')
    response.headers["Cache-Control"] = "no-store"
    if nonce is not None:
        response.headers["Replay-Nonce"] = nonce
    return response


def _failed(services: Services, error: Exception) -> Response:
    """A problem document, whatever happened: with a nonce where the client may try again with it."""
    problem = _problem(error)
    headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after is not None else {}
    headers |= dict(problem.headers)
    tenant = services.tenants.get(_issuer_asked())
    if tenant is None:
        return Response(json.dumps(problem.as_json()), problem.status, headers, mimetype=_PROBLEM)
    answer = Answer(problem.as_json(), problem.status, _PROBLEM, headers, problem.links)
    nonce = None
    with suppress(QueueUnreachable):
        nonce = services.nonces.new(tenant.name) if request.method == "POST" else None
    return _response(tenant, answer, nonce)


def _issuer_asked() -> str:
    """The name of the issuer in the URL, also where the method or the rest of it is wrong."""
    _, _, below = request.path.partition("/acme/")
    return below.partition("/")[0]


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return Problem(ProblemType.MALFORMED, f"this is done with {allowed}", status=405, headers={"Allow": allowed})
    if isinstance(error, HTTPException):
        return Problem(ProblemType.MALFORMED, error.description or error.name, status=error.code or 400)
    if isinstance(error, RevocastError):
        _LOG.error("a request could not be done: %s", error)
        return Problem(ProblemType.SERVER_INTERNAL, "try again in a while", status=503, retry_after=_AGAIN)
    _LOG.error("a request failed: %s", type(error).__name__, exc_info=error)
    return Problem(ProblemType.SERVER_INTERNAL, "something is wrong here, and not with the request", status=500)


def _health(services: Services) -> Response:
    services.database.require_writable(services.clock())
    with services.database.read():
        services.nonces.ping()
    return Response("ok\n", mimetype="text/plain")
