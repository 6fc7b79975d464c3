"""The commands of `face`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from face_cli.connection import ROOT, connect, read_local_settings
from face_cli.failures import FAILED, FOUND, NOT_FOUND, Failure, blame
from face_cli.options import (
    ApiKey,
    AsJson,
    Largest,
    MetricName,
    PhotoName,
    Threshold,
    Url,
)
from face_cli.output import (
    print_json,
    print_line,
    print_note,
    print_table,
)
from face_cli.photos import find_photo, find_photos
from face_cli.reporting import reporting

if TYPE_CHECKING:
    from face_embedding_client import Embedding, FaceClient, FaceMatch

NO_FACE = "No face was detected in the image."

HELP = """Face embeddings on the command line.

Photos are files or URLs. They are worked on in this process, or by a service that --url names.
Exit codes are those of grep: 0 the same person or a face, 1 not the same or no face, 2 an error.
"""
app = typer.Typer(help=HELP, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
@reporting
def extract(
    photo: PhotoName, url: Url = None, api_key: ApiKey = None, as_json: AsJson = False
) -> int:
    """Find the faces of a photo; --json prints their embeddings."""
    with connect(url, api_key) as client, blame(photo):
        (found,) = client.extract_embeddings([find_photo(photo)]).results
    if found.error is not None:
        raise Failure(f"{photo}: {found.error.message}", found.error.code, found.error.details)
    if as_json:
        print_json({"photo": photo, **asdict(found)})
    else:
        faces = "1 face" if found.face_count == 1 else f"{found.face_count} faces"
        print_line(f"{photo}: {faces}, {found.width} x {found.height} pixels, {found.model}")
        for warning in found.warnings:
            print_line(f"{photo}: {warning}")
        print_table(
            ("face", "x", "y", "w", "h", "confidence", "sharpness", "roll", "yaw"),
            (
                (
                    str(index),
                    *map(str, asdict(face.facial_area).values()),
                    f"{face.face_confidence:.2f}",
                    f"{face.quality.sharpness:.0f}",
                    f"{face.quality.roll_degrees:.0f}",
                    "" if face.quality.yaw_degrees is None else f"{face.quality.yaw_degrees:.0f}",
                )
                for index, face in enumerate(found.faces, 1)
            ),
        )
    return FOUND if found.faces else NOT_FOUND


@app.command()
@reporting
def compare(
    first: PhotoName,
    second: PhotoName,
    *,
    threshold: Threshold = None,
    metric: MetricName = "cosine",
    largest: Largest = False,
    url: Url = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> int:
    """Say whether two photos show the same person."""
    with connect(url, api_key) as client:
        one, two = (_embed_person(client, photo, largest) for photo in (first, second))
        result = client.compare(one, two, threshold=threshold, metric=metric)
    if as_json:
        print_json({**asdict(result), "model1": one.model, "model2": two.model})
    else:
        same = result.is_same_person
        verdict = "The same person" if same else "Not the same person"
        relation = "is below" if same else "is not below"
        print_line(
            f"{verdict}: the {result.distance_metric} distance {result.distance:.3f} {relation}"
            f" {result.threshold_used:g}.",
            "green" if same else "yellow",
        )
    return FOUND if result.is_same_person else NOT_FOUND


@app.command()
@reporting
def match(
    person: PhotoName,
    folder: Annotated[Path, typer.Argument(help="Photos, also in the folders in it.")],
    *,
    threshold: Threshold = None,
    metric: MetricName = "cosine",
    largest: Largest = False,
    url: Url = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> int:
    """Look for a person in the photos of a folder."""
    # Late, for quick completion and help.
    from face_cli.matching import look_at_all

    photos = find_photos(folder)
    with connect(url, api_key) as client:
        embedding = _embed_person(client, person, largest)

        def look(photo: Path) -> "FaceMatch":
            answer = client.match_faces(embedding, [photo], threshold=threshold, metric=metric)
            return answer.matches[0]

        results = look_at_all(photos, look)
    _print_matches(results, as_json=as_json)
    if any(found.error for _, found in results):
        return FAILED
    return FOUND if any(found.is_same_person for _, found in results) else NOT_FOUND


def _print_matches(results: "list[tuple[Path, FaceMatch]]", *, as_json: bool) -> None:
    if as_json:
        print_json([{"photo": str(photo), **asdict(found)} for photo, found in results])
    else:
        print_table(
            ("photo", "verdict", "distance", "faces"),
            (
                (
                    str(photo),
                    _describe_match(found),
                    "" if found.distance is None else f"{found.distance:.3f}",
                    str(found.face_count),
                )
                for photo, found in results
            ),
        )
    same = sum(found.is_same_person for _, found in results)
    print_note(f"The person is in {same} of {len(results)} photos.")


def _describe_match(found: "FaceMatch") -> str:
    if found.error is not None:
        return found.error.code
    if found.distance is None:
        return "no face"
    return "same" if found.is_same_person else "not the same"


def _embed_person(client: "FaceClient", photo: str, largest: bool) -> "Embedding":
    with blame(photo):
        extraction = client.extract_embedding(find_photo(photo), enforce_detection=not largest)
    # Without a face, the embedding would be that of the whole photo.
    if extraction.embedding is None or extraction.face_count == 0:
        raise Failure(f"{photo}: {NO_FACE}", "NO_FACE_DETECTED")
    return extraction.embedding


@app.command()
@reporting
def model_info(url: Url = None, api_key: ApiKey = None, as_json: AsJson = False) -> int:
    """Describe the model and the limits."""
    with connect(url, api_key) as client:
        info = client.model_info()
    if as_json:
        print_json(info.described)
    else:
        rows = {
            "model": info.model,
            "identity": info.model_identity,
            "dimensions": str(info.embedding_dimensions),
            "detector": info.detector,
            "alignment": info.alignment,
            **{f"{name} below": f"{limit:g}" for name, limit in info.distance_metrics.items()},
            **{name: f"{limit:,}" for name, limit in info.limits.items()},
            "loaded": "yes" if info.model_loaded else "no",
        }
        print_table(("property", "value"), rows.items())
    return FOUND


@app.command()
@reporting
def fetch(
    model: Annotated[str | None, typer.Option(help="Default: FACE_MODEL.")] = None,
    into: Annotated[Path | None, typer.Option(help="Folder. Default: MODEL_DIR.")] = None,
    convert_with: Annotated[
        Path, typer.Option(help="Python with TensorFlow, which converts the weights of arcface.")
    ] = ROOT / ".venv-bake" / "bin" / "python",
    photos: Annotated[
        list[Path] | None, typer.Option(help="Folders of photos to certify arcface with.")
    ] = None,
    own_photos: Annotated[
        list[Path] | None, typer.Option(help="The same, for photos to use as they are.")
    ] = None,
) -> int:
    """Fetch the weights of the model; complete files are kept."""
    settings = read_local_settings(FACE_MODEL=model)
    # Late: only this command needs what fetches and converts.
    from face_cli.weights import bring_weights
    from face_engine.model.catalog import read_catalog

    folder = into or settings.model_dir
    options = [part for path in photos or () for part in ("--photos", str(path))]
    options += [part for path in own_photos or () for part in ("--own-photos", str(path))]
    bring_weights(read_catalog().models[settings.face_model], folder, convert_with, options)
    print_note(f"{folder} holds the weights of {settings.face_model}.")
    return FOUND


@app.command()
@reporting
def serve(
    host: Annotated[str | None, typer.Option(help="Address. Default: HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port. Default: PORT.")] = None,
) -> int:
    """Serve the API and its documentation."""
    settings = read_local_settings(HOST=host, PORT=None if port is None else str(port))
    # Late: only this command needs the server.
    from functions.local.__main__ import serve as serve_until_stopped

    try:
        serve_until_stopped(settings)
    except SystemExit as error:
        # The server has explained why it cannot start.
        return FAILED if error.code else FOUND
    return FOUND
