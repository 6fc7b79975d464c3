"""Measures how small and how blurred faces may be before distances stop telling people apart.

python -m bench.quality --pairs bench/portraits.csv --images tests/photos

Of each pair, one photo is shrunk or blurred step by step and then found, aligned and embedded like
any other; the second photo stays as it is. `bench.pairs` describes the CSV file. The service's
settings apply.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from bench.pairs import InvalidPairs, create_parser, read_pairs
from bench.quality.plots import plot_steps
from bench.quality.steps import Degrade, Seen, Step, blur_by, measure_step, see, shrink_to
from face_contract.errors import ModelUnavailable
from face_engine.faces import Photo
from face_engine.model.catalog import read_catalog
from face_engine.photo import decode_image
from face_service.settings import InvalidSetting, Settings, read_settings
from functions.extract.loader import create_loader

RESULTS = Path("bench/results/quality")
FACE_SIZES_PX = (160, 112, 80, 64, 56, 48, 40, 32, 24, 20, 16)
# Standard deviation of a Gaussian, as a share of the face's size.
BLURS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.14)


def measure(pairs_file: Path, image_folder: Path, settings: Settings) -> dict[str, list[Step]]:
    """Returns the steps of each kind of degradation, the mildest first.

    Raises:
        InvalidPairs: see `read_pairs`; also if a photo shows no face.
        ModelUnavailable: the model's files are missing or broken.
    """
    pairs = read_pairs(pairs_file, image_folder)
    extractor = create_loader(settings, read_catalog()).load().extractor
    photos, originals = dict[Path, Photo](), dict[Path, Seen]()
    for file in sorted({file for pair in pairs for file in (pair.image1, pair.image2)}):
        photos[file] = decode_image(file.read_bytes(), settings.max_image_pixels)
        seen = see(extractor, photos[file])
        if seen is None:
            raise InvalidPairs(f"{pairs_file}: {file.name} shows no face")
        originals[file] = seen
    kinds: dict[str, list[tuple[str, Degrade]]] = {
        "shrunk": [(f"{size} px", shrink_to(size)) for size in FACE_SIZES_PX],
        "blurred": [(f"{share:.0%}", blur_by(share)) for share in BLURS],
    }
    results: dict[str, list[Step]] = {}
    for kind, steps in kinds.items():
        measured = [
            measure_step(
                label,
                degrade,
                photos=photos,
                originals=originals,
                pairs=pairs,
                extractor=extractor,
            )
            for label, degrade in tqdm(steps, desc=kind, unit="step", disable=None)
        ]
        results[kind] = [step for step in measured if step is not None]
    return results


def to_table(results: dict[str, list[Step]]) -> str:
    """Returns the steps as Markdown tables."""
    return "\n\n".join("\n".join(_rows(kind, steps)) for kind, steps in results.items())


def _rows(kind: str, steps: Sequence[Step]) -> Iterator[str]:
    yield f"| {kind} | found | face_px | sharpness | same person, farthest | strangers, nearest | |"
    yield "|---|---|---|---|---|---|---|"
    for step in steps:
        yield (
            f"| {step.label} | {step.found} of {step.photos} | {step.face_px:.0f} |"
            f" {step.sharpness:.0f} | {max(step.same):.2f} | {min(step.different):.2f} |"
            f" {'' if step.separates else 'no longer separate'} |"
        )


def main() -> None:
    """Prints the tables, and writes all distances and a plot."""
    arguments = create_parser(
        "Measures how small and how blurred faces may be.", RESULTS
    ).parse_args()
    try:
        settings = read_settings(read_catalog().choices)
        results = measure(arguments.pairs, arguments.images, settings)
    except (InvalidPairs, InvalidSetting, ModelUnavailable) as error:
        sys.exit(str(error))
    arguments.out.mkdir(parents=True, exist_ok=True)
    figures = {kind: [asdict(step) for step in steps] for kind, steps in results.items()}
    (arguments.out / "results.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    plot_steps(arguments.out / "quality.png", results)
    print(to_table(results))
    print(f"\nAll distances and the plot are in {arguments.out}.")


if __name__ == "__main__":
    main()
