"""The public contract: schemas, errors, distances, deadlines and the warm-up ping."""

import os

__version__ = "1.0.0"

# This package is imported before NumPy and Pydantic, which read these when they are.
# NumPy's OpenBLAS starts threads, which spin for 0.2 s of processor time at every start; no product
# here is large enough for two.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Pydantic looks for plugins in the metadata of all installed packages.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
