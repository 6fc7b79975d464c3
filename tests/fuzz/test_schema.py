"""Schemathesis against our own document: all its checks, with data that fits and does not."""

from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from face_service.settings import Settings
from functions.local.app import create
from tests.support.checked_requests import MAX_SECONDS
from tests.support.paths import MODEL_DIR

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "max_response_time": MAX_SECONDS,
            # A schema cannot say "base64 of an image", "a public URL" or "not all zeros": what
            # fits it and is none of these is 400; two models that differ are 409. That it never is
            # 422 stays checked.
            "positive_data_acceptance": {"expected-statuses": ["200", "400", "409"]},
        }
    }
)
# Not from its URL: that would load the model when pytest collects.
app = create(Settings(model_dir=MODEL_DIR))
schema = schemathesis.openapi.from_dict(app.openapi(), config=CONFIG)
schema.app = app


@schema.parametrize()
def test_the_api_does_what_its_document_says(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate()
