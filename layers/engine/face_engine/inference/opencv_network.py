"""A network run by OpenCV's DNN module."""

import queue
import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.processors import count_processors


class OpenCVNetwork:
    """A network of one input and one output. Thread-safe.

    `cv2.dnn.Net` keeps its input and buffers as state. So each call takes a copy for itself; copies
    are made when a call finds none idle, at most one per processor. Further calls wait.
    """

    def __init__(self, onnx: bytes) -> None:
        """Loads the network once.

        Args:
            onnx: the content of an ONNX file.

        Raises:
            cv2.error: the content is not an ONNX network.
        """
        # OpenCV 5 warns on each load that its new engine ignores the chosen device.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._onnx = np.frombuffer(onnx, np.uint8)
        self._idle: queue.SimpleQueue[cv2.dnn.Net] = queue.SimpleQueue()
        self._idle.put(cv2.dnn.readNetFromONNX(self._onnx))
        self._to_make = threading.Semaphore(count_processors() - 1)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the output for an input of the network's own shape.

        Raises:
            cv2.error: the input has another shape.
        """
        net = self._take()
        try:
            net.setInput(batch)
            return np.array(net.forward(), np.float32)
        finally:
            self._idle.put(net)

    def _take(self) -> cv2.dnn.Net:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            if self._to_make.acquire(blocking=False):
                return cv2.dnn.readNetFromONNX(self._onnx)
            return self._idle.get()
