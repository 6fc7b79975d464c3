"""Measures the accuracy of the configured model on labelled pairs of photos.

python -m bench.evaluate --pairs pairs.csv --images folder --out bench/results/evaluate

`bench.pairs` describes the CSV file, `bench.verification` the figures. The service's settings
apply: `FACE_MODEL=... make evaluate ...` evaluates another model.
"""

import platform
import sys
import time
from hashlib import sha256
from pathlib import Path

import numpy as np

from bench.embedding import embed_images, measure_distances
from bench.pairs import InvalidPairs, create_parser, read_pairs
from bench.plots import plot_distances, plot_roc
from bench.report import Evaluation, ImageFacts, ModelFacts, PairFacts, to_json, to_table
from bench.verification import assign_folds, verify
from face_contract.distance import DEFAULT_THRESHOLDS
from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import read_catalog, source_of
from face_engine.model.loader import ModelLoader
from face_service.settings import InvalidSetting, Settings, read_settings
from functions.extract.loader import create_loader

RESULTS = Path("bench/results/evaluate")


def evaluate(pairs_file: Path, image_folder: Path, out: Path, settings: Settings) -> Evaluation:
    """Writes `results.json`, `roc.png` and `distances.png` to `out`; returns the figures.

    Raises:
        InvalidPairs: see `read_pairs`; also if all pairs of one kind contain an image without an
            embedding.
        ModelUnavailable: the model's files are missing or broken.
    """
    pairs = read_pairs(pairs_file, image_folder)
    loader = create_loader(settings, read_catalog())
    extractor = loader.load().extractor
    files = {file for pair in pairs for file in (pair.image1, pair.image2)}
    start = time.perf_counter()
    images = embed_images(sorted(files), extractor, settings)
    embedding_s = time.perf_counter() - start

    usable = np.array([{pair.image1, pair.image2} <= images.embeddings.keys() for pair in pairs])
    labels = np.array([pair.same for pair in pairs])
    same = labels[usable]
    if same.all() or not same.any():
        raise InvalidPairs(
            f"{pairs_file}: of {len(files)} images {len(images.excluded)} gave no embedding, and"
            " without their pairs there is none of the same person or none of two people."
        )
    used = [pair for pair, is_used in zip(pairs, usable, strict=True) if is_used]
    distances = measure_distances(used, images.embeddings)
    # Assigned before pairs are excluded, so that each pair is in the same fold for every model.
    folds = assign_folds(labels)[usable]
    metrics = {
        metric: verify(values, same, folds, DEFAULT_THRESHOLDS[metric])
        for metric, values in distances.items()
    }

    root = image_folder.resolve()
    evaluation = Evaluation(
        model=describe_model(loader),
        settings=settings.model_dump(mode="json"),
        pairs=PairFacts(
            file=pairs_file.name,
            sha256=sha256(pairs_file.read_bytes()).hexdigest(),
            same=int(labels.sum()),
            different=int((~labels).sum()),
            used_same=int(same.sum()),
            used_different=int((~same).sum()),
        ),
        images=ImageFacts(
            files=len(files),
            embedded=len(images.embeddings),
            excluded={str(file.relative_to(root)): why for file, why in images.excluded.items()},
            several_faces=[str(file.relative_to(root)) for file in images.several_faces],
            embedding_s=round(embedding_s, 3),
        ),
        metrics=metrics,
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(to_json(evaluation), "utf-8")
    plot_roc(out / "roc.png", loader.choice.identity, distances, same, metrics)
    plot_distances(out / "distances.png", loader.choice.identity, distances, same, metrics)
    return evaluation


def describe_model(loader: ModelLoader) -> ModelFacts:
    """Returns the facts about the model that makes the embeddings."""
    return ModelFacts(
        key=loader.choice.entry.key,
        name=loader.choice.entry.name,
        identity=loader.choice.identity,
        weights_sha256={
            source.file: source.sha256 for source in map(source_of, loader.choice.weights)
        },
        engine=loader.choice.engine_versions,
        python=platform.python_version(),
    )


def main() -> None:
    """Prints a table and writes all figures and plots; prints invalid input as a one-line error."""
    arguments = create_parser(
        "Measures the model on labelled pairs of photos.", RESULTS
    ).parse_args()
    try:
        settings = read_settings(read_catalog().choices)
        evaluation = evaluate(arguments.pairs, arguments.images, arguments.out, settings)
    except (InvalidPairs, InvalidSetting, ModelUnavailable) as error:
        sys.exit(str(error))
    print(to_table(evaluation))
    print(f"\nAll figures and the plots are in {arguments.out}.")


if __name__ == "__main__":
    main()
