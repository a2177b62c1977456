"""A request that was recognised, and what is answered."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from pydantic import BaseModel

from registrar.api.caller import Caller
from registrar.api.problems import APIProblem, Kind
from registrar.api.services import APIServices
from registrar.database import requests
from registrar.database.rows import Request
from registrar.database.schema import ID_LENGTH
from registrar.tenant import Tenant
from revocation.errors import InputError
from revocation.messages import BODIES, Change, Release, Revoke, Verb
from revocation.serials import from_hex, to_hex, to_int
from revocation.status import Reason


@dataclass(frozen=True)
class Begun:
    """What the signer is asked for a caller, by this and no other message.

    Attributes:
        id: of the message.
        since: when it was asked first.
    """

    tenant: Tenant
    id: str
    verb: Verb
    body: Change
    since: datetime


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: BaseModel
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        name: the issuer's, as the URL has it; None where it has none.
        serial: of the certificate, as the URL has it.
        body: as its model; None of a GET.
        query: the same of what stands behind the `?`.
        key: Idempotency-Key, as it was given or else drawn: 32 hexadecimal digits.
        if_match: the ETag that the certificate is to have.
    """

    services: APIServices
    caller: Caller
    now: datetime
    operation: str
    name: str | None
    serial: str | None
    body: BaseModel | None
    query: BaseModel | None
    key: str
    if_match: str | None

    @cached_property
    def tenant(self) -> Tenant:
        """The issuer; of one that the caller is not for it is not told whether it is there.

        Raises:
            APIProblem: there is none.
        """
        found = self.services.tenants.get(self.name or "") if self.name in self.caller.issuers else None
        if found is None:
            raise APIProblem(Kind.NOT_FOUND, f"there is no issuer of that name for {self.caller.name}")
        return found

    @cached_property
    def serial_hex(self) -> str:
        """The serial as the database and messages have it.

        Raises:
            APIProblem: it is none.
        """
        try:
            return to_hex(from_hex(self.serial or ""))
        except InputError as error:
            raise APIProblem(Kind.BAD_REQUEST, error.what) from error

    @property
    def serial_number(self) -> int:
        """The same as a number. Raises APIProblem: it is none."""
        return to_int(from_hex(self.serial_hex))

    @cached_property
    def message_id(self) -> str:
        """The id of the message to the signer.

        A key says so much to who gave it, and for that operation on that issuer: whatever others asked under it, or
        under an id that they took, is something else.
        """
        whose = [self.tenant.table.requester, self.tenant.name, self.caller.name, self.operation, self.key]
        return hashlib.sha256(json.dumps(whose).encode()).hexdigest()[:ID_LENGTH]

    @property
    def is_repeat(self) -> bool:
        """Whether the same was asked under this key before. Raises APIProblem: something else was."""
        return self._first() is not None

    @property
    def is_done(self) -> bool:
        """The same, if it was done, or goes on whether it is asked for again or not."""
        first = self._first()
        if first is None or first.done:
            return first is not None
        body = body_of(first)
        return body is not None and not is_its_clients(body)

    def _first(self) -> Request | None:
        with self.services.database.read() as connection:
            first = requests.by_id(connection, self.tenant.name, self.message_id)
        if first is not None:
            self._require_same(first)
        return first

    def begin(self, verb: Verb, body: Change) -> Begun:
        """Write down what is asked under this key, before anybody is asked: who never comes again has it done as well.

        Asked again, it is the same message, also where the issuer has another key by now.

        Raises:
            APIProblem: something else was asked under this key.
        """
        name, id_ = self.tenant.name, self.message_id
        new = Request(id_, name, self._digest, self.now, body.issuer, verb.value, body.model_dump_json())
        with self.services.database.write() as connection:
            requests.add(connection, new)
            first = requests.by_id(connection, name, id_) or new
            self._require_same(first)
            wanted = body.model_copy(update={"issuer": first.ca or body.issuer})
            if is_its_clients(body):
                first = replace(first, body=None, created_at=self.now)
            if first.body is None:
                again = replace(first, ca=wanted.issuer, verb=verb.value, body=wanted.model_dump_json())
                requests.open_again(connection, again)
        return Begun(self.tenant, id_, verb, wanted, first.created_at)

    @cached_property
    def _digest(self) -> str:
        said = self.body.model_dump(mode="json") if self.body else None
        return hashlib.sha256(json.dumps([self.serial, said], sort_keys=True).encode()).hexdigest()

    def _require_same(self, first: Request) -> None:
        if first.digest != self._digest:
            raise APIProblem(Kind.KEY_REUSED, "this Idempotency-Key stands for another request: take a new one")


def body_of(one: Request) -> Change | None:
    """What the signer was asked, and has not answered; None where that has ended."""
    if one.verb is None or one.body is None:
        return None
    body = BODIES[Verb(one.verb)].model_validate(json.loads(one.body))
    if not isinstance(body, Change):
        raise TypeError(f"request {one.id} changes nothing")
    return body


def is_its_clients(body: Change) -> bool:
    """Whether nobody but its client asks again: to hold, or to release, since the contrary may be wanted by then."""
    return isinstance(body, Release) or (isinstance(body, Revoke) and body.reason == Reason.certificateHold.name)
