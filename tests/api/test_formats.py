"""Every image that people have: one portrait in all its formats, answered as its JPEG is."""

import base64
import io
import struct
import sys
import zlib
from collections.abc import Callable

import httpx2 as httpx
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from face_contract.distance import DistanceMetric, compare
from tests.conftest import Extract, ReadPhoto
from tests.support.hostile_files import run_length_bmp
from tests.support.photo_files import encode

PATH = "/api/v1/extract-embedding"
pillow_heif.register_heif_opener()


def cut_out(image: Image.Image) -> Image.Image:
    """The portrait on a transparent background of another colour."""
    ellipse = Image.new("L", image.size, 0)
    width, height = image.size
    rows, columns = np.mgrid[0:height, 0:width]
    inside = ((columns / width - 0.5) / 0.5) ** 2 + ((rows / height - 0.5) / 0.5) ** 2 < 1
    ellipse.putdata((inside * 255).astype(np.uint8).ravel().tolist())
    with_alpha = image.convert("RGBA")
    with_alpha.putalpha(ellipse)
    return with_alpha


def animate(image: Image.Image, format: str) -> bytes:  # noqa: A002
    others = [Image.new("RGB", image.size, colour) for colour in ("black", "teal")]
    return encode(image, format, save_all=True, append_images=others, duration=100)


def write_png(image: Image.Image, form: tuple[int, int, int, int, int], rows: bytes) -> bytes:
    """A PNG written by hand, for what Pillow writes none of. `form` ends its header."""
    header = struct.pack(">II", *image.size) + bytes(form)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def png_16_bit(image: Image.Image) -> bytes:
    grey = np.asarray(image.convert("L")).astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in grey.astype(">u2"))
    return write_png(image, (16, 0, 0, 0, 0), rows)


