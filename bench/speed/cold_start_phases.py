"""Times the phases of one cold start of the extract function, in this process.

cold_start_phases.py together|apart EVENT STARTED_S

"together" imports the handler as Lambda does; "apart" imports and loads one after the other.
STARTED_S is `time.perf_counter()` at the start of this process: its clock is that of all processes.
"""

import time

BEGUN_S = time.perf_counter()

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from types import SimpleNamespace  # noqa: E402


def since_ms(start_s: float) -> float:
    """Returns the milliseconds since a moment."""
    return (time.perf_counter() - start_s) * 1000


def measure_together(event: dict[str, object]) -> dict[str, float]:
    """Returns the phases as they are on Lambda."""
    start_s = time.perf_counter()
    from functions.extract import handler

    init_ms = since_ms(start_s)
    context = SimpleNamespace(
        function_name="extract",
        memory_limit_in_mb=3008,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:extract:live",
        aws_request_id="3f6d1c52-7a3e-4a51-9c0e-1b2c3d4e5f60",
    )
    figures = {"init": init_ms}
    for phase in ("first_extraction", "second_extraction"):
        start_s = time.perf_counter()
        answer = handler.handler(event, context)  # type: ignore[arg-type]
        figures[phase] = since_ms(start_s)
        if answer["statusCode"] != 200:  # noqa: PLR2004
            raise RuntimeError(answer["body"])
    return figures


def measure_apart() -> dict[str, float]:
    """Returns imports and model load without their overlap."""
    start_s = time.perf_counter()
    import face_service.lambda_entry  # noqa: F401
    import functions.extract.app  # noqa: F401
    from face_engine.model.catalog import read_catalog
    from face_engine.model.loader import ModelLoader
    from face_service.settings import read_settings

    imports_ms = since_ms(start_s)
    start_s = time.perf_counter()
    catalog = read_catalog()
    settings = read_settings(catalog.choices)
    ModelLoader(
        settings.face_model, settings.model_dir, settings.detector, settings.alignment, catalog
    ).load()
    return {"imports": imports_ms, "model_load": since_ms(start_s)}


if __name__ == "__main__":
    interpreter_ms = (BEGUN_S - float(sys.argv[3])) * 1000
    phases = (
        measure_together(json.loads(Path(sys.argv[2]).read_text("utf-8")))
        if sys.argv[1] == "together"
        else measure_apart()
    )
    print(json.dumps({"interpreter": interpreter_ms, **phases}))
