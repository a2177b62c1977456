"""The quickstart of docs/aws.md: its `revocast` lines as they stand there, with moto's server in the place of AWS.

The lines of the AWS CLI are not run: boto3 makes the stack, and the distribution, which moto makes of no template.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from cryptography import x509

from tests.building.s3server import CREDENTIALS, S3Server
from tests.infra.template import for_moto
from tests.pki import openssl_ca

PAGE = Path(__file__).parents[2] / "docs/aws.md"


@pytest.mark.long
def test_quickstart_publishes_into_the_buckets_of_the_stack(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the commands and the configuration of the page to a CRL and responses under public keys."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": s3_server.endpoint}.items():
        monkeypatch.setenv(name, value)
    outputs = made_stack()
    pki = openssl_ca(tmp_path / "ca")
    text = PAGE.read_text().replace("/path/to/pki", str(pki.folder))
    lines = re.findall(r"^revocast .*$", text, re.M)
    initialise, *others = lines
    assert [line.split()[1] for line in lines] == ["init", "import", "refresh", "status"]
    run(initialise, tmp_path)
    configure(tmp_path / "pki/revocast.toml", text, outputs)
    for line in others:
        run(line, tmp_path)
    s3 = boto3.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=outputs["PUBLIC-BUCKET"])
    keys = [one["Key"] for page in pages for one in page["Contents"]]
    (crl,) = [key for key in keys if key.endswith("/all.crl")]
    listed = x509.load_der_x509_crl(s3.get_object(Bucket=outputs["PUBLIC-BUCKET"], Key=crl)["Body"].read())
    revoked = {serial for serial, truth in pki.truth.items() if truth.status == "R"}
    assert {entry.serial_number for entry in listed} == revoked != set()
    assert len([key for key in keys if key.startswith("ocsp/")]) >= 2
    assert s3.list_objects_v2(Bucket=outputs["EXCHANGE-BUCKET"])["KeyCount"] > 0


def made_stack() -> dict[str, str]:
    """What the second command of the page prints, by the names that stand in its configuration."""
    formation = boto3.client("cloudformation")
    said = [{"ParameterKey": "ResponderHost", "ParameterValue": "responder.example"}]
    formation.create_stack(StackName="quickstart", TemplateBody=for_moto(), Parameters=said)
    (stack,) = formation.describe_stacks(StackName="quickstart")["Stacks"]
    printed = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    origin = {"Id": "bucket", "DomainName": "x.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    config = {
        "CallerReference": "quickstart",
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "bucket", "ViewerProtocolPolicy": "allow-all"},
        "Comment": "",
        "Enabled": True,
    }
    distribution = boto3.client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]
    return {
        "EXCHANGE-BUCKET": printed["ExchangeURL"].removeprefix("s3://"),
        "PUBLIC-BUCKET": printed["TargetURL"].removeprefix("s3://"),
        "DISTRIBUTION-ID": distribution["Id"],
    }


def configure(file: Path, page: str, outputs: dict[str, str]) -> None:
    """What the page says of the configuration."""
    (shown,) = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    for name, value in outputs.items():
        shown = shown.replace(name, value)
    exchange, target = shown.split("\n")[1], shown.partition("[[publisher.targets]]")[2]
    text, count = re.subn(r'^exchange = "exchange"$', exchange, file.read_text(), flags=re.M)
    assert count == 2
    text, count = re.subn(r'\nname = "files"\nkind = "directory"\npath = .*', lambda _: target, text)
    assert count == 1
    file.write_text(text)


def run(line: str, folder: Path) -> None:
    """A line of the page."""
    command = [sys.executable, "-m", "revocation", *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
