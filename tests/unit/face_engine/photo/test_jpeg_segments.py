import pytest
from PIL import Image

from face_engine.photo.jpeg_segments import read_segments
from tests.support.photo_files import encode


def test_scans_are_those_of_the_photo_and_not_of_what_comes_with_it() -> None:
    quadrants = Image.new("RGB", (64, 48), "teal")
    baseline = encode(quadrants, "JPEG")
    exif = Image.Exif()
    # A thumbnail, as cameras add one, has a scan of its own.
    exif[37500] = baseline
    movie = b"\xff\xda" * 1000
    others = encode(quadrants, "MPO", save_all=True, append_images=[quadrants, quadrants])
    for data in (baseline, baseline + movie, encode(quadrants, "JPEG", exif=exif), others):
        assert len(read_segments(data).scans) == 1
    # As libjpeg writes colours by default: one of lowest frequencies, nine that refine them.
    assert len(read_segments(encode(quadrants, "JPEG", progressive=True)).scans) == 10
    with pytest.raises(ValueError, match="no scan"):
        read_segments(baseline[: baseline.index(b"\xff\xda")])
