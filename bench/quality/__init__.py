"""Measures how small and how blurred faces may be before distances stop telling people apart."""
