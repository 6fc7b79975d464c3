"""The ONNX Runtime session of a network."""

from pathlib import Path

# Sets what the library reads from the environment, so it comes before it.
import face_engine.inference.native_libraries  # noqa: F401  # isort: skip
import onnxruntime as ort

from face_engine.processors import count_processors


def create_session(network: bytes | Path) -> ort.InferenceSession:
    """Loads a network. A session is thread-safe.

    Args:
        network: an ONNX file or its content.

    Raises:
        onnxruntime.capi.onnxruntime_pybind11_state.Fail (or a related class): it is not an ONNX
            network.
    """
    options = ort.SessionOptions()
    # Errors only: warnings about unused initialisers do not help an operator.
    options.log_severity_level = 3
    options.intra_op_num_threads = count_processors()
    # Threads that spin between inferences take the processor away from the detector; without
    # spinning a portrait took 10 % less time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of the memory for each shape of input: with photos of 30 shapes it kept 71 MB instead
    # of 39, for no gain in speed.
    options.enable_mem_pattern = False
    return ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
