"""Warming instances and checking new versions: what the zip functions do."""
