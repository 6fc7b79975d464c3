"""From base64 text to the bytes of an image file, and from those to an upright photo."""

from face_engine.photo.base64_text import decode_base64
from face_engine.photo.decoding import decode_image

__all__ = ["decode_base64", "decode_image"]
