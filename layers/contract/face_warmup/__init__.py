"""Warms instances and checks new versions, for the zip functions."""
