"""The API of two issuers, right by default, with a stand-in for the signer that remembers what it was asked."""

import base64
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from limits.storage import MemoryStorage
from werkzeug.test import TestResponse

from registrar.acme.rates import Rates
from registrar.api.app import create_app
from registrar.api.services import APIServices
from registrar.api.tokens import new_secret
from registrar.database import tokens
from registrar.database.rows import Token
from registrar.issuance import CertificateRequest
from registrar.received import names_of
from registrar.tenant import Tenant, api_tenants_of
from revocation import serials
from revocation.errors import QueueUnreachable
from revocation.issuer import Issuer
from revocation.messages import Change, Issue, Outcome, Register, Reply, Verb
from tests.authority import NOW, Authority
from tests.registrar.fakes import Clock, FakeCA
from tests.registrar.site import ROOT, UNLIMITED, Site, csr_for

ALL = ("issue:server", "issue:client", "revoke", "hold", "read", "import")
API = "[registrar.api]\nrate = 'off'\n"


@dataclass
class FakeSigner:
    """Does at once what the signer would, in place of it; what it refuses, and whether it is there, the test says."""

    ca: FakeCA
    clock: Clock
    refusal: Reply | None = None
    silent: bool = False
    away: bool = False
    forged: bytes | None = None
    asked: list[tuple[str, Verb, Change]] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, tenant: Tenant, verb: Verb, body: Change, id_: str, seconds: float) -> Reply | None:
        if self.away:
            raise QueueUnreachable("the queue server does not answer")
        with self.turn:
            self.asked.append((id_, verb, body))
            if self.silent:
                return None
            return self.refusal or self._reply(tenant, body, id_)

    def heard(self, tenant: Tenant, verb: Verb, body: Change, id_: str) -> Reply | None:
        return None if self.silent else self.replies.get(id_)

    def _reply(self, tenant: Tenant, body: Change, id_: str) -> Reply:
        if id_ not in self.replies:
            said = {"issuer": tenant.issuer.id, "revision": len(self.replies) + 1, "detail": "done"}
            self.replies[id_] = Reply(id=id_, outcome=Outcome.DONE, at=self.clock(), data=self._data(body, id_), **said)
        return self.replies[id_]

    def _data(self, body: Change, id_: str) -> dict[str, Any]:
        if isinstance(body, Register):
            found = [x509.load_der_x509_certificate(_octets(one)) for one in body.certificates]
            each = {serials.to_hex(serials.from_int(one.serial_number)) for one in found}
            new, self.registered = each - self.registered, self.registered | each
            return {"serials": sorted(new)}
        if not isinstance(body, Issue):
            return {}
        names = body.names or sorted(names_of(x509.load_der_x509_csr(_octets(body.csr))))
        wanted = CertificateRequest(
            _octets(body.csr), names, body.profile, body.not_before, body.not_after, body.asked_by or "", id_
        )
        if id_ not in self.ca.issued:
            self.ca.issued[id_] = self.ca._sign(wanted)
        return {"certificate": _text(self.forged or self.ca.issued[id_])}


@dataclass
class FakeResponder:
    """Answers in place of an OCSP responder."""

    answer: bytes | None = None
    asked: int = 0

    def ask(self, issuer: Issuer, serial: int) -> bytes | None:
        self.asked += 1
        return self.answer


@dataclass
class Desk:
    """The API, and what stands in for others."""

    folder: Path
    authority: Authority
    services: APIServices
    app: Flask
    clock: Clock
    signer: FakeSigner
    responder: FakeResponder

    @classmethod
    def build(
        cls,
        folder: Path,
        *,
        api: str = API,
        database: str = "registrar/registrar.sqlite",
        requester: str = "registrar",
        public: str = "",
        clock: Clock | None = None,
        authority: Authority | None = None,
    ) -> "Desk":
        """The API as a configuration describes it: `api` are the tables of it."""
        authority = authority or Authority("Home CA")
        site = Site.build(
            folder,
            authority=authority,
            issuer=f'{UNLIMITED}\napi = true\nrequester = "{requester}"',
            lab="api = true",
            registrar=api,
            public=public,
            database=database,
        )
        settings, public, clock = site.services.settings, site.services.public, clock or Clock(NOW)
        assert settings.api
        signer, responder = FakeSigner(FakeCA(authority, clock), clock), FakeResponder()
        services = APIServices(
            settings=settings,
            table=settings.api,
            public=public,
            tenants=api_tenants_of(settings, public),
            database=site.services.database,
            rates=Rates(MemoryStorage(), clock),
            signer=signer,
            responder=responder,
            clock=clock,
        )
        return cls(folder, authority, services, create_app(services), clock, signer, responder)

    def token(
        self,
        *scopes: str,
        name: str = "test",
        issuers: tuple[str, ...] = ("home",),
        expires_at: datetime | None = None,
    ) -> str:
        """A new one, for all scopes unless some are named."""
        secret, prefix, digest = new_secret()
        row = Token(prefix, name, digest, list(scopes or ALL), list(issuers), self.clock(), expires_at, None)
        with self.services.database.write() as connection:
            tokens.add(connection, row)
        return secret

    def revoke_token(self, name: str = "test") -> None:
        with self.services.database.write() as connection:
            assert tokens.revoke(connection, name, self.clock())

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> TestResponse:
        """Ask; a header is written with `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given |= {"Authorization": f"Bearer {token}"} if token else {}
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        media = {} if body is None else {"content_type": "application/json"}
        return self.app.test_client().open(f"{ROOT}/api/v1{path}", method=method, data=data, headers=given, **media)

    def issue(self, token: str, *names: str, issuer: str = "home", **more: Any) -> TestResponse:
        """Have a certificate issued; members that start with a capital are headers."""
        headers = {name: value for name, value in more.items() if name[0].isupper()}
        body = {"profile": "server", "csr": pem(csr_for(*names))}
        body |= {name: value for name, value in more.items() if name not in headers}
        return self.ask("POST", f"/issuers/{issuer}/certificates", body, token=token, **headers)

    def later(self, **by: float) -> datetime:
        return self.clock() + timedelta(**by)


def pem(one: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return one.public_bytes(Encoding.PEM).decode()


def kind(answer: TestResponse) -> str:
    """What stands behind the `#` of the type of a problem document, which is right in all else."""
    assert answer.mimetype == "application/problem+json", answer.text
    assert answer.json["status"] == answer.status_code
    assert answer.json["detail"]
    base, _, found = answer.json["type"].partition("#")
    assert base == f"{ROOT}/api/v1/problems"
    return str(found)


def _octets(text: str) -> bytes:
    return base64.b64decode(text)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
