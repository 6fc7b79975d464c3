"""Which of S3's errors end a batch, which are outcomes of a photo, and which are tried again."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from face_contract.errors import DownloadFailed, NotFound, PayloadTooLarge
from functions.bulk.storage import (
    StorageRefused,
    StorageUnavailable,
    create_client,
    read_photo,
    write_object,
)
from tools.loopback_server import Send, http_response, running

KEY = "c4n4ry/person.jpg"
MAX_BYTES = 100
MakeClient = Callable[[str], Any]


def error(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>{KEY}</Message></Error>"
    return http_response(body.encode(), status, Content_Type="application/xml")


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Builds a client of an endpoint that tries once."""
    clients = []

    def make(url: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        clients.append(
            boto3.client("s3", endpoint_url=url, region_name="eu-west-1", config=config, **keys)
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error("503 Slow Down", "SlowDown"), StorageUnavailable),
        (error("500 Internal Server Error", "InternalError"), StorageUnavailable),
        (error("429 Too Many Requests", "TooManyRequests"), StorageUnavailable),
        (error("400 Bad Request", "RequestTimeout"), StorageUnavailable),
        (http_response(b"x" * 10, Content_Length="20"), StorageUnavailable),
        (b"", StorageUnavailable),
        (error("404 Not Found", "NoSuchKey"), NotFound),
        (error("404 Not Found", "NoSuchBucket"), StorageRefused),
        (error("403 Forbidden", "InvalidObjectState"), DownloadFailed),
        (error("400 Bad Request", "InvalidRequest"), DownloadFailed),
        (error("403 Forbidden", "ExpiredToken"), StorageUnavailable),
        (http_response(b"x" * (MAX_BYTES + 1)), PayloadTooLarge),
    ],
)
def test_a_photo_that_cannot_be_read(
    make_client: MakeClient, answer: bytes, expected: type[Exception]
) -> None:
    def reply(_path: str, send: Send) -> None:
        send(answer)

    with running(reply) as server, pytest.raises(expected) as caught:
        read_photo(make_client(server.url), "photos", KEY, MAX_BYTES)
    # Lambda's runtime logs what a function raises.
    assert "c4n4ry" not in str(caught.value)
    assert caught.value.__suppress_context__ or expected is PayloadTooLarge


def test_a_photo_of_the_largest_size_is_read(make_client: MakeClient) -> None:
    photo = b"x" * MAX_BYTES

    def reply(_path: str, send: Send) -> None:
        send(http_response(photo))

    with running(reply) as server:
        assert read_photo(make_client(server.url), "photos", KEY, MAX_BYTES) == photo


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error("503 Slow Down", "SlowDown"), StorageUnavailable),
        (error("403 Forbidden", "AccessDenied"), StorageRefused),
    ],
)
def test_a_result_that_cannot_be_written(
    make_client: MakeClient, answer: bytes, expected: type[Exception]
) -> None:
    def reply(_path: str, send: Send) -> None:
        send(answer)

    with running(reply) as server, pytest.raises(expected):
        write_object(make_client(server.url), "results", KEY, b"x", "text/plain")


def test_a_storage_that_is_not_there(make_client: MakeClient) -> None:
    with pytest.raises(StorageUnavailable):
        read_photo(make_client("http://127.0.0.1:9"), "photos", KEY, MAX_BYTES)


def test_the_client_tries_a_throttled_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [error("503 Slow Down", "SlowDown"), http_response(b"x")]

    def reply(_path: str, send: Send) -> None:
        send(answers.pop(0))

    with running(reply) as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        client = create_client()
        assert read_photo(client, "photos", KEY, MAX_BYTES) == b"x"
        client.close()
