"""Benchmarks: accuracy, latency, load and cold starts."""
