"""Bakes a model: converts or copies its fetched artifacts, checks them and writes the manifest.

python -m model_build.bake --model mobilefacenet --sources models --into baked
(for arcface with the interpreter that has requirements/bake.txt)
"""

import argparse
import shutil
import signal
import sys
from pathlib import Path

from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import (
    CATALOG_FILE,
    Artifact,
    ConvertedWeights,
    ModelEntry,
    read_catalog,
    sha256_of,
    source_of,
)
from face_engine.model.folder import ManifestEntry, ModelFolder
from model_build.certify import certify, digest_of, find_photos
from model_build.converters import CONVERTERS
from model_build.errors import ConversionFailed


def bake(entry: ModelEntry, sources: Path, into: Path) -> None:
    """Bakes a model's files into a folder; adds each to the manifest once it is complete.

    Files that the manifest already lists are kept, so an interrupted bake can continue.

    Args:
        entry: the model.
        sources: the folder of its fetched artifacts.
        into: the folder to fill; may be the same.

    Raises:
        ModelUnavailable: an artifact is missing or differs from the catalogue.
        ConversionFailed: a network could not be converted, or its outputs differ.
    """
    into.mkdir(parents=True, exist_ok=True)
    origin, baked = ModelFolder(sources), ModelFolder(into)
    for weights in entry.weights:
        artifact = source_of(weights)
        source, target = origin.find(entry, artifact), into / weights.file
        match weights:
            case Artifact(sha256=sha256):
                if source != target:
                    shutil.copyfile(source, target)
                # Hashed again at its destination, in case the copy is broken.
                baked.find(entry, weights)
                baked.add(ManifestEntry(weights.file, weights.bytes, sha256, sha256, {}))
            case ConvertedWeights(network=network):
                converter = CONVERTERS[network]
                made_with = converter.made_with
                if _is_there(entry, weights, baked, made_with):
                    continue
                converter.convert(source, target)
                size, sha256 = target.stat().st_size, sha256_of(target)
                baked.add(ManifestEntry(weights.file, size, sha256, artifact.sha256, made_with))


def certify_regions(
    entry: ModelEntry, into: Path, photos: list[Path], own_photos: list[Path]
) -> None:
    """Writes the certificate of RetinaFace's regions into the manifest, earned or not.

    Without photos, or with one for the same files and photos, nothing is done.

    Raises:
        ModelUnavailable: a baked file is missing or broken.
    """
    folder = ModelFolder(into)
    known = folder.find_certificate(entry)
    if not photos + own_photos:
        return
    if known is not None and known.photos == digest_of([*photos, *own_photos]):
        return
    certificate = certify(entry, folder, photos, own_photos)
    folder.certify(certificate)
    verdict = "certified" if certificate.is_earned else "not certified; it looks at whole photos"
    print(
        f"RetinaFace on regions with {certificate.margin_px} px around a face: {verdict}."
        f" {certificate.faces} faces in {certificate.scenes} scenes,"
        f" {certificate.equal_coordinates:.1%} of coordinates equal,"
        f" embeddings within {certificate.largest_embedding_distance:.0e}.",
        file=sys.stderr,
    )


def _is_there(
    entry: ModelEntry, weights: ConvertedWeights, folder: ModelFolder, made_with: dict[str, str]
) -> bool:
    recorded = folder.manifest.get(weights.file)
    if recorded is None or recorded.made_with != made_with:
        return False
    try:
        folder.find(entry, weights)
    except ModelUnavailable:
        return False
    return True


def main() -> None:
    """Bakes one model."""
    parser = argparse.ArgumentParser(
        description="Bakes a model's files from its fetched artifacts."
    )
    parser.add_argument("--model", required=True, help="key of the catalogue")
    parser.add_argument(
        "--sources", type=Path, required=True, help="folder of the fetched artifacts"
    )
    parser.add_argument("--into", type=Path, required=True, help="folder to fill")
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        default=[],
        help="folder of photos to certify RetinaFace's regions with, and with what is made of them",
    )
    parser.add_argument(
        "--own-photos",
        type=Path,
        action="append",
        default=[],
        help="folder of photos to certify with, as they are",
    )
    parser.add_argument("--catalog", type=Path, default=CATALOG_FILE, help="a catalogue file")
    arguments = parser.parse_args()
    # A shell starts background jobs with SIGINT ignored, and Python keeps it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        catalog = read_catalog(arguments.catalog)
        entry = catalog.models[arguments.model]
        bake(entry, arguments.sources, arguments.into)
        if "retinaface" in entry.detectors:
            photos, own_photos = map(find_photos, (arguments.photos, arguments.own_photos))
            certify_regions(entry, arguments.into, photos, own_photos)
    except ModelUnavailable as error:
        sys.exit(error.message)
    except ConversionFailed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("Interrupted; the next run goes on from here.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
