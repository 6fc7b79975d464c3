"""Lambda entry of the function that embeds a batch of photos in S3, for Step Functions.

It loads the model during init, on purpose.
"""

from contextlib import suppress
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from face_contract.errors import ModelUnavailable
from face_engine.memory import FUNCTION_KEEPS_BYTES, configure_malloc
from face_engine.model.catalog import read_catalog
from face_service.lambda_logging import configure_logging
from face_service.settings import read_settings
from functions.bulk.batch_work import count, embed_photos
from functions.bulk.run_folder import result_key
from functions.bulk.schemas import Batch
from functions.bulk.settings import BulkSettings
from functions.bulk.storage import create_client, read_photo, write_object
from functions.extract.loader import create_loader

JSON_LINES_TYPE = "application/x-ndjson"

configure_malloc(FUNCTION_KEEPS_BYTES)
catalog = read_catalog()
service_settings = read_settings(catalog.choices)
settings = BulkSettings.read()
logger = configure_logging("bulk", service_settings.log_level)
client = create_client()
loader = create_loader(service_settings, catalog)
# An init that fails is tried again at once, and again; the invocation reports the same error.
with suppress(ModelUnavailable):
    loader.load()


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Embeds the photos of a `Batch`, and writes their outcomes as one object of JSON Lines.

    Returns:
        The counts of the batch.

    Raises:
        ModelUnavailable: the model's files are missing or broken.
        StorageUnavailable: S3 throttles or fails; a retry overwrites what was written.
        StorageRefused: S3 does not accept the result.
    """
    batch = Batch.model_validate(event)

    def read(key: str) -> bytes:
        return read_photo(client, settings.photos_bucket, key, service_settings.max_image_bytes)

    extractor = loader.load().extractor
    photos = list(embed_photos(batch.keys, read, extractor, service_settings.max_image_pixels))
    text = "".join(line.model_dump_json() + "\n" for lines in photos for line in lines)
    write_object(
        client,
        settings.results_bucket,
        result_key(settings.results_prefix, batch.run, batch.index),
        text.encode(),
        JSON_LINES_TYPE,
    )
    counts = count(photos).model_dump()
    logger.info("embedded", extra={"batch": batch.index, "counts": counts})
    return counts
