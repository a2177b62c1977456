"""The registrar's side of the queue, with a stand-in for the signer behind a real Valkey."""

from pathlib import Path
from typing import Any

import redis

from registrar.issuance import CertificateRequest, SignerIssuance
from revocation.messages import (
    Message,
    Outcome,
    Reply,
    RequesterKey,
    parse_message,
)
from revocation.wire.job import safe_job_class
from revocation.wire.queue import Wire
from revocation.wire.route import job_id, message_of
from tests.authority import NOW
from tests.registrar.fakes import Clock
from tests.registrar.site import Site
from tests.wire.server import Server

ID = "0123456789abcdef" * 2

WANTED = CertificateRequest(
    csr=b"a CSR",
    names=("dns:a.example",),
    profile="server",
    not_before=None,
    not_after=None,
    asked_by="https://ca.example/acme/home/account/1",
    id=ID,
)


class Desk:
    """The registrar's side, and a stand-in for the signer, that takes messages out and replies what a test says."""

    def __init__(self, folder: Path, valkey: Server) -> None:
        self.client: redis.Redis = valkey.client()
        self.client.flushall()
        self.tenant = Site.build(folder).services.tenants["home"]
        self.key, self.clock, self.wire = RequesterKey.generate(), Clock(NOW), Wire(valkey.url)
        self.issuance = SignerIssuance(self.wire, {"home": self.key}, self.clock)

    def messages(self, queue: str) -> list[Message]:
        """What lies in a queue, taken out."""
        found = []
        while raw := self.client.lpop(f"rq:queue:{queue}"):
            job = safe_job_class({}, queue).fetch(raw.decode(), connection=self.client)
            found.append(parse_message(job.args[0]))
            assert raw.decode() == job_id(queue, message_of(raw.decode()))
        return found

    def reply(self, id_: str, outcome: Outcome = Outcome.DONE, **more: Any) -> None:
        self.wire.put_reply(Reply(id=id_, outcome=outcome, at=NOW, **more))
