"""Compatibility with DeepFace: everything needed to reproduce its vectors."""
