"""Imports deepface without the libraries it uses to download photos and weights."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

# deepface and retina-face import these at module level. They would add 0.4 s to a cold start (half
# of the import time), and they and their dependencies would have to be in the image.
UNUSED = ("gdown", "requests", "werkzeug", "werkzeug.datastructures")


@contextmanager
def without_downloads() -> Iterator[None]:
    """While open, empty modules replace `UNUSED`, so that deepface imports but cannot download.

    Modules that were imported before are kept. Imports after this get the real ones.
    """
    stand_ins = {name: ModuleType(name) for name in UNUSED if name not in sys.modules}
    for name, module in stand_ins.items():
        if name == "werkzeug.datastructures":
            # deepface uses this class in annotations.
            vars(module)["FileStorage"] = type("FileStorage", (), {})
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
