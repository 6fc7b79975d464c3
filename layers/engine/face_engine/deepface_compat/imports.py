"""Imports deepface without the libraries that it downloads photos and weights with."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

# deepface and retina-face import them at their head. With them a cold start would take 0.4 s more
# (half of all that is imported), and they would be in the image, with all that they need.
UNUSED = ("gdown", "requests", "werkzeug", "werkzeug.datastructures")


@contextmanager
def without_downloads() -> Iterator[None]:
    """Lets deepface be imported with nothing in the place of `UNUSED`: it cannot download then.

    What was imported before stays as it is; whoever imports them later gets the real ones.
    """
    stand_ins = {name: ModuleType(name) for name in UNUSED if name not in sys.modules}
    for name, module in stand_ins.items():
        if name == "werkzeug.datastructures":
            # A class that deepface names in annotations.
            vars(module)["FileStorage"] = type("FileStorage", (), {})
    sys.modules.update(stand_ins)
    try:
        with warnings.catch_warnings():
            # retina-face silences all warnings of the process; here it does not.
            yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
