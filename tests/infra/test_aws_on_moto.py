"""The CloudFormation template for AWS: as cfn-lint judges it, and what moto's server creates from it.

moto creates buckets, policies, roles and keys; of buckets it leaves versioning, life cycle and public access out. It
knows no bucket policy, no distribution, cache policy or origin access in a template: what is written of these is read.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from publisher.config import PublisherConfig
from publisher.publish import publish_each
from revocation.clock import fixed
from revocation.wire.bucket import Bucket
from revocation.wire.s3 import connect
from revocation.wire.s3_exchange import S3Exchange
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place
from tests.building.s3server import CREDENTIALS, S3Server
from tests.infra.template import AWS, DISTRIBUTION, FILE, for_moto, statements, template

PARAMETERS = {"ResponderHost": "responder.example", "KeySpec": "ECC_NIST_P256"}
OPEN_FOR = 12
"""Requests with which the owner makes stack and users; what is asked after them is asked by somebody."""


class Account:
    """An AWS account with the stack in it, as its owner sees it.

    Attributes:
        ids: of the resources, by their names in the template.
        keys: credentials of a signer and a publisher, with the policies of the template and no more.
    """

    def __init__(self, server: S3Server) -> None:
        self.server = server
        formation, self.iam = self.client("cloudformation"), self.client("iam")
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()]
        formation.create_stack(
            StackName="revocast", TemplateBody=for_moto(), Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
        )
        (self.stack,) = formation.describe_stacks(StackName="revocast")["Stacks"]
        listed = formation.list_stack_resources(StackName="revocast")["StackResourceSummaries"]
        self.ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed}
        self.keys = {name: self._user(name) for name in ("Signer", "Publisher")}

    def client(self, service: str, keys: dict[str, str] | None = None) -> Any:
        """As the owner, or with other credentials."""
        said = keys or {
            name.lower(): CREDENTIALS[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key")
        }
        return boto3.session.Session().client(
            service, endpoint_url=self.server.endpoint, region_name="us-east-1", **said
        )

    def _user(self, name: str) -> dict[str, str]:
        self.iam.create_user(UserName=name)
        self.iam.attach_user_policy(UserName=name, PolicyArn=self.ids[f"{name}Policy"])
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}

    def bucket(self, name: str) -> Bucket:
        """In our configuration."""
        return Bucket(url=f"s3://{self.ids[name]}", endpoint=self.server.endpoint)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account of its own, since moto looks who asks in all of a server or in none."""
    with S3Server(tmp_path_factory.mktemp("aws"), open_for=OPEN_FOR) as server:
        yield Account(server)


