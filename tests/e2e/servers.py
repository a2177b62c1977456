"""The servers that the services need, each with a user for each service: Valkey, PostgreSQL, and SeaweedFS for S3."""

import secrets
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, Self

from tests.building.seaweedfs import EXCHANGE, PUBLIC, SeaweedFS
from tests.e2e.process import signal_family
from tests.infra.running_nginx import free_port
from tests.infra.valkey_users import GuardedServer
from tests.postgresql import Server as PostgreSQL

DATABASE: Final = "ledger"
ROLE: Final = "signer"
NAMES: Final = ("valkey", "postgresql", "s3")

ATTACKER: Final = "attacker"
"""Who may do everything in both buckets."""

Verdict = tuple[int, int] | None
"""Since when a certificate is revoked (seconds since 1970) and why (CRLReason); None when it is good."""

_STANDING: Final = """
SELECT certificates.serial, facts.kind, facts.revoked_at, facts.reason FROM certificates
LEFT JOIN facts ON facts.issuer = certificates.issuer AND facts.revision = certificates.status_revision
"""


class Servers:
    """All three, running.

    Attributes:
        password: of PostgreSQL's role, which owns the ledger and may nothing else.
    """

    def __init__(self, folder: Path) -> None:
        (folder / "valkey").mkdir()
        (folder / "s3").mkdir()
        self.valkey = GuardedServer(folder / "valkey")
        self.database_port = free_port()
        self.postgresql = PostgreSQL(port=self.database_port)
        self.s3 = SeaweedFS(folder / "s3")
        self.s3.identify(ATTACKER, *(f"{act}:{of}" for of in (EXCHANGE, PUBLIC) for act in ("Read", "List", "Write")))
        self.password = secrets.token_hex(16)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            with ThreadPoolExecutor() as pool:
                list(pool.map(stack.enter_context, (self.valkey, self.postgresql, self.s3)))
            with self.postgresql.connect() as connection:
                connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.password}'")
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE} TEMPLATE template0")
                connection.execute(f"REVOKE CONNECT ON DATABASE {DATABASE}, postgres FROM PUBLIC")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for name in NAMES:
            with suppress(AssertionError):  # one that was killed, and not started again
                self.resume(name)
        self._stack.close()

    def ledger(self) -> dict[int, Verdict]:
        """What the ledger says of every certificate, read from the database itself; what is released is good."""
        with self.postgresql.connect(DATABASE) as connection:
            rows: list[Any] = connection.execute(_STANDING).fetchall()
        return {
            int.from_bytes(serial): (revoked_at, reason or 0) if kind == "revoked" else None
            for serial, kind, revoked_at, reason in rows
        }

    def pid(self, name: str) -> int:
        """The process of one of NAMES that starts its others; it runs."""
        return {"valkey": self.valkey, "postgresql": self.postgresql, "s3": self.s3}[name].pid

    def pause(self, name: str) -> None:
        """Let a server stand still, its children too."""
        signal_family(self.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let it go on."""
        signal_family(self.pid(name), signal.SIGCONT)

    def kill(self, name: str) -> None:
        """End it as a power cut would, but that what it wrote is with the kernel."""
        {"valkey": self.valkey.kill, "postgresql": self.postgresql.stop, "s3": self.s3.kill}[name]()

    def start(self, name: str) -> None:
        """Start it again: Valkey is empty then, the others have what they said they have. S3 answers later."""
        {"valkey": self.valkey.start, "postgresql": self.postgresql.start, "s3": self.s3.launch}[name]()

    def refused(self) -> set[tuple[str, str]]:
        """What Valkey refused to whom, since it was started."""
        return self.valkey.refused()
