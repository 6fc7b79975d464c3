"""Build time only: fetch, convert, check and bake weights. Never in a runtime image."""
