"""The command that starts the workflow; tests/e2e/test_bulk.py runs it to its end."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tools.embed_bucket import Deployment, WorkflowFailed, embed, find_deployment

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
OUTPUTS = {
    "ApiUrl": "https://x.example/prod",
    "EmbedBucketWorkflow": "arn:aws:states:eu-west-1:123456789012:stateMachine:face-embed-bucket",
    "PhotosBucketName": "photos",
    "ResultsLocation": "s3://results/embeddings/",
}


@pytest.fixture
def cloudformation() -> Iterator[Any]:
    client = boto3.client("cloudformation", region_name="eu-west-1", **CREDENTIALS)
    yield client
    client.close()


def find(client: Any, outputs: dict[str, str]) -> Deployment:
    stack = {
        "StackName": "face",
        "CreationTime": 0,
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
    }
    with Stubber(client) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "face"})
        return find_deployment(client, "face", "photos")


def test_the_stack_names_the_workflow(cloudformation: Any) -> None:
    found = find(cloudformation, OUTPUTS)
    assert found == Deployment(OUTPUTS["EmbedBucketWorkflow"], OUTPUTS["ResultsLocation"])


@pytest.mark.parametrize(
    "outputs", [{"ApiUrl": OUTPUTS["ApiUrl"]}, {**OUTPUTS, "PhotosBucketName": "others"}]
)
def test_a_stack_without_this_bucket_is_refused(
    cloudformation: Any, outputs: dict[str, str]
) -> None:
    with pytest.raises(WorkflowFailed, match="PhotosBucket=photos"):
        find(cloudformation, outputs)


def test_a_workflow_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    failing = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "InvalidManifest"}}}
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client("stepfunctions")
        workflow = client.create_state_machine(
            name="w", definition=json.dumps(failing), roleArn="arn:aws:iam::123456789012:role/r"
        )["stateMachineArn"]
        with pytest.raises(WorkflowFailed, match="FAILED: InvalidManifest"):
            embed(client, workflow, {"prefix": ""}, poll_s=0.05)
        client.close()
