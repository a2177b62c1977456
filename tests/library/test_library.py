"""The example project of docs/library/, run as it stands: mounted, by a queue of its own, and over a bundle by hand."""

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from werkzeug.test import Client, TestResponse

from jobs import api as jobs_api
from publisher import api as publisher_api
from responder import api as responder_api
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import fixed, now
from revocation.errors import BundleError, GateError, NoAnswer
from revocation.issuer import Issuer
from revocation.ocsppath import get_path
from signer.handle import handle
from signer.look import look
from tests.jobs.present import Present
from tests.responder.asking import request
from tests.waiting import until
from tests.wire.server import Server

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/library"
HOME = b"the application that was there before"


@pytest.fixture
def present(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Present:
    """Certificates 5 and 6, signed and published; the example's environment names its configuration."""
    made = Present(tmp_path / "data")
    monkeypatch.setenv("REVOCAST_CONFIG", str(made.config))
    return made


def module(name: str) -> ModuleType:
    """A module of the example, loaded anew."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLE / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def issuer_of(present: Present) -> Issuer:
    """The CA."""
    return present.authority.issuer()


def cert_id(present: Present, number: int) -> CertID:
    """How a client asks for a certificate."""
    return CertID.of(issuer_of(present), serials.from_int(number), CertIDHash.SHA256)


def as_blueprint() -> Any:
    """The example's Flask application."""
    return module("app").create_app()


def as_mount() -> Any:
    """The example's other one."""
    return module("mounted").application


@pytest.fixture(params=[as_blueprint, as_mount])
def client(present: Present, request: pytest.FixtureRequest) -> Client:
    """Asks the application in which the responder is mounted."""
    make: Callable[[], Any] = request.param
    return Client(make())


def plain(present: Present) -> Client:
    """Asks the responder alone, as `revocast respond` serves it, over a copy: a process has a store open once."""
    shutil.copytree(present.estate.folder / "store", present.estate.folder / "copy")
    config = present.estate.folder / "copy.toml"
    config.write_text(present.config.read_text().replace('[responder]\nstore = "store"', '[responder]\nstore = "copy"'))
    return Client(responder_api.wsgi_application(config))


def essence(response: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    """What a client sees, but for the second in which it was answered."""
    headers = {name: value for name, value in response.headers.items() if name not in ("Date", "Allow")}
    with response:  # a file that was served is to be closed then
        return response.status_code, response.data, headers


def test_answers_are_those_of_the_responder_and_the_application_keeps_its_own(present: Present, client: Client) -> None:
    """By POST, by GET with every kind of slash, CRL, issuer, what is not there and what is not allowed."""
    body, (id_,) = request(cert_id(present, 5)), {issuer_of(present).id}
    slashes = next(
        path for path in (get_path(cert_id(present, number)) for number in range(1, 100_000)) if "//" in path
    )
    asked: list[tuple[str, str, bytes | None]] = [
        ("POST", "/ocsp", body),
        ("POST", "/ocsp/", body),
        ("POST", "/ocsp/", b"no request"),
        ("POST", "/ocsp/", b"x" * 5000),
        ("GET", f"/{get_path(cert_id(present, 5))}", None),
        ("HEAD", f"/{get_path(cert_id(present, 5))}", None),
        ("GET", f"/ocsp//{base64.b64encode(body).decode()}", None),
        ("GET", f"/{slashes}", None),
        ("GET", f"/crl/{id_}/all.crl", None),
        ("GET", f"/issuer/{id_}.cer", None),
        ("GET", "/crl/../../ca.key", None),
        ("GET", "/crl/none.crl", None),
        ("PUT", "/ocsp", body),
    ]
    alone = plain(present)
    for method, path, data in asked:
        found = essence(client.open(f"/pki{path}", method=method, data=data))
        assert found == essence(alone.open(path, method=method, data=data)), (method, path)
    assert client.post("/pki/ocsp/", data=body).content_type == "application/ocsp-response"
    assert client.post("/pki//ocsp/", data=body).status_code in (200, 404), "a redirect loses the body of a POST"
    assert client.get("/").data == HOME
    assert client.get("/pki/healthz").status_code in (200, 404)
    assert client.get("/ocsp/").data != client.post("/pki/ocsp/", data=body).data


def test_responder_brings_nothing_of_the_signer_along() -> None:
    """Nor of queue, ledger and S3, though all of it is installed here."""
    code = "import sys, responder.api; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"signer", "publisher", "jobs", "sqlalchemy", "boto3", "botocore", "rq", "redis"} & {*loaded.split()}


@pytest.fixture
def queue(server: Server) -> Queue:
    """The application's own queue, which is none of ours."""
    return Queue("of-the-application", connection=server.client(), serializer=JSONSerializer)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Valkey."""
    with Server(tmp_path) as running:
        yield running


def worked_off(queue: Queue, task: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A task of the example, done by a stock worker of RQ."""
    monkeypatch.setitem(sys.modules, "tasks", module("tasks"))
    job = queue.enqueue(f"tasks.{task}")
    worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="WARNING")
    job.refresh()
    return job


def revoked_on_the_crl(present: Present) -> set[int]:
    """The serials that it lists, as it is published."""
    (path,) = (present.estate.folder / "public/www/crl").glob("*/all.crl")
    return {entry.serial_number for entry in x509.load_der_x509_crl(path.read_bytes())}


def test_task_of_another_queue_makes_what_is_due_and_publishes_it(
    present: Present, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revocation was recorded, and nobody of ours runs: a stock RQ worker calls the function."""
    handle(present.estate.signer(), present.estate.revoke(5, now=now()), fixed(now()))
    assert revoked_on_the_crl(present) == set()
    job = worked_off(queue, "refresh_status", monkeypatch)
    assert job.is_finished, job.latest_result()
    made = job.return_value()
    assert made["exit_code"] == 0
    assert json.dumps(made)
    assert revoked_on_the_crl(present) == {5}


def test_task_that_fails_has_failed_for_the_queue_too(
    present: Present, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is wrong and what to do, for whoever looks there."""
    present.config.write_text(present.config.read_text().replace("http://crl.example", "http://127.0.0.1:9"))
    job = worked_off(queue, "check_published", monkeypatch)
    assert job.is_failed
    assert "REVOCAST CRITICAL" in str(job.latest_result().exc_string)


def test_queue_that_is_away_is_an_error_where_no_signer_can_be_started(present: Present, tmp_path: Path) -> None:
    """On a machine without keys: the caller's queue tries again."""
    text = present.config.read_text()
    present.config.write_text(text[: text.index("[signer]")] + text[text.index("[publisher]") :])
    present.use_queue(f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(NoAnswer):
        jobs_api.generate_crls(present.config)


def cron_line() -> str:
    """As the example has it."""
    (line,) = re.findall(r"^    7 \* \* \* \*  (.*?)  +#", (EXAMPLE / "tasks.py").read_text(), re.M)
    return line.replace("/srv/app", str(EXAMPLE)).replace("python -c", f"{sys.executable} -c")


def test_cron_line_of_the_example_does_it_too(present: Present) -> None:
    """Without any queue."""
    handle(present.estate.signer(), present.estate.revoke(6, now=now()), fixed(now()))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(["sh", "-c", cron_line()], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert revoked_on_the_crl(present) == {6}


@pytest.fixture
def sent(present: Present, tmp_path: Path) -> Path:
    """A bundle with a CRL that lists 5, which left the exchange under a name of the sender's choice."""
    signer = present.estate.signer()
    handle(signer, present.estate.revoke(5, now=now()), fixed(now()))
    until(lambda: any("crl all" in made for made in look(signer, now).made))  # thisUpdate rises by whole seconds
    (newest,) = sorted((present.estate.folder / "exchange").glob("*-crl-all.tar"))[-1:]
    return newest.rename(tmp_path / "from the CA.tar")


def test_bundle_that_came_by_hand_is_published(present: Present, sent: Path) -> None:
    """Once: again, it changes nothing."""
    for _ in range(2):
        assert "files: 1 CRLs" in module("receive").receive(str(sent))
        assert revoked_on_the_crl(present) == {5}


def test_bundle_that_was_tampered_with_is_refused_and_raises(present: Present, sent: Path) -> None:
    """It goes through the gate as every other: nothing of it is published."""
    with tarfile.open(sent) as tar:
        (crl,) = [member for member in tar if member.name.endswith(".crl")]
    octets = bytearray(sent.read_bytes())
    octets[crl.offset_data + crl.size - 1] ^= 1
    sent.write_bytes(octets)
    with pytest.raises(GateError, match="does not have the digest of the manifest"):
        publisher_api.publish_bundle(present.config, sent)
    assert revoked_on_the_crl(present) == set()


def test_what_is_no_bundle_is_refused_before_anything_is_looked_at(present: Present, tmp_path: Path) -> None:
    """Also where a manifest gives it the name of a file elsewhere."""
    (tmp_path / "x.tar").write_bytes(b"no tar")
    with pytest.raises(BundleError):
        publisher_api.publish_bundle(present.config, tmp_path / "x.tar")


@pytest.mark.parametrize("room", [responder_api, publisher_api, jobs_api])
def test_every_public_name_is_documented_and_there(room: ModuleType) -> None:
    """And nothing stands in the documentation's tables that is not public."""
    page = (ROOT / "docs/library.md").read_text()
    public = set(room.__all__)
    assert all(getattr(room, name).__doc__ for name in public)
    assert not {name for name in public if f"`{name}" not in page}
