"""Makes the pictures of the documents: `make screenshots` writes them to docs/."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.browser.conftest import OpenPlayground
from tests.conftest import ReadPhoto

# Public domain, all three: tests/photos.toml.
PERSON, STRANGERS = "impostor_1.jpg", ("person_a_2.jpg", "person_b_2.jpg")
HEIGHT_PX = 480
MAX_BYTES = 300_000
PICTURES = {
    "playground.png": ((1200, 1000), "light"),
    "playground-dark.png": ((1200, 1000), "dark"),
    "playground-phone.png": ((390, 844), "light"),
}


@pytest.fixture
def group(tmp_path: Path, read_photo: ReadPhoto) -> Path:
    """A photo of three: portraits side by side, that of the person mirrored."""
    files = (STRANGERS[0], PERSON, STRANGERS[1])
    portraits = []
    for file in files:
        with Image.open(io.BytesIO(read_photo(file))) as photo:
            portrait = ImageOps.mirror(photo) if file == PERSON else photo
            portraits.append(ImageOps.fit(portrait.convert("RGB"), (300, HEIGHT_PX)))
    group = Image.new("RGB", (300 * len(files), HEIGHT_PX))
    for index, portrait in enumerate(portraits):
        group.paste(portrait, (300 * index, 0))
    group.save(tmp_path / "group.jpg", quality=92)
    return tmp_path / "group.jpg"


@pytest.fixture
def person(tmp_path: Path, read_photo: ReadPhoto) -> Path:
    path = tmp_path / "person.jpg"
    path.write_bytes(read_photo(PERSON))
    return path


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the pictures go: tmp_path, unless --screenshots says otherwise."""
    chosen: Path | None = request.config.getoption("--screenshots")
    return chosen or tmp_path


@pytest.mark.parametrize("name", PICTURES)
def test_picture(
    open_playground: OpenPlayground, person: Path, group: Path, folder: Path, name: str
) -> None:
    size, scheme = PICTURES[name]
    playground = open_playground(size=size, scheme=scheme)
    playground.choose("A", person)
    playground.choose("B", group)
    playground.expect_faces("B", 3)
    playground.ask("Find A’s person in photo B")
    playground.page.locator("#verdict[data-verdict=yes]").wait_for()
    shot = playground.page.screenshot(full_page=True, animations="disabled")
    # 256 colours are enough, and take a third of the bytes.
    with Image.open(io.BytesIO(shot)) as picture:
        assert picture.width == size[0]
        reduced = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        reduced.save(folder / name, optimize=True)
    assert (folder / name).stat().st_size < MAX_BYTES
