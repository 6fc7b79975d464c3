"""The floor: the networks alone, on the very inputs that the service gives them for the photo.

The networks are found by their roles, so it does not matter which engine runs them: each object
inside an extractor that detects or embeds, and holds no other that does.
"""

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.speed.multiply_adds import count_multiply_adds
from bench.speed.photos import read_portrait
from bench.speed.plan import Plan
from bench.speed.processor import MATRIX_MULTIPLY_ADDS, make_matrices, multiply
from bench.speed.rounds import Results, alternate, ratio, summarise, summarise_all, time_ms
from bench.speed.servers import Client, make_body, serve
from bench.speed.trees import CATALOG, CONFIGURATIONS, Tree
from face_engine.extractor import Extractor
from face_engine.faces import ExtractionOptions
from face_engine.model.catalog import read_catalog
from face_engine.model.loader import ModelLoader
from face_engine.photo import decode_image
from face_service.settings import Settings

# The methods of the roles: our detectors, DeepFace's detectors, embedders.
DETECTS, EMBEDS = ("detect", "detect_faces"), ("embed",)
Call = Callable[[], object]
PEAK_ROUNDS = 5


def measure_floor(tree: Tree, plan: Plan) -> Results:
    """Measures the networks against the whole service, in alternation, by configuration.

    The service is a server of its own, from JSON to JSON; the networks run in this process.
    """
    results: Results = {}
    for configuration in plan.configurations:
        extractor = _load(tree, configuration)
        calls = record_calls(extractor, read_portrait())
        body = make_body(read_portrait())
        with serve(tree, configuration) as server:
            client = Client(server)
            client.extract_ms(body)
            _run_all(calls)
            samples = alternate(
                {
                    "service_ms": partial(client.extract_ms, body),
                    "networks_ms": partial(time_ms, partial(_run_all, calls)),
                },
                plan.latency_rounds[configuration],
            )
        results[configuration] = {
            **summarise_all(samples),
            "service_to_networks": ratio(samples, "service_ms", "networks_ms"),
            "calls": [(call.network, list(call.shape)) for call in calls],
        }
        if CONFIGURATIONS[configuration]["FACE_MODEL"] == "arcface":
            results[configuration]["at_peak"] = _compare_to_peak(calls)
    return results


@dataclasses.dataclass(frozen=True, slots=True)
class NetworkCall:
    """One call of a network: the name of its class, the shape of its input, and the call."""

    network: str
    method: str
    shape: tuple[int, ...]
    run: Call


def _run_all(calls: list[NetworkCall]) -> None:
    for call in calls:
        call.run()


def _load(tree: Tree, configuration: str) -> Extractor:
    """Loads the present model in this process, with the catalogue of its weights."""
    variables = {name.lower(): value for name, value in tree.variables(configuration).items()}
    settings = Settings.model_validate(variables)
    catalog = read_catalog(tree.folder / CATALOG)
    loader = ModelLoader(
        settings.face_model, settings.model_dir, settings.detector, settings.alignment, catalog
    )
    return loader.load().extractor


def record_calls(extractor: Extractor, photo: bytes) -> list[NetworkCall]:
    """Returns the calls of networks that one extraction makes, in their order."""
    calls: list[NetworkCall] = []
    recording: Extractor = _with_recorders(extractor, calls)
    decoded = decode_image(photo, Settings().max_image_pixels)
    recording.extract(decoded, ExtractionOptions())
    return calls


def _with_recorders(part: Any, calls: list[NetworkCall]) -> Any:
    """Returns a copy of a dataclass whose networks, however deep inside, record their calls."""
    inner = dict(_parts(part))
    if not inner:
        return _Recorder(part, calls)
    return dataclasses.replace(
        part, **{name: _with_recorders(value, calls) for name, value in inner.items()}
    )


def _parts(part: Any) -> Iterator[tuple[str, Any]]:
    """Yields the fields of a dataclass that detect or embed, or hold others that do."""
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if any(hasattr(value, name) for name in (*DETECTS, *EMBEDS)) or dict(_parts(value)):
                yield field.name, value


class _Recorder:
    """Stands before a network, and records its calls."""

    def __init__(self, network: Any, calls: list[NetworkCall]) -> None:
        self._network = network
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._network, name)
        if name not in (*DETECTS, *EMBEDS):
            return method

        def record(*arguments: Any, **options: Any) -> Any:
            image = (*arguments, *options.values())[0]
            self._calls.append(
                NetworkCall(
                    type(self._network).__name__,
                    name,
                    image.shape,
                    lambda: method(*arguments, **options),
                )
            )
            return method(*arguments, **options)

        return record


def _compare_to_peak(calls: list[NetworkCall]) -> Results:
    """Compares ArcFace and RetinaFace with a product of large float32 matrices, in alternation.

    BLAS multiplies such matrices near the processors' peak. A ratio of 1 means that a network does
    its multiply-adds as fast. RetinaFace's are those of DeepFace's input for the image; an engine
    that saves some of them, by Winograd's method for one, may be below 1.
    """
    a, b = make_matrices()
    results: Results = {}
    for call in calls:
        name = "ArcFace" if call.method in EMBEDS else "RetinaFace"
        if name == "RetinaFace" and "Retina" not in call.network:
            continue
        multiply_adds = count_multiply_adds(name, call.shape)
        samples = alternate(
            {
                "matrices": partial(time_ms, partial(multiply, a, b)),
                "network": partial(time_ms, call.run),
            },
            PEAK_ROUNDS,
        )
        samples["at_peak"] = [
            ms * multiply_adds / MATRIX_MULTIPLY_ADDS for ms in samples["matrices"]
        ]
        gflops = [2 * MATRIX_MULTIPLY_ADDS / ms / 1e6 for ms in samples["matrices"]]
        results[name] = {
            "multiply_adds": multiply_adds,
            "peak_float32_gflops": summarise(gflops),
            "at_peak_ms": summarise(samples["at_peak"]),
            "measured_ms": summarise(samples["network"]),
            "measured_to_peak": ratio(samples, "network", "at_peak"),
        }
    return results
