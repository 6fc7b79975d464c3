"""How much memory the largest photos take while they are decoded."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from face_engine.photo.limits import MAX_WEBP_PIXELS
from tests.support.paths import subprocess_environment

MAX_PIXELS = 64_000_000
# With the model, and all that is imported, it fits into the smallest function of the template.
MAX_MB = 650
DECODE = """
import sys
from face_engine.photo import decode_image
from tools.process_memory import peak_mb

photo = decode_image(open(sys.argv[1], "rb").read(), int(sys.argv[2]))
assert photo.damage is None
print(photo.width * photo.height, peak_mb())
"""


def decode_in_a_process(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DECODE, str(file), str(MAX_PIXELS)],
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("format", "mode", "size", "options"),
    [
        ("JPEG", "RGB", (8000, 8000), {"progressive": True}),
        ("PNG", "RGBA", (8000, 8000), {"compress_level": 1}),
        ("TIFF", "RGB", (8000, 8000), {"compression": "tiff_adobe_deflate"}),
        ("WEBP", "RGB", (8000, 4000), {"method": 0}),
    ],
)
def test_the_largest_photo_fits_into_the_smallest_function(
    tmp_path: Path,
    format: str,  # noqa: A002
    mode: str,
    size: tuple[int, int],
    options: dict[str, object],
) -> None:
    assert size[0] * size[1] == (MAX_WEBP_PIXELS if format == "WEBP" else MAX_PIXELS)
    file = tmp_path / "large"
    Image.linear_gradient("L").resize(size).convert(mode).save(file, format, **options)
    decoded = decode_in_a_process(file)
    assert decoded.returncode == 0, decoded.stderr
    pixels, peak_mb = map(float, decoded.stdout.split())
    assert pixels == size[0] * size[1]
    assert peak_mb < MAX_MB


def test_a_webp_over_its_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large"
    Image.new("L", (8000, 4001)).save(file, "WEBP", method=0)
    decoded = decode_in_a_process(file)
    assert "more than 32000000 pixels" in decoded.stderr
