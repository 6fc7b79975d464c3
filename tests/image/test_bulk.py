"""A whole bucket, embedded by the extract image with the template's other commands."""

import json

from tests.conftest import ReadPhoto
from tests.support.cloud import PHOTOS, open_cloud
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.template import TEMPLATE
from tools.lambda_pool import Environment
from tools.mounted_image import MountedImage


def test_the_image_embeds_a_bucket(images: dict[str, MountedImage], read_photo: ReadPhoto) -> None:
    def launch(function: str, **variables: str) -> Environment:
        properties = TEMPLATE["Resources"][f"{function.title()}Function"]["Properties"]
        (handler,) = properties["ImageConfig"]["Command"]
        return images["face-extract"].start_environment(handler, **variables)

    faces = {portrait.file: 1 for portrait in PORTRAITS} | GROUP_FACES
    values = {"BulkBatchSize": "5", "FaceModel": "mobilefacenet"}
    with open_cloud(lambda *_: False, 1, values, launch) as cloud:
        for file in faces:
            cloud.s3.put_object(Bucket=PHOTOS, Key=file, Body=read_photo(file))
        description = cloud.run(120)
        results = [data for key, data in cloud.read().items() if key.endswith(".jsonl")]
    assert description["status"] == "SUCCEEDED", description
    lines = [json.loads(line) for data in results for line in data.splitlines()]
    assert {line["key"]: line["face_count"] for line in lines} == faces
    assert len(lines) == sum(faces.values())
