"""Prints what an image adds to its base, largest parts first, and why each is needed.

python -m tools.image_contents face-extract
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from tools.base_image import NAME
from tools.mounted_image import MountedImage

# Larger parts need a reason.
SMALL_BYTES = 1_000_000
REASONS = {
    "PIL": "decodes photos",
    "pillow.libs": "decodes photos: libjpeg, libwebp, libtiff, libavif",
    "simplejpeg": "detects truncated JPEGs",
    "cv2": "runs the embedding network, resizes and warps",
    "opencv_python_headless.libs": "decodes AVIFs, to find damaged ones: libavif, libaom",
    "numpy": "arrays of pixels and vectors",
    "numpy.libs": "what NumPy is linked with",
    "onnxruntime": "finds faces",
    "models": "the weights",
    "pydantic": "reads requests, writes answers, reads the settings",
    "pydantic_core": "reads requests, writes answers, reads the settings",
    "fastapi": "routes",
    "starlette": "routes",
    "anyio": "routes",
    "aws_lambda_powertools": "structured logs and metrics",
    "awslambdaric": "Lambda's runtime client, if the base has none",
    "simplejson": "Lambda's runtime client, if the base has none",
    "boto3": "reads and writes S3, if the base has no boto3",
    "botocore": "reads and writes S3, if the base has no boto3",
    "fastapi_offline": "the local server's documentation without internet",
    "uvicorn": "the local server",
    "idna": "host names of image URLs",
    "LICENCES.txt": "terms of all of this",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One entry of an image's code folder, and its size in bytes."""

    path: Path
    bytes: int

    @property
    def reason(self) -> str | None:
        """Why it is needed; None if no reason is known."""
        return REASONS.get(self.path.name)


def files_below(root: Path) -> dict[Path, int]:
    """Returns the sizes of the files and links below a folder, keyed by relative path."""
    return {
        path.relative_to(root): path.lstat().st_size
        for path in root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def files_above(image: MountedImage, base: MountedImage) -> dict[Path, int]:
    """Returns the files of an image that its base lacks, or has with another size."""
    below = files_below(base.root)
    return {path: size for path, size in files_below(image.root).items() if below.get(path) != size}


def parts_of(files: dict[Path, int]) -> list[Part]:
    """Adds up files by package (`var/task/cv2`), largest first."""
    sizes: dict[Path, int] = {}
    for path, size in files.items():
        part = Path(*path.parts[:3])
        sizes[part] = sizes.get(part, 0) + size
    return sorted((Part(*item) for item in sizes.items()), key=lambda part: -part.bytes)


def main() -> None:
    """Prints the parts; exits with 1 if a large part has no known reason."""
    image, base = MountedImage(sys.argv[1]), MountedImage(NAME)
    try:
        parts = parts_of(files_above(image, base))
    finally:
        image.close()
        base.close()
    large = [part for part in parts if part.bytes >= SMALL_BYTES]
    rest = sum(part.bytes for part in parts) - sum(part.bytes for part in large)
    print(f"{sum(part.bytes for part in parts) / 1e6:8.1f} MB above the base, of which")
    for part in large:
        print(f"{part.bytes / 1e6:8.1f} MB  {part.path}: {part.reason or 'NO KNOWN REASON'}")
    print(f"{rest / 1e6:8.1f} MB  {len(parts) - len(large)} smaller parts")
    sys.exit(any(part.reason is None for part in large))


if __name__ == "__main__":
    main()
