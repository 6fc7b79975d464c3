"""Settings from environment variables."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from face_contract.environment import EnvironmentSettings

MEBIBYTE = 1024 * 1024
# The template's parameter LegacyUrl has the same: scheme, host, port and path only.
LEGACY_URL = r"^(https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*)?$"


class InvalidSetting(ValueError):
    """An environment variable has an invalid value."""


class Settings(EnvironmentSettings):
    """Every environment variable that the service reads."""

    host: str = Field("0.0.0.0", description="Address of the local server.")  # noqa: S104
    port: int = Field(8001, ge=1, le=65535, description="Port of the local server.")
    reload: bool = Field(False, description="Restart the local server when code changes.")
    cors_origins: tuple[str, ...] = Field(
        ("*",), description="Origins that browsers may call from, separated by commas."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log lines to write."
    )
    enable_docs: bool = Field(
        False, description="Serve `/docs` and `/redoc` on Lambda; the local server always does."
    )
    powertools_metrics_namespace: str = Field(
        "face", max_length=255, description="Namespace of the CloudWatch metrics on Lambda."
    )
    # `read_settings` checks the values of these three against the catalogue's.
    face_model: str = Field("mobilefacenet", description="Model that makes the embeddings.")
    detector: str = Field(
        "retinaface", description="Detector of `arcface`; `mobilefacenet` always uses YuNet."
    )
    alignment: str = Field(
        "deepface", description="Alignment of `arcface`; `mobilefacenet` has its own."
    )
    retinaface_regions: Literal["auto", "off"] = Field(
        "auto",
        description="`auto`: RetinaFace looks at parts of a photo if the bake certified it.",
    )
    model_dir: Path = Field(Path("models"), description="Folder of the weights.")
    max_body_bytes: int = Field(15 * MEBIBYTE, gt=0, description="Largest request body.")
    max_image_bytes: int = Field(10 * MEBIBYTE, gt=0, description="Largest image file.")
    max_answer_bytes: int = Field(15 * MEBIBYTE, gt=0, description="Largest answer.")
    max_image_pixels: int = Field(64_000_000, gt=0, description="Largest image, in pixels.")
    max_waiting: int = Field(64, ge=0, description="Requests that may wait for a free thread.")
    request_budget_s: float = Field(
        25, gt=0, le=900, description="Seconds from a request to its answer, or to `TIMEOUT`."
    )
    download_timeout_s: float = Field(
        10, gt=0, le=60, description="Seconds that a download may take in total."
    )
    download_allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Private hosts to download from: `name` or `name:port`, separated by commas.",
    )
    embed_without_face: bool = Field(
        True,
        description="If no face is found or required: embed the whole image, or answer `null`.",
    )

    legacy_url: str = Field(
        "",
        description="Where the local server passes requests for unknown paths; off if empty.",
    )

    @field_validator("legacy_url")
    @classmethod
    def _is_base_url(cls, value: str) -> str:
        if not re.fullmatch(LEGACY_URL, value):
            raise ValueError("use a URL such as http://old-service:8001, without a last slash")
        # Raises ValueError for a port that is out of range.
        _ = urlsplit(value).port
        return value

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
    """Reads the settings from the environment.

    Args:
        choices: the only values that a setting may have, by the setting's name. They are checked
            once all other values are valid.

    Raises:
        InvalidSetting: a variable is invalid; the message is one sentence that names each of them.
    """
    try:
        settings = Settings.read()
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
