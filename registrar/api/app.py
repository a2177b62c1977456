"""The API as a Flask application: who asks is seen first, then whether it is of the right form, and then it is done."""

import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, json, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from registrar.acme.strict_json import read_object
from registrar.api import clients, tokens
from registrar.api.asked import Answer, Asked
from registrar.api.caller import Caller, not_recognised
from registrar.api.openapi import document
from registrar.api.operations import OPERATIONS, Operation
from registrar.api.problems import KINDS, APIProblem, Fault, Kind, unavailable
from registrar.api.services import APIServices
from registrar.problem import Problem
from revocation.errors import RevocastError

_LOG: Final = logging.getLogger("revocast.registrar")
_PROBLEM: Final = "application/problem+json"
_BASE: Final = "/api/v1"
_MOST_FAULTS: Final = 20
_KEY: Final = re.compile(r"[0-9a-f]{32}")

LARGEST: Final = 1 << 19
"""Octets of a request: a message to the signer has at most twice as many."""


def create_app(services: APIServices) -> Flask:
    """The application."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.url_map.merge_slashes = False
    root = services.settings.url
    for one in OPERATIONS:
        rule = _BASE + one.path.replace("{", "<").replace("}", ">")
        app.add_url_rule(rule, one.name, _view(services, one), methods=[one.method], provide_automatic_options=False)
    app.add_url_rule(f"{_BASE}/openapi.json", "openapi", lambda: _plain(document(root)), methods=["GET"])
    app.add_url_rule(f"{_BASE}/problems", "problems", lambda: _plain(_problems(root)), methods=["GET"])
    app.register_error_handler(Exception, lambda error: _failed(root, error))
    return app


def _view(services: APIServices, one: Operation) -> Callable[..., Response]:
    def view(issuer: str | None = None, serial: str | None = None) -> Response:
        caller = _caller(services)
        again = services.rates.request(services.table.rate, caller.name)
        if again is not None:
            raise APIProblem(Kind.TOO_MANY, f"too many of {caller.name}", headers={"Retry-After": str(again)})
        asked = Asked(
            services=services,
            caller=caller,
            now=services.clock(),
            operation=one.name,
            name=issuer,
            serial=serial,
            body=_body(one.taken) if one.taken else None,
            query=_query(one.query),
            key=_key() if one.method == "POST" else "",
            if_match=request.headers.get("If-Match") if one.has_etag else None,
        )
        answer = one.handler(asked)
        if one.method == "GET":
            _LOG.info("API: %s of %s, asked by %s", one.name, issuer or "all", caller.name)
        return _response(answer)

    return view


def _caller(services: APIServices) -> Caller:
    """Who asks: by a token, or else by a client certificate."""
    said = request.headers.get("Authorization")
    if said is not None:
        scheme, _, text = said.partition(" ")
        if scheme.lower() != "bearer":
            raise not_recognised("tokens are sent as `Authorization: Bearer …`")
        return tokens.recognise(services.database, text.strip(), services.clock())
    shown = clients.shown_by(request.environ, services) if services.table.clients else None
    if shown is None:
        raise not_recognised("send a token as `Authorization: Bearer …`, or show a client certificate")
    return clients.recognise(services, shown, services.clock())


def _key() -> str:
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return secrets.token_hex(16)
    if not _KEY.fullmatch(given):
        raise APIProblem(Kind.BAD_REQUEST, "an Idempotency-Key has 32 hexadecimal digits, in lower case")
    return given


def _body(model: type[BaseModel]) -> BaseModel:
    if request.mimetype != "application/json":
        raise APIProblem(Kind.MEDIA_TYPE, "send it as application/json")
    octets = request.get_data(cache=False)
    try:
        read_object(octets, "the body")
        return model.model_validate_json(octets)
    except Problem as problem:
        raise APIProblem(Kind.BAD_REQUEST, problem.detail) from problem
    except ValidationError as error:
        raise _bad(error) from error


def _query(model: type[BaseModel] | None) -> BaseModel | None:
    """What stands behind the `?`, each parameter once; those that are not known are refused."""
    given = request.args.to_dict(flat=False)
    if twice := next((name for name, values in given.items() if len(values) > 1), None):
        raise APIProblem(Kind.BAD_REQUEST, "a parameter stands twice", faults=(Fault(twice[:80], "stands twice"),))
    if model is None:
        if given:
            raise APIProblem(Kind.BAD_REQUEST, "there are no parameters to this")
        return None
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise _bad(error) from error


def _bad(error: ValidationError) -> APIProblem:
    found = [(".".join(map(str, one["loc"]))[:80], one["msg"][:200]) for one in error.errors()[:_MOST_FAULTS]]
    faults = tuple(Fault(at or "body", detail) for at, detail in found)
    return APIProblem(Kind.BAD_REQUEST, f"`{faults[0].at}`: {faults[0].detail}", faults=faults)


def _response(answer: Answer) -> Response:
    tag = answer.headers.get("ETag")
    if tag and request.method == "GET" and request.if_none_match.contains_weak(tag.strip('"')):
        response = Response(status=304, headers=dict(answer.headers))
        del response.headers["Content-Type"]
    else:
        body = answer.body.model_dump_json()
        response = Response(body, answer.status, dict(answer.headers), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store" if tag is None else "private, no-cache"
    return response


def _plain(value: Any) -> Response:
    return Response(json.dumps(value), mimetype="application/json", headers={"Cache-Control": "max-age=300"})


def _problems(root: str) -> dict[str, Any]:
    """What stands in `type` of a problem document, and means."""
    return {
        "problems": [
            {"type": f"{root}{_BASE}/problems#{kind}", "status": status, "title": title}
            for kind, (status, title) in KINDS.items()
        ]
    }


def _failed(root: str, error: Exception) -> Response:
    """A problem document, whatever happened."""
    problem = _problem(error)
    response = Response(json.dumps(problem.as_json(root)), problem.status, dict(problem.headers), mimetype=_PROBLEM)
    response.headers["Cache-Control"] = "no-store"
    if problem.kind in (Kind.UNAUTHENTICATED, Kind.SCOPE):
        _LOG.warning("API: %s %s is refused: %s", request.method, request.path[:200], problem.detail)
    return response


def _problem(error: Exception) -> APIProblem:
    match error:
        case APIProblem():
            return error
        case RequestEntityTooLarge():
            return APIProblem(Kind.TOO_LARGE, f"a request has at most {LARGEST} octets")
        case MethodNotAllowed():
            allowed = ", ".join(sorted(error.valid_methods or ()))
            return APIProblem(Kind.METHOD, f"it is done with {allowed}", headers={"Allow": allowed})
        case NotFound():
            return APIProblem(Kind.NOT_FOUND, "there is nothing at this URL", advice="see /api/v1/openapi.json")
        case HTTPException():
            return APIProblem(Kind.BAD_REQUEST, error.description or error.name)
        case RevocastError():
            _LOG.error("API: a request could not be done: %s", error)
            return unavailable("try again in a while")
    _LOG.error("API: a request failed: %s", type(error).__name__, exc_info=error)
    return APIProblem(Kind.DEFECT, "something is wrong here, and not with the request")
