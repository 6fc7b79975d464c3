"""Why weights could not be converted."""


class ConversionFailed(Exception):
    """A network could not be converted, or its ONNX file gives other numbers."""


class WeightsRefused(ConversionFailed):
    """The weights are damaged, or another network's."""
