"""Errors of a conversion."""


class ConversionFailed(Exception):
    """A network could not be converted, or its ONNX file's outputs differ from TensorFlow's."""


class WeightsRefused(ConversionFailed):
    """The weights are damaged or belong to another network."""
