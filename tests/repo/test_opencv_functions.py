"""What of OpenCV is called. Its libraries for video and large matrices are not in the image."""

import re

from tests.support.paths import ROOT

# None calls FFmpeg or, with what we pass, OpenBLAS; container/drop_libraries.py says what does. Use
# another one in tests/support/opencv_record.py, too, before you add it here.
KNOWN = {
    *("Laplacian", "copyMakeBorder", "cvtColor", "flip", "imdecode", "resize", "rotate", "split"),
    *("transpose", "warpAffine", "getRotationMatrix2D", "invertAffineTransform"),
    *("dnn.NMSBoxes", "dnn.readNetFromONNX", "utils.logging.setLogLevel"),
    # Types and an error.
    *("FaceDetectorYN", "dnn.Net", "error", "typing.MatLike"),
}


def test_only_functions_are_used_that_work_in_the_image() -> None:
    sources = [
        path.read_text("utf-8")
        for folder in ("layers", "functions")
        for path in (ROOT / folder).rglob("*.py")
    ]
    used = {name for text in sources for name in re.findall(r"\bcv2\.((?:\w+\.)*\w+)", text)}
    # No other way to reach a function.
    assert not [text for text in sources if re.search(r"from cv2|import cv2 as|getattr\(cv2", text)]
    constants = {name for name in used if name.rpartition(".")[2].isupper()}
    assert used - constants == KNOWN