def test_cfn_lint_finds_nothing() -> None:
    """The rules of AWS's own schemas, warnings included."""
    said = subprocess.run([Path(sys.executable).parent / "cfn-lint", FILE], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


def test_moto_creates_buckets_policies_roles_and_the_key(account: Account) -> None:
    """And tells what the configuration needs to know."""
    assert account.stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {one["OutputKey"]: one["OutputValue"] for one in account.stack["Outputs"]}
    assert outputs["ExchangeURL"] == f"s3://{account.ids['ExchangeBucket']}"
    assert outputs["TargetURL"] == f"s3://{account.ids['PublicBucket']}"
    assert {"SignerRole", "PublisherRole", "SignerProfile", "PublisherProfile", "SigningKey"} <= account.ids.keys()


def test_policies_are_enough_for_signer_and_publisher(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle goes by way of the exchange into the public bucket; moto looks who asks."""
    place = Place(tmp_path / "place")
    bundles = [
        put_crl(place.exchange, place.ca, 1, crl(place.ca, 5)),
        put_slice(place.exchange, place.ca, 2, both(place.ca, place.ca.responder(), 1)),
    ]
    with as_one(account, "Signer", monkeypatch):
        exchange = S3Exchange(account.bucket("ExchangeBucket"))
        for name in bundles:
            content = (place.exchange / name).read_bytes()
            exchange.put(name, lambda out, content=content: out.write(content))
        assert [one.name for one in exchange.list()] == bundles
    with as_one(account, "Publisher", monkeypatch):
        target = {
            "name": "bucket",
            "kind": "s3",
            "ocsp": True,
            "distribution": DISTRIBUTION,
            **account.bucket("PublicBucket").model_dump(exclude_none=True),
        }
        said = {"exchange": account.bucket("ExchangeBucket"), "state": tmp_path / "state", "targets": [target]}
        (outcome,) = publish_each(PublisherConfig.model_validate(said), place.public, fixed(NOW))
        assert (outcome.error, len(outcome.status.crls), len(outcome.status.slices)) == (None, 1, 1)
    with as_one(account, "Signer", monkeypatch):
        exchange = S3Exchange(account.bucket("ExchangeBucket"))
        for name in bundles:
            exchange.remove(name)


@contextmanager
def as_one(account: Account, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With the credentials of a signer or publisher where AWS's tools look for them, and no connection of before."""
    with monkeypatch.context() as patch:
        for key, value in {**CREDENTIALS, **{key.upper(): value for key, value in account.keys[name].items()}}.items():
            patch.setenv(key, value)
        connect.cache_clear()
        yield
    connect.cache_clear()


REFUSED = [
    ("Publisher", "put_object", "ExchangeBucket", {"Key": "x", "Body": b""}),
    ("Publisher", "delete_object", "ExchangeBucket", {"Key": "x"}),
    ("Publisher", "put_bucket_policy", "PublicBucket", {"Policy": "{}"}),
    ("Publisher", "put_bucket_versioning", "PublicBucket", {"VersioningConfiguration": {"Status": "Suspended"}}),
    ("Publisher", "list_object_versions", "PublicBucket", {}),
    ("Signer", "list_objects_v2", "PublicBucket", {}),
    ("Signer", "get_object", "PublicBucket", {"Key": "x"}),
    ("Signer", "put_object", "PublicBucket", {"Key": "x", "Body": b""}),
    ("Signer", "put_bucket_policy", "ExchangeBucket", {"Policy": "{}"}),
]


@pytest.mark.parametrize(("who", "what", "where", "how"), REFUSED, ids=lambda one: one if isinstance(one, str) else "")
def test_policies_are_no_more_than_enough(
    account: Account, who: str, what: str, where: str, how: dict[str, Any]
) -> None:
    """What neither needs is refused, as far as moto looks."""
    with pytest.raises(ClientError) as refused:
        getattr(account.client("s3", account.keys[who]), what)(Bucket=account.ids[where], **how)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_files_of_policies_say_what_the_template_says() -> None:
    """For who has buckets of another maker, or makes them by hand."""
    resources = template()["Resources"]
    names = {
        '{"Fn::GetAtt": ["ExchangeBucket", "Arn"]}': '"arn:aws:s3:::example-exchange"',
        '{"Fn::GetAtt": ["PublicBucket", "Arn"]}': '"arn:aws:s3:::example-pki"',
        '{"Fn::Sub": "${ExchangeBucket.Arn}/*"}': '"arn:aws:s3:::example-exchange/*"',
        '{"Fn::Sub": "${PublicBucket.Arn}/*"}': '"arn:aws:s3:::example-pki/*"',
    }
    for who, resource in (("signer", "SignerPolicy"), ("publisher", "PublisherPolicy")):
        text = json.dumps(resources[resource]["Properties"]["PolicyDocument"])
        for function, name in names.items():
            text = text.replace(function, name)
        written = [one for one in json.loads(text)["Statement"] if "cloudfront" not in json.dumps(one)]
        file = json.loads((AWS / f"policies/{who}.json").read_text())
        assert statements(file) == statements({"Statement": written})


def test_public_bucket_is_versioned_and_listed_by_nobody_but_the_publisher() -> None:
    """Keys tell the serials. moto leaves all of this out: it is read from the template."""
    resources = template()["Resources"]
    bucket = resources["PublicBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    policy = resources["PublicBucketPolicy"]["Properties"]["PolicyDocument"]
    allowed = [one for one in statements(policy) if one["Effect"] == "Allow"]
    assert [(one["Principal"], one["Action"]) for one in allowed] == [
        ({"Service": "cloudfront.amazonaws.com"}, ["s3:GetObject"])
    ]
    denied = [one for one in statements(policy) if one.get("Sid") == "VersionsStay"]
    assert "s3:DeleteObjectVersion" in denied[0]["Action"]
    actions = {action for name in ("Signer", "Publisher") for action in actions_of(f"{name}Policy")}
    assert actions == {
        *("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetBucketVersioning"),
        "cloudfront:CreateInvalidation",
    }
    for name in ("ExchangeBucket", "PublicBucket"):
        assert set(resources[name]["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert resources[name]["DeletionPolicy"] == "Retain"


def test_distribution_asks_the_responder_for_what_is_no_object() -> None:
    """The rules of CloudFront that no linter knows. moto creates no distribution from a template: it is read."""
    config = template()["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    behaviours = [*config["CacheBehaviors"], config["DefaultCacheBehavior"]]
    assert {one["ViewerProtocolPolicy"] for one in behaviours} == {"allow-all"}
    patterns = [one["PathPattern"] for one in config["CacheBehaviors"]]
    assert patterns == ["/ocsp", "/ocsp/", "/ocsp/*"]  # the first that fits counts
    *posts, gets = config["CacheBehaviors"]
    assert all(one["TargetOriginId"] == "responder" and "POST" in one["AllowedMethods"] for one in posts)
    (group,) = config["OriginGroups"]["Items"]
    assert (gets["TargetOriginId"], gets["AllowedMethods"]) == (group["Id"], ["GET", "HEAD"])
    assert [one["OriginId"] for one in group["Members"]["Items"]] == ["bucket", "responder"]
    assert {403, 404} <= set(group["FailoverCriteria"]["StatusCodes"]["Items"])
    assert group["FailoverCriteria"]["StatusCodes"]["Quantity"] == len(
        group["FailoverCriteria"]["StatusCodes"]["Items"]
    )
    cache = template()["Resources"]["CachePolicy"]["Properties"]["CachePolicyConfig"]
    assert (cache["MinTTL"], cache["DefaultTTL"]) == (0, 0)
    assert {one["ErrorCachingMinTTL"] for one in config["CustomErrorResponses"]} == {0}


def actions_of(policy: str) -> list[str]:
    """What a policy of the template allows."""
    document = template()["Resources"][policy]["Properties"]["PolicyDocument"]
    return [action for one in statements(document) for action in one["Action"]]
