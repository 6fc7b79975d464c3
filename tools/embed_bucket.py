"""Embeds the faces of all photos in the stack's bucket, and waits for the end.

python -m tools.embed_bucket --bucket BUCKET --prefix PREFIX

It starts the workflow that template.yaml makes with `PhotosBucket`. An interrupt stops only this
command, not the workflow.
"""

import argparse
import json
import sys
import time
import uuid
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from functions.bulk.schemas import Progress
from functions.bulk.storage import Client

STACK = "face-recognition"
POLL_S = 2.0
RUNNING = "RUNNING"
# Of the batches in a map run.
ENDED = ("succeeded", "failed", "timedOut", "aborted")


class WorkflowFailed(Exception):
    """There is no workflow for this bucket, or it failed; the message says why."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Outputs of the stack.

    Attributes:
        workflow: the workflow's ARN.
        results: where results go: s3://BUCKET/PREFIX/.
    """

    workflow: str
    results: str


def find_deployment(client: Client, stack: str, bucket: str) -> Deployment:
    """Reads the outputs of a stack.

    Args:
        client: boto3's client of CloudFormation.
        stack: its name.
        bucket: what must be its PhotosBucket.

    Raises:
        WorkflowFailed: it was deployed without PhotosBucket, or for another bucket.
    """
    (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}
    if outputs.get("PhotosBucketName") != bucket:
        raise WorkflowFailed(f"Deploy the stack {stack} with PhotosBucket={bucket} first.")
    return Deployment(outputs["EmbedBucketWorkflow"], outputs["ResultsLocation"])


def embed(
    client: Client, workflow: str, source: dict[str, str], poll_s: float = POLL_S
) -> Progress:
    """Runs the workflow to its end, with a progress bar.

    Args:
        client: boto3's client of Step Functions.
        workflow: its ARN.
        source: a prefix or a manifest, and optionally the run's name.
        poll_s: seconds between two looks.

    Returns:
        The workflow's last state.

    Raises:
        WorkflowFailed: it did not succeed.
    """
    execution = client.start_execution(
        stateMachineArn=workflow, name=str(uuid.uuid4()), input=json.dumps(source)
    )["executionArn"]
    print(f"started {execution}", flush=True)
    finished: dict[str, dict[str, int]] = {}
    with tqdm(unit="batch", disable=None) as bar:
        while True:
            found = client.describe_execution(executionArn=execution)
            # The number of batches grows with each round.
            bar.total, done = _count_batches(client, execution, finished)
            bar.update(done - bar.n)
            if found["status"] != RUNNING:
                break
            time.sleep(poll_s)
    if found["status"] != "SUCCEEDED":
        raise WorkflowFailed(f"The workflow ended as {found['status']}: {found.get('error')}.")
    return Progress.model_validate_json(found["output"])


def _count_batches(
    client: Client, execution: str, finished: dict[str, dict[str, int]]
) -> tuple[int, int]:
    """Returns how many batches are known, and how many of them have ended.

    Args:
        client: boto3's client of Step Functions.
        execution: ARN of the execution.
        finished: counts of the map runs that have ended, by ARN; added to.
    """
    counts = []
    for page in client.get_paginator("list_map_runs").paginate(executionArn=execution):
        for run in page["mapRuns"]:
            arn = run["mapRunArn"]
            if arn not in finished:
                described: dict[str, Any] = client.describe_map_run(mapRunArn=arn)
                if described["status"] == RUNNING:
                    counts.append(described["itemCounts"])
                else:
                    finished[arn] = described["itemCounts"]
    counts += finished.values()
    return sum(c["total"] for c in counts), sum(c[name] for c in counts for name in ENDED)


def main() -> None:
    """Starts the workflow, waits and prints the counts; exits with 1 if batches are missing."""
    parser = argparse.ArgumentParser(description="Embeds all photos of a bucket.")
    parser.add_argument("--bucket", required=True, help="the stack's PhotosBucket")
    parser.add_argument("--prefix", default="", help="of the photos' keys; all by default")
    parser.add_argument("--manifest", help="key of a CSV or JSON list in ResultsBucket instead")
    parser.add_argument("--run", help="name of the results' folder; by default of the source")
    parser.add_argument("--stack", default=STACK)
    arguments = parser.parse_args()
    source = {
        name: value
        for name in ("prefix", "manifest", "run")
        if (value := getattr(arguments, name)) is not None
    }
    try:
        deployment = find_deployment(
            boto3.client("cloudformation"), arguments.stack, arguments.bucket
        )
        progress = embed(boto3.client("stepfunctions"), deployment.workflow, source)
    except (WorkflowFailed, ClientError, BotoCoreError) as error:
        sys.exit(str(error))
    done, lost = progress.done, progress.listed_batches - progress.done.batches
    print(
        f"{done.photos} photos: {done.faces} faces, {done.without_face} photos without a face,"
        f" {done.failed} that could not be read"
    )
    print(f"results: {deployment.results}{progress.run}")
    if lost:
        sys.exit(f"{lost} batches failed: start the same command again.")


if __name__ == "__main__":
    main()
