"""The images in a Docker Engine, built by the documented commands on a base that needs no registry.

`make test-docker` runs these tests, with an engine of its own if none answers.
"""

import os
import signal
from collections.abc import Iterator

import pytest

from face_service.lambda_entry import LambdaHandler
from tests.support.paths import MODEL_DIR
from tests.support.sam import Sam
from tools.base_image import run
from tools.containers.docker_base import import_base, layers_of, remove_descendants
from tools.translate_template import DEPLOYMENTS, read_template, resolve

# To start an engine takes root; whoever may only use one tests the rest.
collect_ignore = [] if os.geteuid() == 0 else ["test_engine.py"]
# What the documented commands and SAM.s call the images that they build.
TAGS = ("face-local:latest", "extractfunction:extract", "comparefunction:compare")


def pytest_configure() -> None:
    """Removes images and containers on SIGTERM and in a background job, too."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


@pytest.fixture(scope="session")
def base_image() -> Iterator[str]:
    """The stand-in base. An engine that is used for more keeps the images that it had."""
    kept = {tag: run("docker", "images", "--quiet", "--no-trunc", tag) for tag in TAGS}
    try:
        yield import_base()
    finally:
        remove_descendants()
        for tag, image in kept.items():
            if image and layers_of(image):
                run("docker", "tag", image, tag)


@pytest.fixture(scope="session")
def sam(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Sam:
    """SAM's command line in a copy of the project, where it has built all functions."""
    sam = Sam(tmp_path_factory.mktemp("project"))
    sam.build(base_image)
    return sam


@pytest.fixture(scope="session")
def handlers() -> dict[str, LambdaHandler]:
    """The Lambda entries in this process, with the variables that the template sets."""
    values = {**DEPLOYMENTS["open"], "FaceModel": "mobilefacenet"}
    resources = resolve(read_template(), values)["Resources"]
    with pytest.MonkeyPatch.context() as environment:
        for name in ("ExtractFunction", "CompareFunction"):
            variables = resources[name]["Properties"]["Environment"]["Variables"]
            for key, value in variables.items():
                environment.setenv(key, str(value))
        environment.setenv("MODEL_DIR", str(MODEL_DIR))
        from functions.compare import handler as compare
        from functions.extract import handler as extract
    return {"extract": extract.handler, "compare": compare.handler}
