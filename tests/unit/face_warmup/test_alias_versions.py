"""The versions behind an alias, asked of moto's Lambda."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from face_warmup.alias_versions import read_versions

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:extract"


def zipped(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", code)
    return buffer.getvalue()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Lambda with two versions of a function; the alias `live` sends all to the first."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        iam = boto3.client("iam")
        role = iam.create_role(RoleName="run", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = boto3.client("lambda")
        client.create_function(
            FunctionName="extract",
            Role=role,
            Handler="handler.handler",
            Runtime="python3.13",
            Code={"ZipFile": zipped("1")},
            Publish=True,
        )
        second = client.update_function_code(
            FunctionName="extract", ZipFile=zipped("2"), Publish=True
        )
        assert second["Version"] == "2"
        client.create_alias(FunctionName="extract", Name="live", FunctionVersion="1")
        yield client
        iam.close()
        client.close()


def test_an_alias_of_one_version(client: Any) -> None:
    assert read_versions(client, f"{FUNCTION}:live") == [f"{FUNCTION}:1"]


def test_a_canary_has_two_versions_and_then_one(client: Any) -> None:
    client.update_alias(
        FunctionName="extract",
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    assert read_versions(client, f"{FUNCTION}:live") == [f"{FUNCTION}:1", f"{FUNCTION}:2"]
    client.update_alias(
        FunctionName="extract",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    assert read_versions(client, f"{FUNCTION}:live") == [f"{FUNCTION}:2"]


@pytest.mark.parametrize("arn", [f"{FUNCTION}:other", f"{FUNCTION}x:live"])
def test_an_unknown_alias_is_an_error(client: Any, arn: str) -> None:
    with pytest.raises(ClientError):
        read_versions(client, arn)
