"""Measures down to which size and sharpness of a face the distances tell people apart."""
