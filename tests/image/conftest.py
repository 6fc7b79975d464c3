"""The images as `make test-image` has built them, mounted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tools.base_image import NAME
from tools.image_contents import files_above
from tools.mounted_image import MountedImage

Files = dict[str, dict[str, int]]
FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def images() -> Iterator[dict[str, MountedImage]]:
    with ExitStack() as stack:
        mounted = {}
        for name in ("face-extract", "face-compare", "face-local", NAME):
            mounted[name] = MountedImage(name)
            stack.callback(mounted[name].close)
        yield mounted


@pytest.fixture(scope="session")
def files(images: dict[str, MountedImage]) -> dict[str, dict[str, int]]:
    """By image: the files above its base and their sizes, by path."""
    return {
        name: {str(path): size for path, size in files_above(image, images[NAME]).items()}
        for name, image in images.items()
        if name != NAME
    }


@pytest.fixture(scope="session")
def report_figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints a measured figure at the end."""
    return request.config.stash.setdefault(FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("measured")
    for figure in terminalreporter.config.stash.get(FIGURES, []):
        terminalreporter.write_line(figure)
