"""The photos that are measured."""

import io
from pathlib import Path

from PIL import Image

PHOTO_DIR = Path("tests/photos")
# One face. ArcFace's test weights know the photos at their own sizes, so it is not scaled.
PORTRAIT = "impostor_2.jpg"
# As the main client sends them.
QUALITY = 90
CANVAS_PX = 2000
GREY = (120, 120, 120)


def read_portrait() -> bytes:
    """Returns the file of a portrait of 747×900 pixels."""
    return (PHOTO_DIR / PORTRAIT).read_bytes()


def read_portraits_and_groups() -> list[bytes]:
    """Returns the files of all test photos: six of one person, six of three to five people."""
    return [file.read_bytes() for file in sorted(PHOTO_DIR.glob("*.jpg"))]


def scale_portrait(longer_side_px: int) -> bytes:
    """Returns the portrait as a JPEG of another size."""
    with Image.open(PHOTO_DIR / PORTRAIT) as image:
        scale = longer_side_px / max(image.size)
        size = round(image.width * scale), round(image.height * scale)
        return _encode(image.resize(size, Image.Resampling.LANCZOS))


def group_of(faces: int) -> bytes:
    """Returns a JPEG of 2000×2000 pixels that shows the portrait `faces` times, in a grid."""
    columns = next(n for n in range(1, faces + 1) if n * n >= faces)
    cell_px = CANVAS_PX // columns
    canvas = Image.new("RGB", (CANVAS_PX, CANVAS_PX), GREY)
    with Image.open(PHOTO_DIR / PORTRAIT) as image:
        image.thumbnail((min(cell_px, max(image.size)),) * 2, Image.Resampling.LANCZOS)
        for number in range(faces):
            row, column = divmod(number, columns)
            canvas.paste(image, (column * cell_px, row * cell_px))
    return _encode(canvas)


def _encode(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
