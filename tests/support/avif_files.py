"""AVIFs of all the kinds that Pillow writes, and of an unusual layout."""

import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.support.photo_files import encode


def avif_files(photos: list[Image.Image], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yields a description and a file, with random sizes and options."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        image = photos[i % len(photos)].resize(tuple(rng.integers(40, 200, 2).tolist()))
        mode = str(rng.choice(["RGB", "RGBA", "L"]))
        grey, image = image.convert("L"), image.convert(mode)
        if mode == "RGBA":
            image.putalpha(grey)
        sampling = ["4:0:0"] if mode == "L" else ["4:2:0", "4:2:2", "4:4:4", "4:0:0"]
        options = {
            "quality": int(rng.choice([10, 40, 60, 80, 95])),
            "speed": int(rng.integers(8, 11)),
            "subsampling": str(rng.choice(sampling)),
            "range": str(rng.choice(["full", "limited"])),
            "tile_rows": int(rng.integers(0, 3)),
            "tile_cols": int(rng.integers(0, 3)),
            "autotiling": bool(rng.integers(2)),
        }
        if rng.random() < 0.2:
            options |= {"save_all": True, "append_images": [image.rotate(9)]}
        yield f"{mode} {image.size} {options}", encode(image, "AVIF", **options)


def put_index_last(data: bytes) -> bytes:
    """Moves a still image's pixels before its index."""
    start, pixels = data.index(b"meta") - 4, data.index(b"mdat") - 4
    size = pixels - start
    # The offset of the only item.
    old, new = (struct.pack(">I", at) for at in (pixels + 8, pixels + 8 - size))
    index = data[start:pixels]
    assert index.count(old) == 1
    return data[:start] + data[pixels:] + index.replace(old, new)
