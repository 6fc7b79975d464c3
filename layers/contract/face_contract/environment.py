"""Settings from environment variables, checked by pydantic.

pydantic-settings can do more: files, secrets, command lines. To import that takes 5 % of a cold
start.
"""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict


class EnvironmentSettings(BaseModel):
    """Settings that can be read from variables: each field from that of its name in capitals."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, protected_namespaces=()
    )

    @classmethod
    def read(cls) -> Self:
        """Reads the environment. An empty variable counts as not set.

        Raises:
            pydantic.ValidationError: a value is missing or invalid.
        """
        variables = {name: os.environ.get(name.upper()) for name in cls.model_fields}
        return cls.model_validate({name: value for name, value in variables.items() if value})
