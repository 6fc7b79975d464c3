"""How ONNX Runtime runs our networks."""

from pathlib import Path

import onnxruntime as ort

from face_engine.allocator import return_freed_memory


def create_session(network: bytes | Path) -> ort.InferenceSession:
    """Loads a network.

    Args:
        network: an ONNX file or its content.

    Raises:
        onnxruntime.capi.onnxruntime_pybind11_state.Fail: and its kin: it is none.
    """
    options = ort.SessionOptions()
    # Errors only: its warnings about unused initialisers are of no use to an operator.
    options.log_severity_level = 3
    # Threads that spin between two inferences take the processor from the detector: without,
    # a portrait took 10 % less.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    return_freed_memory()
    return session
