"""Embedding crops: MobileFaceNet and its inference session."""
