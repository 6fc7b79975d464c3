"""The versions that a function's alias routes to."""

from typing import Any, Protocol


class AliasClient(Protocol):
    """The part of boto3's Lambda client that is needed here."""

    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        """Returns an alias: its main version, and the traffic weights of the others."""
        ...


def read_versions(client: AliasClient, alias_arn: str) -> list[str]:
    """Returns the ARNs of an alias's versions: two while a deployment shifts traffic.

    Raises:
        ClientError, BotoCoreError: the alias cannot be read.
    """
    function, _, name = alias_arn.rpartition(":")
    alias = client.get_alias(FunctionName=function, Name=name)
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return [f"{function}:{version}" for version in (alias["FunctionVersion"], *weights)]
