"""Models: catalogue, files, choice, loading."""
