"""The public contract: schemas, errors, distances, deadlines and the warm-up ping."""

__version__ = "1.0.0"
