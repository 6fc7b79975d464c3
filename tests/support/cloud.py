"""S3, Step Functions and IAM by moto, and our functions on Lambda's runtime behind them.

moto interprets the workflow in this process; the functions reach the same S3 by HTTP.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

import boto3
import pytest
from anyio.to_thread import run_sync
from botocore.awsrequest import AWSPreparedRequest, HTTPHeaders
from moto import mock_aws
from moto.core.config import DefaultConfig
from moto.core.models import botocore_stubber
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.template import TEMPLATE, workflow_of
from tools.api_gateway import serve
from tools.lambda_api import ROUTES, Functions
from tools.lambda_pool import Answer, Busy, Environment, Pool, start_environment
from tools.translate_template import DEPLOYMENTS, Template, resolve

REGION = "eu-west-1"
PHOTOS, RESULTS = "photos", "results"
REFUSED_EVENT = 3
SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
# A session reads the description of S3 once, which takes longer than most of the tests.
SESSION = boto3.Session()


@contextmanager
def mocked_bucket(name: str) -> Iterator[Any]:
    """Opens a client of moto's S3, which has one empty bucket."""
    with mock_aws():
        client = SESSION.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=name)
        yield client
        client.close()


# Gets the key of a photo that is read, and the reader's access key; returns whether to throttle.
OnRead: TypeAlias = Callable[[str, str], bool]


def create_front(on_read: OnRead) -> Starlette:
    """Builds an app that answers as moto's S3, and may throttle reads of photos."""

    async def answer(request: Request) -> Response:
        bucket, _, key = request.path_params["path"].partition("/")
        body = await request.body()
        if request.method == "GET" and bucket == PHOTOS and key:
            reader = re.search(r"Credential=(\w+)/", request.headers["Authorization"])
            assert reader
            if on_read(key, reader[1]):
                return Response(SLOW_DOWN, HTTPStatus.SERVICE_UNAVAILABLE)
        url = f"https://s3.{REGION}.amazonaws.com{request.url.path}?{request.url.query}"
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name] = value
        prepared = AWSPreparedRequest(request.method, url, headers, body, stream_output=False)
        answered = await run_sync(botocore_stubber.process_request, prepared)
        assert answered
        status, answer_headers, content = answered
        kept = {k: str(v) for k, v in answer_headers.items() if k.lower() != "content-length"}
        return Response(content, status, kept)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD", "PUT"])])


class ThrottledPool(Pool):
    """Refuses one event, as Lambda does at the limit of its concurrency."""

    def __init__(self, environments: list[Environment]) -> None:
        super().__init__(environments)
        self.events = 0

    def invoke(self, payload: bytes, timeout_s: float = 60) -> Answer:
        """Sends an event to an idle environment, except for the third event."""
        self.events += 1
        if self.events == REFUSED_EVENT:
            raise Busy
        return super().invoke(payload, timeout_s)


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the template makes with `PhotosBucket`, and its clients.

    Attributes:
        s3, states: boto3's clients.
        workflow: ARN of the workflow.
        bulk: the environments of the bulk function; environment n reads S3 as `ENVIRONMENTn`.
    """

    s3: Any
    states: Any
    workflow: str
    bulk: ThrottledPool

    def run(self, timeout_s: float = 60, **source: object) -> dict[str, Any]:
        """Runs the workflow to its end and returns its description, with the output as JSON."""
        execution = self.states.start_execution(
            stateMachineArn=self.workflow, name=str(uuid.uuid4()), input=json.dumps(source)
        )
        deadline = time.monotonic() + timeout_s
        while True:
            found: dict[str, Any] = self.states.describe_execution(
                executionArn=execution["executionArn"]
            )
            if found["status"] != "RUNNING":
                return {**found, "output": json.loads(found.get("output", "null"))}
            assert time.monotonic() < deadline, "the workflow hangs"
            time.sleep(0.1)

    def read(self) -> dict[str, bytes]:
        """Returns all objects of the results bucket by key."""
        listed = self.s3.list_objects_v2(Bucket=RESULTS).get("Contents", [])
        keys = [entry["Key"] for entry in listed]
        return {key: self.s3.get_object(Bucket=RESULTS, Key=key)["Body"].read() for key in keys}


@contextmanager
def open_cloud(
    on_read: OnRead,
    environments: int,
    values: Mapping[str, str],
    launch: Callable[..., Environment] = start_environment,
    **variables: str,
) -> Iterator[Cloud]:
    """Deploys the workflow of the template.

    Args:
        on_read: called before each read of a photo.
        environments: how many batches Lambda can embed at a time.
        values: parameters of the template.
        launch: starts an environment of a function, "bulk" or "expand", with its variables.
        variables: of both functions, in addition to the template's.
    """
    deployed = resolve(TEMPLATE, {**DEPLOYMENTS["bucket"], "PhotosPrefix": "", **values})
    config: DefaultConfig = {"stepfunctions": {"execute_state_machine": True}}
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        front = stack.enter_context(serve(create_front(on_read)))

        def start(function: str, number: int) -> Environment:
            properties = deployed["Resources"][f"{function.title()}Function"]["Properties"]
            own = {
                **{k: str(v) for k, v in properties["Environment"]["Variables"].items()},
                "AWS_ACCESS_KEY_ID": f"ENVIRONMENT{number}",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_ENDPOINT_URL_S3": front,
                **variables,
            }
            environment = launch(function, **own)
            stack.callback(environment.stop)
            return environment

        bulk = ThrottledPool([start("bulk", number) for number in range(environments)])
        expand = Pool([start("expand", environments)])
        app = Starlette(routes=ROUTES)
        app.state.functions = Functions({"bulk": bulk, "expand": expand})
        patch.setenv("AWS_ENDPOINT_URL_LAMBDA", stack.enter_context(serve(app)))
        stack.enter_context(mock_aws(config=config))
        clients = {name: boto3.client(name) for name in ("s3", "stepfunctions", "iam")}
        for client in clients.values():
            stack.callback(client.close)
        role = make_role(clients["iam"], deployed["Resources"]["EmbedBucketRole"]["Properties"])
        where = {"LocationConstraint": REGION}
        for bucket in (PHOTOS, RESULTS):
            clients["s3"].create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        workflow = clients["stepfunctions"].create_state_machine(
            name="embed-bucket", definition=json.dumps(workflow_of(deployed)), roleArn=role
        )["stateMachineArn"]
        yield Cloud(clients["s3"], clients["stepfunctions"], workflow, bulk)


def make_role(iam: Any, properties: Template) -> str:
    """Makes the role that the template describes; returns its ARN."""
    trust = json.dumps(properties["AssumeRolePolicyDocument"])
    arn: str = iam.create_role(RoleName="embed-bucket", AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    return arn
