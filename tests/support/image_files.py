"""One small photo in all supported formats, as the base of broken files."""

from typing import Any

from PIL import Image

from tests.support.paths import PHOTO_DIR
from tests.support.photo_files import encode

# Small enough for many attempts, but with a face that is still found.
SIZE = (120, 140)


def read_files() -> dict[str, bytes]:
    """Returns the files, keyed by a name that starts with their format."""
    image = Image.open(PHOTO_DIR / "person_a_1.jpg").convert("RGB").resize(SIZE)
    exif = Image.Exif()
    exif[0x0112] = 6
    with_alpha = image.convert("RGBA")
    with_alpha.putalpha(image.convert("L"))
    forms: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "JPEG": (image, {}),
        "JPEG progressive": (image, {"progressive": True}),
        "JPEG exif": (image, {"exif": exif, "restart_marker_rows": 2}),
        "JPEG cmyk": (image.convert("CMYK"), {}),
        "PNG": (image, {}),
        "PNG palette": (image.convert("P"), {"transparency": 3}),
        "PNG alpha": (with_alpha, {"exif": exif}),
        "PNG animated": (image, {"save_all": True, "append_images": [image.convert("L")]}),
        "WEBP": (image, {"exif": exif}),
        "WEBP lossless": (with_alpha, {"lossless": True}),
        "WEBP animated": (image, {"save_all": True, "append_images": [with_alpha]}),
        "GIF": (image, {"transparency": 3}),
        "GIF animated": (image, {"save_all": True, "append_images": [image.rotate(9)]}),
        "TIFF": (image, {"exif": exif}),
        "TIFF deflate": (image, {"compression": "tiff_adobe_deflate"}),
        "TIFF jpeg": (image, {"compression": "jpeg"}),
        "TIFF fax": (image.convert("1"), {"compression": "group4"}),
        "TIFF floats": (image.convert("F"), {}),
        "BMP": (image, {}),
        "BMP palette": (image.convert("P"), {}),
        "AVIF": (image, {"exif": exif}),
    }
    return {
        name: encode(form, name.partition(" ")[0], **options)
        for name, (form, options) in forms.items()
    }
