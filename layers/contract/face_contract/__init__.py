"""The public contract: schemas, errors, distances, deadlines and the warm-up ping."""

import os

__version__ = "1.0.0"

# NumPy's OpenBLAS starts a thread for each further processor, which spins for a while after a
# product: 0.1 s of processor time for each of ArcFace's, taken from ncnn's threads, and 0.2 s at a
# start. It is read when NumPy is imported, which everything here does after this package.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
