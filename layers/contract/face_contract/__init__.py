"""What crosses the wire: schemas, errors, distances, settings and the app that serves them."""

__version__ = "1.0.0"
