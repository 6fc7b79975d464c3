"""The face engine: from the bytes of an image file to a face embedding."""

# Sets what NumPy reads, so it comes before it.
import face_contract  # noqa: F401
