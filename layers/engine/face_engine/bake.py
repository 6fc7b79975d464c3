"""Makes the files that a model is loaded from out of the artifacts that were fetched.

python -m face_engine.bake --model mobilefacenet --sources models --into baked
"""

import argparse
import shutil
import sys
from pathlib import Path

from face_contract.errors import ModelUnavailable
from face_engine.catalog import ModelEntry, read_catalog
from face_engine.weights import BakedFile, find_weights, write_manifest


def bake(entry: ModelEntry, sources: Path, into: Path) -> None:
    """Fills a folder with a model's files and their manifest.

    Args:
        entry: the model.
        sources: where its artifacts were fetched to.
        into: the folder.

    Raises:
        ModelUnavailable: an artifact is missing or is not what the catalogue says.
    """
    into.mkdir(parents=True, exist_ok=True)
    baked = []
    for artifact in entry.artifacts:
        shutil.copyfile(find_weights(entry, artifact, sources), into / artifact.file)
        # Hashed again where it will stay, so that no fault of the copy is vouched for.
        find_weights(entry, artifact, into)
        baked.append(BakedFile(artifact.file, artifact.bytes, artifact.sha256, artifact.sha256))
    write_manifest(into, baked, made_with={})


def main() -> None:
    """Bakes one model."""
    parser = argparse.ArgumentParser(description="Makes a model's files out of its artifacts.")
    parser.add_argument("--model", required=True, help="key of the catalogue")
    parser.add_argument("--sources", type=Path, required=True, help="folder of the artifacts")
    parser.add_argument("--into", type=Path, required=True, help="folder to fill")
    arguments = parser.parse_args()
    try:
        bake(read_catalog().models[arguments.model], arguments.sources, arguments.into)
    except ModelUnavailable as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
