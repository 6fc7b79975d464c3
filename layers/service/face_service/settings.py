"""The settings: the only place that reads the environment."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MEBIBYTE = 1024 * 1024


class InvalidSetting(ValueError):
    """An environment variable has a value that the service cannot start with."""


class Settings(BaseSettings):
    """Every variable that the service reads. An empty variable counts as not set."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, protected_namespaces=())

    host: str = Field("0.0.0.0", description="Address of the local server.")  # noqa: S104
    port: int = Field(8001, ge=1, le=65535, description="Port of the local server.")
    reload: bool = Field(False, description="Restart the local server when code changes.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",), description="Origins that browsers may call from, separated by commas."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log lines to write."
    )
    enable_docs: bool = Field(
        False, description="Serve `/docs` and `/redoc` on Lambda; the local server always does."
    )
    # The values of these three are the catalogue's: `read_settings` is given them to check.
    face_model: str = Field(
        "mobilefacenet", description="Which model of the catalogue makes the embeddings."
    )
    detector: str = Field(
        "retinaface", description="Detector of `arcface`; `mobilefacenet` always uses YuNet."
    )
    alignment: str = Field(
        "deepface", description="Alignment of `arcface`; `mobilefacenet` has its own."
    )
    model_dir: Path = Field(Path("models"), description="Folder of the weights.")
    max_body_bytes: int = Field(15 * MEBIBYTE, gt=0, description="Largest request body.")
    max_image_bytes: int = Field(10 * MEBIBYTE, gt=0, description="Largest image file.")
    max_image_pixels: int = Field(64_000_000, gt=0, description="Most pixels that are decoded.")
    max_waiting: int = Field(
        64, ge=0, description="Requests that may wait while others are worked on."
    )
    request_budget_s: float = Field(
        25, gt=0, le=900, description="Seconds from a request to its answer, or to `TIMEOUT`."
    )
    download_timeout_s: float = Field(
        10, gt=0, le=60, description="Seconds that the download of an image may take in all."
    )
    download_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Private hosts that images may come from: `name` or `name:port`, by commas.",
    )
    embed_without_face: bool = Field(
        True,
        description="Without a face, and none enforced, embed the whole image; else `null`.",
    )

    @field_validator("cors_origins", "download_allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


def read_settings(choices: Mapping[str, Collection[str]] | None = None) -> Settings:
    """Reads the environment.

    Args:
        choices: the only values that a setting may have, by the setting's name. They are checked
            once all other values are valid.

    Raises:
        InvalidSetting: one sentence that names each variable with a bad value.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise _invalid({str(e["loc"][0]): e["msg"] for e in error.errors()}) from None
    faults = {
        name: f"Input should be {' or '.join(map(repr, values))}"
        for name, values in (choices or {}).items()
        if getattr(settings, name) not in values
    }
    if faults:
        raise _invalid(faults)
    return settings


def _invalid(faults: Mapping[str, str]) -> InvalidSetting:
    described = "; ".join(f"{name.upper()}: {fault}" for name, fault in faults.items())
    return InvalidSetting(f"The service cannot start with this environment: {described}.")
