"""`worker registrar` as its unit, its file and its user of the queue server have it, beside the registrar's own."""

import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import josepy
import pytest
from acme import challenges, client, messages
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, insert, select

from registrar.database import Database
from registrar.database.schema import eab_keys
from revocation.messages import RequesterKey
from tests.authority import NOW, Authority
from tests.infra.syscalls import filtered
from tests.infra.unitfiles import SPLIT
from tests.infra.valkey_users import GuardedServer
from tests.registrar.site import csr_for
from tests.registrar.validation.bind import BIND, free_port
from tests.registrar.validation.web import Web, answer
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)
CONFIG = SPLIT.parents[1] / "config"
REVOCAST = [sys.executable, "-P", "-m", "revocation"]
KNOWN_TO_BE_REFUSED = {"client|setinfo", "info"}
"""What RQ and its client ask for, and go on without: docs/redis.md."""
USERS, GROUP = (60001, 60002), 60009


class Apart:
    """Both services, by the files of infra/config/, with the queue server, DNS and a web server of this machine."""

    def __init__(self, folder: Path, server: GuardedServer, resolver: str, web: Web) -> None:
        self.folder, self.server, self.web = folder, server, web
        self.url = f"http://127.0.0.1:{free_port()}"
        self.authority = Authority("Example CA")
        (folder / "orders").mkdir()
        for name in ("registrar", "validator"):
            etc = folder / name
            etc.mkdir()
            self.authority.write(etc / "example-ca.pem")
            queue = f"rediss://{name}:PASSWORD@valkey.example:6379/0?ssl_ca_certs=/etc/revocast/{name}/valkey-ca.pem"
            self._configure(name, {queue: server.url_of(name), "/var/lib/revocast-orders": str(folder / "orders")})
        RequesterKey.generate().save(folder / "registrar/registrar.key")
        hosts = f'resolvers = ["{resolver}"]\nhttp_port = {web.port}'
        self._configure("validator", {"resolvers = []": hosts, '"refuse"': '["127.0.0.0/8"]'})
        self._configure("registrar", {'"127.0.0.1:8890"': f'"{self.url.partition("://")[2]}"'})

    def _configure(self, name: str, here: dict[str, str]) -> None:
        path = self.folder / name / "revocast.toml"
        text = (path if path.exists() else CONFIG / f"{name}.toml").read_text()
        for shipped, other in (here | {"https://acme.example": self.url}).items():
            assert shipped in text or shipped.startswith("https:")
            text = text.replace(shipped, other)
        path.write_text(text)

    @contextmanager
    def started(self, name: str, *command: str, said: str) -> Iterator[None]:
        """A service under the filter of its unit, until it is told to stop."""
        log = self.folder / f"{name}.log"
        config = ["--config", str(self.folder / name / "revocast.toml")]
        with log.open("w") as out:
            unit = filtered(SPLIT / f"revocast-{name}.service", [*REVOCAST, *command, *config])
            process = subprocess.Popen(unit, stdout=out, stderr=out, env={"PATH": os.defpath, "REVOCAST_LOG": "json"})
        try:
            until(lambda: said in log.read_text())
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    """The registrar runs, and the validator does not yet."""
    zone = "www A 127.0.0.1\n"
    with GuardedServer(tmp_path) as server, BIND(tmp_path, zone) as names, Web() as web:
        made = Apart(tmp_path, server, names.place, web)
        with made.started("registrar", "registrar", said="listening on"):
            yield made


@pytest.mark.judge("named", "systemd-analyze")
def test_name_is_validated_with_the_rights_of_the_validator_alone(apart: Apart) -> None:
    """certbot's client proves it; no call and no command is refused that either service needs, and no key is there."""
    net = client.ClientNetwork(josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1())), alg=josepy.ES256)
    judge = client.ClientV2(client.ClientV2.get_directory(f"{apart.url}/acme/example-ca/directory", net), net)
    judge.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
    (authorization,) = judge.new_order(csr_for("www.test").public_bytes(Encoding.PEM)).authorizations
    (http,) = [one for one in authorization.body.challenges if isinstance(one.chall, challenges.HTTP01)]
    response, proof = http.response_and_validation(judge.net.key)
    apart.web.says[http.chall.path] = answer(proof.encode())
    with apart.started("validator", "worker", "registrar", said="ready"):
        judge.answer_challenge(http, response)
        until(lambda: judge.poll(authorization)[0].body.status != messages.STATUS_PENDING)
    assert judge.poll(authorization)[0].body.status == messages.STATUS_VALID
    assert {command for _, command in apart.server.refused()} <= KNOWN_TO_BE_REFUSED
    assert not [file for file in (apart.folder / "validator").iterdir() if file.suffix == ".key"]


def as_user(uid: int, work: Callable[[], None]) -> int:
    """Do it in a process of that user, in the group of the folder beside its own; the process."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        os.umask(0o077)
        os.setgroups([GROUP])
        os.setgid(uid)
        os.setuid(uid)
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_two_users_write_one_database_and_nobody_else_reads_it() -> None:
    """As revocast.tmpfiles makes folder and file; what SQLite makes beside has the rights of the file."""
    with tempfile.TemporaryDirectory() as made:
        orders = Path(made) / "orders"
        file = orders / "registrar.sqlite"
        orders.mkdir()
        file.touch()
        for path, mode in ((orders.parent, 0o755), (orders, 0o2770), (file, 0o660)):
            os.chown(path, USERS[0], GROUP)
            path.chmod(mode)
        Database(file).close()  # which loads the libraries, as who may read them

        def write() -> None:
            database = Database(file)
            row = {"issuer": "home", "hmac_key": b"", "comment": "", "reusable": False, "created_at": NOW}
            for number in range(20):
                with database.write() as connection:
                    connection.execute(insert(eab_keys), row | {"kid": f"{os.getuid()}-{number}"})
            assert {oct(one.stat().st_mode & 0o777) for one in orders.iterdir()} == {"0o660"}

        processes = [as_user(uid, write) for uid in USERS]
        assert [os.waitpid(pid, 0)[1] for pid in processes] == [0, 0]
        with Database(file).read() as connection:
            assert connection.execute(select(func.count()).select_from(eab_keys)).scalar_one() == 40
