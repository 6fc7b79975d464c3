"""The MobileFaceNet embedder, run by ONNX Runtime."""

import numpy as np

from face_contract.errors import ModelFailed
from face_engine.embedding.onnx_session import create_session
from face_engine.faces import Embedding, RGBImage

# With this norm the default thresholds of the three metrics, 0.68, 4.15 and 1.13, stand for the
# same distance between two faces.
EMBEDDING_NORM = 4.15 / 1.13


class MobileFaceNetEmbedder:
    """MobileFaceNet trained with the ArcFace loss; embeds aligned crops."""

    def __init__(self, onnx: bytes) -> None:
        """Loads the network.

        Args:
            onnx: the content of `fr_feature.onnx`.

        Raises:
            onnxruntime.capi.onnxruntime_pybind11_state.Fail (or a related class): the content is
                not an ONNX network.
        """
        self._session = create_session(onnx)

    def embed(self, crop_rgb: RGBImage) -> Embedding:
        """Returns the (512,) float32 embedding of a crop, of norm 4.15 / 1.13.

        Args:
            crop_rgb: (112, 112, 3) uint8 RGB.

        Raises:
            ModelFailed: the network's output is zero or not finite.
        """
        pixels = (crop_rgb.astype(np.float32) - 127) / 128
        (output,) = self._session.run(None, {"input": pixels.transpose(2, 0, 1)[np.newaxis]})
        vector = np.asarray(output, np.float64)[0]
        norm = np.linalg.norm(vector)
        if not (np.isfinite(norm) and norm > 0):
            raise ModelFailed
        embedding: Embedding = (vector * (EMBEDDING_NORM / norm)).astype(np.float32)
        return embedding
