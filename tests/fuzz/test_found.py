"""What `make fuzz` found worth to be kept: one file each, as small as it gets."""

import base64

import httpx2 as httpx
import pytest

from tests.support.broken_images import FILES, say_size
from tests.support.checked_requests import post_image


# The answer has a limit of time.
@pytest.mark.alone
def test_an_avif_that_says_64_megapixels_of_a_small_photo(local_service: httpx.Client) -> None:
    # Its decoder enlarges the photo to what the header says: the slowest image of all.
    data = say_size(FILES["AVIF"], "AVIF", 8000, 8000)
    answer = post_image(local_service, base64.b64encode(data).decode())
    assert answer["face_count"] == 1