def png_interlaced(image: Image.Image) -> bytes:
    """Adam7: seven passes."""
    pixels = np.asarray(image)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)]
    passes += [(2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(
        b"\0" + row.tobytes() for y, x, dy, dx in passes for row in pixels[y::dy, x::dx]
    )
    return write_png(image, (8, 2, 0, 0, 1), rows)


def bmp_of_runs(image: Image.Image) -> bytes:
    """Run-length encoded, a run for each pixel: many more than any editor writes."""
    rows = np.flipud(np.asarray(image.convert("L")))
    runs = np.stack([np.ones_like(rows), rows], axis=-1)
    return run_length_bmp(*image.size, b"".join(row.tobytes() + b"\0\0" for row in runs))


def tiff_16_bit_big_endian(image: Image.Image) -> bytes:
    grey = (np.asarray(image.convert("L")).astype(">u2") * 257).astype(">u2").tobytes()
    # Tag, type (3: short, 4: long), value: one strip of one sample of 16 bits, black is zero.
    tags = [(256, 4, image.width), (257, 4, image.height), (258, 3, 16), (259, 3, 1), (262, 3, 1)]
    tags += [(273, 4, 8), (277, 3, 1), (278, 4, image.height), (279, 4, len(grey))]
    entries = b"".join(
        struct.pack(">HHI", tag, kind, 1)
        + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for tag, kind, value in tags
    )
    directory = struct.pack(">H", len(tags)) + entries + bytes(4)
    return b"MM\0*" + struct.pack(">I", 8 + len(grey)) + grey + directory


def broken_exif(image: Image.Image) -> bytes:
    return encode(image, "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")


def wide(image: Image.Image) -> bytes:
    """12,000 pixels wide, the portrait in the middle."""
    canvas = Image.new("RGB", (12_000, 1600), "grey")
    canvas.paste(image.resize((image.width * 2, image.height * 2)), (5000, 10))
    return encode(canvas, "JPEG", quality=90)


Sample = tuple[str, Callable[[Image.Image], bytes], float]

# Name, writer, and how far the embedding may be from the JPEG's: nothing is lost but what the
# format itself loses.
SAMPLES: list[Sample] = [
    ("tiff 16-bit big-endian", tiff_16_bit_big_endian, 0.15),
    (
        "avif of another brand",
        lambda i: encode(i, "AVIF", quality=90).replace(b"avif", b"mif1", 1),
        0.05,
    ),
    ("jpeg progressive", lambda i: encode(i, "JPEG", quality=95, progressive=True), 0.02),
    ("jpeg grey", lambda i: encode(i.convert("L"), "JPEG", quality=95), 0.15),
    ("jpeg cmyk", lambda i: encode(i.convert("CMYK"), "JPEG", quality=95), 0.05),
    ("jpeg mpo", lambda i: encode(i, "MPO", save_all=True, append_images=[i], quality=95), 0.02),
    ("jpeg with trailing junk", lambda i: encode(i, "JPEG", quality=95) + b"junk" * 999, 0.02),
    ("jpeg without end marker", lambda i: encode(i, "JPEG", quality=95)[:-2], 0.02),
    ("jpeg with half an end marker", lambda i: encode(i, "JPEG", quality=95)[:-1], 0.02),
    (
        "jpeg progressive without end marker",
        lambda i: encode(i, "JPEG", quality=95, progressive=True)[:-2],
        0.02,
    ),
    ("jpeg with broken exif", broken_exif, 0.02),
    ("png", lambda i: encode(i, "PNG"), 0.02),
    ("png 16-bit", png_16_bit, 0.15),
    ("png interlaced", png_interlaced, 0.02),
    ("png palette", lambda i: encode(i.quantize(256), "PNG"), 0.1),
    ("png with alpha", lambda i: encode(cut_out(i), "PNG"), 0.1),
    ("png grey with alpha", lambda i: encode(cut_out(i).convert("LA"), "PNG"), 0.2),
    ("png animated", lambda i: animate(i, "PNG"), 0.02),
    ("gif", lambda i: encode(i, "GIF"), 0.1),
    ("gif animated", lambda i: animate(i, "GIF"), 0.1),
    ("webp lossy", lambda i: encode(i, "WEBP", quality=95), 0.02),
    ("webp lossless", lambda i: encode(i, "WEBP", lossless=True), 0.02),
    ("webp animated", lambda i: animate(i, "WEBP"), 0.1),
    ("bmp", lambda i: encode(i, "BMP"), 0.02),
    ("bmp of runs", bmp_of_runs, 0.15),
    ("tiff", lambda i: encode(i, "TIFF"), 0.02),
    ("tiff lzw", lambda i: encode(i, "TIFF", compression="tiff_lzw"), 0.02),
    ("tiff jpeg", lambda i: encode(i, "TIFF", compression="jpeg", quality=95), 0.05),
    ("tiff 32-bit", lambda i: encode(i.convert("F"), "TIFF"), 0.2),
    ("avif", lambda i: encode(i, "AVIF", quality=90), 0.05),
    ("heic", lambda i: encode(i, "HEIF", quality=90), 0.05),
    ("jpeg 12 k wide", wide, 0.1),
]


@pytest.fixture(scope="module")
def portrait(read_photo: ReadPhoto) -> Image.Image:
    return Image.open(io.BytesIO(read_photo("impostor_2.jpg"))).convert("RGB")


@pytest.fixture(scope="module")
def embedding(extract_locally: Extract, read_photo: ReadPhoto) -> list[float]:
    vector: list[float] = extract_locally(read_photo("impostor_2.jpg"))["embedding"]
    return vector


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample[0])
def test_a_format_is_answered_as_the_jpeg_is(
    extract_locally: Extract, portrait: Image.Image, embedding: list[float], sample: Sample
) -> None:
    _, write, tolerance = sample
    answer = extract_locally(write(portrait))
    assert answer["face_count"] == 1
    distance = compare(answer["embedding"], embedding, DistanceMetric.COSINE).distance
    assert distance < tolerance


def test_adobe_s_inverted_cmyk_is_not_taken_for_a_negative(
    extract_locally: Extract, portrait: Image.Image, embedding: list[float]
) -> None:
    data = encode(portrait.convert("CMYK"), "JPEG", quality=95)
    # Pillow marks its CMYK files as Adobe's and inverts them, as Photoshop does.
    assert b"Adobe" in data[:100]
    distance = compare(
        extract_locally(data)["embedding"], embedding, DistanceMetric.COSINE
    ).distance
    assert distance < 0.05


def test_avif_needs_no_package_of_heic_and_heic_says_so(
    local_service: httpx.Client, portrait: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    avif = encode(portrait, "AVIF", quality=90).replace(b"avif", b"mif1", 1)
    heic = encode(portrait, "HEIF", quality=90)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for data, status in ((avif, 200), (heic, 400)):
        body = {"image": base64.b64encode(data).decode()}
        answer = local_service.post(PATH, json=body)
        assert answer.status_code == status
    assert "HEIC" in answer.json()["error"]["message"]


def test_one_bit_pictures_are_answered(extract: Extract, portrait: Image.Image) -> None:
    answer = extract(encode(portrait.convert("1"), "PNG"), enforce_detection=False)
    assert len(answer["embedding"]) == 512


def test_the_box_of_a_wide_jpeg_is_in_its_own_pixels(
    extract_locally: Extract, portrait: Image.Image
) -> None:
    area = extract_locally(wide(portrait))["facial_area"]
    small = extract_locally(encode(portrait, "JPEG", quality=95))["facial_area"]
    assert area["x"] == pytest.approx(5000 + 2 * small["x"], abs=40)
    assert area["y"] == pytest.approx(10 + 2 * small["y"], abs=40)
    assert area["w"] == pytest.approx(2 * small["w"], abs=60)
    assert area["h"] == pytest.approx(2 * small["h"], abs=80)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("format", ["AVIF", "TIFF"])
def test_other_formats_are_turned_upright_too(
    extract_locally: Extract,
    portrait: Image.Image,
    embedding: list[float],
    format: str,  # noqa: A002
    orientation: int,
) -> None:
    stored = portrait.rotate({1: 0, 3: 180, 6: 90, 8: 270}[orientation], expand=True)
    exif = Image.Exif()
    exif[274] = orientation
    answer = extract_locally(encode(stored, format, exif=exif, quality=90))
    assert compare(answer["embedding"], embedding, DistanceMetric.COSINE).distance < 0.06
    area = answer["facial_area"]
    assert area["h"] > area["w"]
    assert area["x"] < 313 < area["x"] + area["w"]
    assert area["y"] < 323 < area["y"] + area["h"]


def test_a_100_megapixel_jpeg_is_reduced_and_answered(
    extract: Extract, portrait: Image.Image, embedding: list[float]
) -> None:
    large = Image.new("RGB", (10_000, 10_000), "grey")
    large.paste(portrait.resize((5976, 7200)), (2000, 1000))
    answer = extract(encode(large, "JPEG", quality=60))
    assert compare(answer["embedding"], embedding, DistanceMetric.COSINE).distance < 0.1
    assert answer["facial_area"]["x"] + answer["facial_area"]["w"] < 10_000
    assert answer["facial_area"]["h"] > 2000


def test_a_200_megapixel_jpeg_is_too_large(local_service: httpx.Client) -> None:
    data = encode(Image.new("L", (14_200, 14_200)), "JPEG")
    answer = local_service.post(PATH, json={"image": base64.b64encode(data).decode()})
    assert answer.json()["error"]["code"] == "INVALID_IMAGE"
    assert answer.json()["error"]["details"] == {"limit_pixels": 64_000_000}


def test_a_progressive_jpeg_is_counted_whole(local_service: httpx.Client) -> None:
    data = encode(Image.new("L", (9000, 9000)), "JPEG", progressive=True)
    answer = local_service.post(PATH, json={"image": base64.b64encode(data).decode()})
    assert answer.json()["error"]["code"] == "INVALID_IMAGE"
    assert answer.json()["error"]["details"] == {"limit_pixels": 64_000_000}
