"""Lambda's API in front of pools, for boto3: invocations, and the versions of an alias."""

import http.client
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tools.lambda_pool import Busy, Pool

ALIAS = "live"


@dataclass(frozen=True, slots=True)
class Routing:
    """The routing of an alias: one version, except for the weights of other versions."""

    version: str = "1"
    other_weights: Mapping[str, float] = field(default_factory=dict)

    def choose_version(self) -> str:
        """Picks a version at random, by weight."""
        versions = [*self.other_weights, self.version]
        shares = [*self.other_weights.values(), 1 - sum(self.other_weights.values())]
        return random.choices(versions, shares)[0]  # noqa: S311


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions behind Lambda's API.

    Args:
        pools: keyed by function and version, such as `extract:2`; `extract` is version 1.
        aliases: routing of each function's alias; by default all requests go to version 1.
    """

    pools: Mapping[str, Pool]
    aliases: Mapping[str, Routing] = field(default_factory=dict)

    def find(self, arn: str) -> tuple[Pool | None, str]:
        """Returns the pool and version for an ARN; no pool if the ARN is unknown."""
        function, _, qualifier = arn.rpartition(":function:")[2].partition(":")
        if qualifier in {"", ALIAS}:
            qualifier = self.aliases.get(function, Routing()).choose_version()
        pool = self.pools.get(f"{function}:{qualifier}")
        return pool or (self.pools.get(function) if qualifier == "1" else None), qualifier


async def invoke_function(request: Request) -> Response:
    """Answers boto3's `invoke`, of a name or an ARN, with an alias, a version or neither."""
    pool, version = request.app.state.functions.find(request.path_params["name"])
    if pool is None:
        return lambda_error(HTTPStatus.NOT_FOUND, "ResourceNotFoundException")
    try:
        answer = await run_sync(pool.invoke, await request.body())
    except Busy:
        return lambda_error(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException")
    except (OSError, http.client.HTTPException):
        return lambda_error(HTTPStatus.INTERNAL_SERVER_ERROR, "ServiceException")
    headers = {"X-Amz-Executed-Version": version}
    if answer.failed:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return Response(answer.payload, headers=headers, media_type="application/json")


async def get_alias(request: Request) -> Response:
    """Answers boto3's `get_alias`."""
    function: str = request.path_params["name"].rpartition(":function:")[2]
    functions: Functions = request.app.state.functions
    known = {name.partition(":")[0] for name in functions.pools}
    if request.path_params["alias"] != ALIAS or function not in known:
        return lambda_error(HTTPStatus.NOT_FOUND, "ResourceNotFoundException")
    routing = functions.aliases.get(function, Routing())
    alias: dict[str, object] = {"Name": ALIAS, "FunctionVersion": routing.version}
    if routing.other_weights:
        alias["RoutingConfig"] = {"AdditionalVersionWeights": dict(routing.other_weights)}
    return JSONResponse(alias)


def lambda_error(status: HTTPStatus, kind: str) -> Response:
    """Returns an error in the format of Lambda's API."""
    headers = {"x-amzn-errortype": kind, "x-amzn-requestid": str(uuid.uuid4())}
    return JSONResponse({"Type": "User", "message": kind}, status, headers)


ROUTES = [
    Route("/2015-03-31/functions/{name}/invocations", invoke_function, methods=["POST"]),
    Route("/2015-03-31/functions/{name}/aliases/{alias}", get_alias),
]
