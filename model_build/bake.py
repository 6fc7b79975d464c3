"""Makes the files that a model is loaded from out of the artifacts that were fetched.

python -m model_build.bake --model mobilefacenet --sources models --into baked
(for arcface with the interpreter that has requirements/bake.txt)
"""

import argparse
import shutil
import signal
import sys
from importlib.metadata import version
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
from model_build.conversion import convert
from model_build.errors import ConversionFailed

# What a converted file depends on besides its source.
CONVERTERS = ("deepface", "onnxruntime", "retina-face", "tensorflow-cpu", "tf-keras", "tf2onnx")


def bake(entry: ModelEntry, sources: Path, into: Path) -> None:
    """Fills a folder with a model's files and notes each in the manifest once it is whole.

    What the manifest says is there already is kept, so that an interrupted bake goes on.

    Args:
        entry: the model.
        sources: where its artifacts were fetched to.
        into: the folder; may be the same.

    Raises:
        ModelUnavailable: an artifact is missing or is not what the catalogue says.
        ConversionFailed: a network could not be converted, or gives other numbers.
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
                # Hashed again where it will stay, in case copying went wrong.
                baked.find(entry, weights)
                baked.add(ManifestEntry(weights.file, weights.bytes, sha256, sha256, {}))
            case ConvertedWeights(network=network):
                made_with = {package: version(package) for package in CONVERTERS}
                if _is_there(entry, weights, baked, made_with):
                    continue
                convert(network, source, target)
                size, sha256 = target.stat().st_size, sha256_of(target)
                baked.add(ManifestEntry(weights.file, size, sha256, artifact.sha256, made_with))


def _is_there(
    entry: ModelEntry, weights: ConvertedWeights, folder: ModelFolder, made_with: dict[str, str]
) -> bool:
    noted = folder.manifest.get(weights.file)
    if noted is None or noted.made_with != made_with:
        return False
    try:
        folder.find(entry, weights)
    except ModelUnavailable:
        return False
    return True


def main() -> None:
    """Bakes one model."""
    parser = argparse.ArgumentParser(description="Makes a model's files out of its artifacts.")
    parser.add_argument("--model", required=True, help="key of the catalogue")
    parser.add_argument("--sources", type=Path, required=True, help="folder of the artifacts")
    parser.add_argument("--into", type=Path, required=True, help="folder to fill")
    parser.add_argument("--catalog", type=Path, default=CATALOG_FILE, help="a catalogue file")
    arguments = parser.parse_args()
    # A shell starts its background jobs with SIGINT ignored, and Python would leave it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        catalog = read_catalog(arguments.catalog)
        bake(catalog.models[arguments.model], arguments.sources, arguments.into)
    except ModelUnavailable as error:
        sys.exit(error.message)
    except ConversionFailed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("Interrupted; the next run goes on from here.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
