"""The CloudFormation template that we ship, as a reader of it sees it, and what of it moto can create."""

import json
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

AWS = Path(__file__).parents[2] / "infra/aws"
FILE = AWS / "revocast.yaml"
MOTO_KNOWS = (
    "AWS::S3::Bucket",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::IAM::InstanceProfile",
    "AWS::KMS::Key",
)
DISTRIBUTION = "E2EXAMPLE"


def template() -> dict[str, Any]:
    """Its intrinsic functions by their long names."""
    read: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(FILE))))
    return read


def for_moto() -> str:
    """The resources that moto creates; in the place of the distribution, which it does not, stands an id."""
    whole = template()
    resources = {name: one for name, one in whole["Resources"].items() if one["Type"] in MOTO_KNOWS}
    outputs = {name: one for name, one in whole["Outputs"].items() if "Distribution" not in json.dumps(one)}
    text = json.dumps({**whole, "Resources": resources, "Outputs": outputs})
    return text.replace("${Distribution}", DISTRIBUTION)


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of a policy with every list of actions and resources as one."""
    return [
        {
            name: sorted(value if isinstance(value, list) else [value], key=str)
            if name in ("Action", "Resource")
            else value
            for name, value in one.items()
        }
        for one in policy["Statement"]
    ]
