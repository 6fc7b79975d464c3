"""Fetches the weights of a model, and converts them."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from face_cli.failures import Failure
from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import ConvertedWeights, ModelEntry
from model_build.bake import bake
from model_build.converters import CONVERTERS
from model_build.errors import ConversionFailed
from model_build.fetch import FetchFailed, fetch_artifacts


def bring_weights(entry: ModelEntry, folder: Path, convert_with: Path, options: list[str]) -> None:
    """Makes a folder hold everything that a model needs. Complete files are kept.

    Args:
        entry: the model.
        folder: created if missing.
        convert_with: Python with the packages that convert this model's weights, if this one does
            not have them.
        options: for `model_build.bake`, if it runs there.

    Raises:
        Failure: the weights cannot be fetched or converted.
        OSError: the folder cannot be written.
    """
    converts_here = _can_convert(entry)
    if not converts_here and not convert_with.exists():
        raise Failure(
            f"The weights of {entry.key} are converted with packages that are not installed here."
            f" Run `make weights FACE_MODEL={entry.key}`."
        )
    try:
        fetch_artifacts(list(entry.artifacts), folder)
        if converts_here:
            bake(entry, folder, folder)
            return
    except (FetchFailed, ConversionFailed) as error:
        raise Failure(str(error)) from error
    except ModelUnavailable as error:
        raise Failure(error.message, error.code) from error
    command = [str(convert_with), "-P", "-m", "model_build.bake", "--model", entry.key]
    command += ["--sources", str(folder), "--into", str(folder), *options]
    if subprocess.run(command, check=False).returncode:  # noqa: S603
        raise Failure(f"The weights of {entry.key} could not be converted.")


def _can_convert(entry: ModelEntry) -> bool:
    networks = [each.network for each in entry.weights if isinstance(each, ConvertedWeights)]
    try:
        for package in (name for network in networks for name in CONVERTERS[network].packages):
            version(package)
    except PackageNotFoundError:
        return False
    return True
