"""S3, with errors that say whether another try makes sense."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Any, TypeAlias

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from face_contract.errors import DownloadFailed, NotFound, PayloadTooLarge

# boto3 has no types.
Client: TypeAlias = Any

# S3's errors of status 400 and 403 that pass.
PASSING_CODES = frozenset({"RequestTimeout", "ExpiredToken", "RequestTimeTooSkewed"})


class StorageUnavailable(Exception):
    """S3 throttles or fails. The state machine tries again: template.yaml has this name."""


class StorageRefused(Exception):
    """S3 refuses, and will again: a missing permission or object."""


def create_client() -> Client:
    """Returns a client that tries four times before it gives up."""
    return boto3.client(
        "s3",
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 4},
            connect_timeout=5,
            read_timeout=20,
        ),
    )


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns boto3's errors into ours, without their text, which may name objects.

    Raises:
        StorageUnavailable: S3 throttles, fails or cannot be reached.
        StorageRefused: any other answer.
    """
    try:
        yield
    except ClientError as error:
        status, code = _describe(error)
        if _passes(status, code):
            raise StorageUnavailable(f"S3 answered {status} {code}.") from None
        raise StorageRefused(f"S3 answered {status} {code}.") from None
    except BotoCoreError as error:
        raise StorageUnavailable(f"S3 cannot be reached: {type(error).__name__}.") from None


def read_photo(client: Client, bucket: str, key: str, max_bytes: int) -> bytes:
    """Returns the file of a photo.

    Raises:
        NotFound: it does not exist any more.
        DownloadFailed: S3 refuses it, because it is archived or has a key of its own, for example.
        PayloadTooLarge: it is too large.
        StorageUnavailable: see `storage_errors`.
        StorageRefused: the bucket does not exist.
    """
    with storage_errors():
        try:
            answer = client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            status, code = _describe(error)
            if code == "NoSuchKey":
                raise NotFound from None
            if code == "NoSuchBucket" or _passes(status, code):
                raise
            raise DownloadFailed from None
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] > max_bytes:
                raise PayloadTooLarge(max_bytes)
            data: bytes = body.read()
    return data


def write_object(client: Client, bucket: str, key: str, data: bytes, content_type: str) -> None:
    """Writes an object, over an older one of its name.

    Raises:
        StorageUnavailable, StorageRefused: see `storage_errors`.
    """
    with storage_errors():
        client.put_object(Bucket=bucket, Key=key, Body=data, ContentType=content_type)


def _passes(status: int, code: str) -> bool:
    is_general = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return is_general or status == HTTPStatus.TOO_MANY_REQUESTS or code in PASSING_CODES


def _describe(error: ClientError) -> tuple[int, str]:
    response = error.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]
