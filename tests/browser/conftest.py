"""Chromium on the real local server. `make test-browser` installs what these tests need."""

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.conftest import ReadPhoto
from tests.support.paths import subprocess_environment
from tools.chromium import FLAGS, PROGRAM
from tools.local_server import LocalServer

# What the camera shows.
FILMED = "person_b_2.jpg"
FILM_FRAMES = 5
DESKTOP = (1200, 1000)
ANSWER_MS = 30_000

OpenPlayground = Callable[..., "Playground"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, help="folder for the documents' pictures")


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    server = LocalServer(subprocess_environment())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, read_photo: ReadPhoto) -> Iterator[Browser]:
    """Chromium with a new profile, and with a camera that films a portrait."""
    film = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    frame = io.BytesIO()
    with Image.open(io.BytesIO(read_photo(FILMED))) as photo:
        photo.convert("RGB").resize((640, 640)).save(frame, "JPEG", quality=90)
    film.write_bytes(frame.getvalue() * FILM_FRAMES)
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(PROGRAM),
            headless=True,
            args=[*FLAGS, *camera],
            # On a busy machine Chromium leaves files behind when it is closed.
            env={**os.environ, "TMPDIR": str(film.parent)},
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page in a context of its own."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@dataclass
class Playground:
    """The page, and what went wrong in it: nothing may, so the fixture checks."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self._watch(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        # Browsers report each answer that is an error. The tests look at how the page shows it.
        is_answer = f"{self.address}/api/" in message.location["url"]
        if not (is_answer and message.text.startswith("Failed to load resource")):
            self.problems.append(f"{message.type}: {message.text}")

    def _watch(self, url: str) -> None:
        if not url.startswith((f"{self.address}/", f"blob:{self.address}/")):
            self.problems.append(f"request to {url}")

    def slot(self, letter: str) -> Locator:
        return self.page.get_by_role("region", name=f"Photo {letter}", exact=True)

    def choose(self, letter: str, file: Path) -> None:
        self.slot(letter).locator("input[type=file]").set_input_files(file)

    def expect_faces(self, letter: str, count: int) -> None:
        expect(self.slot(letter).locator(".box")).to_have_count(count, timeout=ANSWER_MS)

    def expect_status(self, letter: str, text: str) -> None:
        expect(self.slot(letter).get_by_role("status")).to_contain_text(text, timeout=ANSWER_MS)

    def expect_verdict(self, word: str | re.Pattern[str]) -> None:
        """Waits for an answer, and not an older one."""
        verdict = self.page.locator("#result:not([aria-busy=true]) #verdict .word")
        expect(verdict).to_have_text(word, timeout=ANSWER_MS)

    def ask(self, question: str) -> None:
        self.page.get_by_label(question).check()


@pytest.fixture
def open_playground(browser: Browser, server: LocalServer) -> Iterator[OpenPlayground]:
    """Opens the page in a context of its own; at the end nothing may have gone wrong in it."""
    opened: list[Playground] = []

    def open_page(
        address: str = server.address,
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        permissions: tuple[str, ...] = (),
    ) -> Playground:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            permissions=list(permissions),
        )
        playground = Playground(context.new_page(), address)
        opened.append(playground)
        playground.page.goto(f"{address}/")
        return playground

    yield open_page
    for playground in opened:
        playground.page.context.close()
        assert playground.problems == []
