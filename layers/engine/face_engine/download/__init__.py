"""SSRF-safe downloader."""
