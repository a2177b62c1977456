"""A server with the users of infra/valkey/users.acl, whose passwords were made as docs/redis.md says."""

import secrets
import socket
import subprocess
from pathlib import Path

import redis

from tests.wire.server import Server

FOLDER = Path(__file__).parents[2] / "infra/valkey"
SERVICES = ("signer", "publisher", "scheduler", "operator", "responder", "validator", "registrar")
_ADMIN = secrets.token_hex(16)


class GuardedServer(Server):
    """A Valkey with those users, and with one more for the tests, who may do everything.

    Attributes:
        passwords: the folder of the services' password files.
        port: of loopback, where it listens too, since a URL with a user is of TCP.
    """

    def __init__(self, directory: Path) -> None:
        acl, self.passwords = directory / "users.acl", directory / "passwords"
        subprocess.run([FOLDER / "passwords.sh", acl, self.passwords], check=True)
        with acl.open("a") as file:
            file.write(f"user test on >{_ADMIN} allkeys allchannels allcommands\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        super().__init__(directory, "--port", str(self.port), "--bind", "127.0.0.1", "--aclfile", str(acl))

    def client(self) -> redis.Redis:
        """The test's own, who may do everything."""
        return redis.Redis(unix_socket_path=str(self.socket), username="test", password=_ADMIN)

    def password(self, user: str) -> str:
        """What a service has in its file."""
        return (self.passwords / f"{user}.password").read_text().strip()

    def client_of(self, user: str) -> redis.Redis:
        """A service's connection."""
        return redis.Redis(unix_socket_path=str(self.socket), username=user, password=self.password(user))

    def url_of(self, user: str) -> str:
        """What a service names as its queue."""
        return f"redis://{user}:{self.password(user)}@127.0.0.1:{self.port}/0"

    def refused(self) -> set[tuple[str, str]]:
        """The users and commands that were refused since the log was emptied."""
        with self.client() as client:
            return {(entry["username"], entry["object"]) for entry in client.acl_log()}
