"""An installation in the present, for commands that read the clock: certificates known, signed and published."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from publisher.config import PublisherConfig
from publisher.publish import publish
from revocation.clock import fixed, now
from revocation.commands import root
from revocation.config import PublicConfig
from revocation.errors import RevocastError
from revocation.messages import Outcome, Reply
from signer.look import look
from tests.authority import Authority
from tests.estate import Estate
from tests.wire.server import Server


class Present:
    """The installation."""

    def __init__(self, folder: Path, numbers: Iterable[int] = (5, 6)) -> None:
        self.authority = Authority(not_before=now() - timedelta(days=1))
        self.estate = Estate.build(folder, authority=self.authority, public="[public.ocsp]\nslices = 2")
        signer = self.estate.signer()
        self.estate.import_(signer, [_certificate(number) for number in numbers], now())
        assert not look(signer, fixed(now())).problems
        self.publish()

    @property
    def config(self) -> Path:
        """Its revocast.toml."""
        return self.estate.folder / "revocast.toml"

    def publish(self) -> None:
        """Bring the targets up to date."""
        publish(PublisherConfig.read(self.estate.file), PublicConfig.read(self.estate.file), now)

    def use_queue(self, url: str) -> None:
        """Let the commands ask over a queue."""
        self.config.write_text(self.config.read_text() + f'queue = "{url}"\n')

    def run(self, *arguments: str) -> Result:
        """A command on this installation, its exit code as a process would have it."""
        result = CliRunner().invoke(root, [*arguments, "--config", str(self.config)])
        if isinstance(result.exception, RevocastError):
            result.exit_code = result.exception.exit_code
        elif result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result


def _certificate(number: int) -> object:
    from tests.estate import certificate

    return certificate(number, not_after=now() + timedelta(days=300))


@contextmanager
def forger(server: Server, reply: Callable[[str], Reply]) -> Iterator[list[str]]:
    """Somebody with write access who answers every message in the signer's place; the ids that were seen."""
    stop, seen = threading.Event(), list[str]()

    def forge() -> None:
        client = server.client()
        while not stop.is_set():
            raw = client.lpop("rq:queue:signer")
            if raw is None:
                time.sleep(0.01)
                continue
            seen.append(raw.decode())
            client.set(f"reply:{raw.decode()}", reply(raw.decode()).model_dump_json())
        client.close()

    thread = threading.Thread(target=forge)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def claim(outcome: Outcome, revision: int = 0, **more: object) -> Callable[[str], Reply]:
    """A reply as the forger makes it."""
    return lambda id_: Reply(id=id_, outcome=outcome, at=now(), revision=revision, **more)
