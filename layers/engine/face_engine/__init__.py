"""The face engine: from the bytes of an image file to a face embedding."""
