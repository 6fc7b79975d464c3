"""Versions of a function that an alias routes to."""

from typing import Any, Protocol


class AliasClient(Protocol):
    """The part of boto3's Lambda client that is used here."""

    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        """Returns an alias: its version, and the weights of any other version."""
        ...


def read_versions(client: AliasClient, alias_arn: str) -> list[str]:
    """Returns the ARN of each version behind an alias: two while a deployment shifts traffic.

    Raises:
        ClientError, BotoCoreError: the alias cannot be read.
    """
    function, _, name = alias_arn.rpartition(":")
    alias = client.get_alias(FunctionName=function, Name=name)
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return [f"{function}:{version}" for version in (alias["FunctionVersion"], *weights)]
