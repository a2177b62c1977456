"""What relying parties fetch lies in a bucket, and bundles in another: the operator's commands over both.

moto's server stands for S3.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from jobs.evidence import Expected, missing
from jobs.installation import Installation
from publisher.config import PublisherConfig
from revocation.clock import now
from revocation.paths import crl_path
from revocation.status import Reason
from signer.handle import handle
from signer.look import look
from tests.building.faulty import Faulty
from tests.building.s3server import S3Place
from tests.jobs.present import Present
from tests.waiting import until

_STORE = '[[publisher.targets]]\nname = "responses"\nkind = "lmdb"\npath = "store"\n'
_FILES = 'name = "files"\nkind = "directory"\npath = "public"'


@pytest.fixture
def present(tmp_path: Path, s3: S3Place) -> Present:
    """An installation whose exchange is one bucket and whose target is another."""
    present = Present(tmp_path / "estate")
    exchange = s3.server.new_bucket()
    text = present.config.read_text()
    text = text.replace(
        'exchange = "exchange"', f'exchange = {{ url = "s3://{exchange.name}", endpoint = "{s3.endpoint}" }}'
    )
    bucket = f'name = "bucket"\nkind = "s3"\nurl = "s3://{s3.name}"\nendpoint = "{s3.endpoint}"'
    assert _FILES in text
    present.config.write_text(text.replace(_FILES, bucket))
    return present


def shown(present: Present, s3: S3Place) -> x509.CertificateRevocationList:
    """The CRL in the bucket, signed by the issuer."""
    (issuer,) = present.estate.signer().public.profiles
    crl = x509.load_der_x509_crl(s3.read(crl_path(issuer, "all")))
    assert crl.is_signature_valid(present.authority.certificate.public_key())
    return crl


@pytest.mark.long
def test_revocation_is_seen_in_the_bucket_before_the_command_ends(present: Present, s3: S3Place) -> None:
    """`revoke` believes no reply: it looks at what lies there."""
    assert present.run("refresh").exit_code == 0
    assert [entry.serial_number for entry in shown(present, s3)] == []
    revoked = present.run("revoke", "05", "--issuer", "test", "--reason", "superseded")
    assert revoked.exit_code == 0, revoked.output
    assert "published everywhere" in revoked.output
    assert [entry.serial_number for entry in shown(present, s3)] == [5]


def test_crl_in_the_bucket_is_the_proof_of_a_revocation(present: Present) -> None:
    """Where there is no other target, `revoke` believes what the issuer signed there, with its reason."""
    text = present.config.read_text()
    assert _STORE in text
    present.config.write_text(text.replace(_STORE, ""))
    assert present.run("revoke", "05", "--issuer", "test", "--reason", "superseded").exit_code == 0
    installation = Installation.read(present.config)
    (profile,) = installation.public.profiles.values()
    assert missing(installation, Expected(profile, b"\x05", Reason.superseded, 0), now()) is None
    told = missing(installation, Expected(profile, b"\x05", Reason.keyCompromise, 0), now())
    assert told == "bucket: the CRL `all` does not show it yet"


@pytest.mark.long
def test_status_shows_what_lies_in_the_bucket(present: Present, s3: S3Place) -> None:
    """CRL and issuer certificate, each missing where it is gone."""
    present.run("refresh")
    said = present.run("status", "--json", "--no-signer")
    assert said.exit_code == 0, said.output
    found = {(one["target"], one["what"]): one["state"] for one in json.loads(said.output)["artifacts"]}
    assert found["bucket", "crl all"] == found["bucket", "issuer certificate"] == "fresh"
    for key in s3.listed("issuer/") + s3.listed("crl/"):
        s3.remove(key)
    said = present.run("status", "--json", "--no-signer")
    found = {(one["target"], one["what"]): one["state"] for one in json.loads(said.output)["artifacts"]}
    assert found["bucket", "crl all"] == found["bucket", "issuer certificate"] == "missing"
    assert said.exit_code == 1


@pytest.mark.long
def test_of_publishers_at_once_one_puts_and_all_agree(present: Present, s3: S3Place, tmp_path: Path) -> None:
    """Processes with marks and a status of their own, and no lock between them: the next look finds nothing to do."""
    assert present.run("refresh").exit_code == 0
    with Faulty(s3.server.port) as faulty:
        files = [second(present, faulty.endpoint, tmp_path, number) for number in range(3)]
        for file in files:
            assert publish(file).wait(60) == 0
        faulty.put.clear()
        signer = present.estate.signer()
        handle(signer, present.estate.revoke(5, now=now()), now)
        until(lambda: look(signer, now).made)  # thisUpdate rises by whole seconds
        for process in [publish(file) for file in files]:
            process.wait(60)
        again = [publish(file).wait(60) for file in files]
    assert again == [0, 0, 0]
    assert len([path for path in faulty.put if path.endswith("/all.crl")]) == 1
    assert [entry.serial_number for entry in shown(present, s3)] == [5]


def second(present: Present, endpoint: str, folder: Path, number: int) -> Path:
    """The configuration of another publisher of the same bucket."""
    config = PublisherConfig.read(present.estate.file)
    home = folder / f"publisher-{number}"
    home.mkdir()
    (home / "ca.pem").write_bytes((present.estate.folder / "ca.pem").read_bytes())
    file = home / "revocast.toml"
    file.write_text(
        f"""
[public]
base_url = "http://crl.example"
[public.ocsp]
slices = 2
[[public.issuers]]
name = "test"
certificates = ["ca.pem"]
[publisher]
exchange = {{ url = "{config.exchange.url}", endpoint = "{endpoint}" }}
state = "publisher"
[[publisher.targets]]
name = "bucket-{number}"
kind = "s3"
url = "{config.targets[0].url}"
endpoint = "{endpoint}"
"""
    )
    return file


def publish(file: Path) -> subprocess.Popen[bytes]:
    """A publisher's process."""
    return subprocess.Popen([sys.executable, "-m", "revocation", "publish", "--config", str(file)])
