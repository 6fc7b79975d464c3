"""RetinaFace on the parts of an image where YuNet sees a chance of a face.

DeepFace adds a border of half the photo on each side, so three quarters of what RetinaFace sees is
black. Here it sees only the proposed faces with a margin of whatever is around them, little of the
black, at the same scale, and only with the anchors that fit them. Its other outputs are filled with
"no face", so they are decoded as those of the whole image.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from face_engine.deepface_compat.networks import CHANNELS, STRIDES_PX, Array, RetinaFaceNetwork
from face_engine.deepface_compat.regions import FINEST, PYRAMID, Rectangle, Region, choose_regions
from face_engine.detection.scaling import shrink_exactly
from face_engine.detection.yunet_network import YuNet
from face_engine.views import rotate

# Real faces score 0.81 or more in the sizes that YuNet was trained for; proposals may be wrong.
PROPOSAL_SCORE = 0.2
# A face that fills the image is found at this size only.
SMALL_SIDE_PX = 320

Boxes = NDArray[np.float32]


class RegionalRetinaFace:
    """Gives RetinaFace's outputs for an image, computed only where faces are proposed. Thread-safe.

    Where nothing is proposed, it looks at the whole image.

    Args:
        network: RetinaFace.
        propose: finds the boxes of possible faces in a photo, see `FaceProposer`.
        margin_px: how much is seen around the middle of a face.
    """

    def __init__(
        self,
        network: RetinaFaceNetwork,
        propose: Callable[[NDArray[np.uint8]], Boxes],
        margin_px: int,
    ) -> None:
        self._network = network
        self._propose = propose
        self._margin_px = margin_px

    def __call__(self, batch: NDArray[np.uint8]) -> list[Array]:
        """Returns the outputs that `RetinaFaceNetwork` returns for (1, H, W, 3) uint8 RGB."""
        (image,) = batch
        rows, columns = image.shape[:2]
        photo = find_photo(image)
        boxes = self._propose(image[photo.top : photo.bottom, photo.left : photo.right])
        boxes[:, :2] += photo.left, photo.top
        regions = choose_regions(boxes, rows, columns, self._margin_px, photo)
        if not regions:
            return self._network(batch)
        outputs = _without_faces(rows, columns)
        for region in regions:
            _paste(self._network(batch, region), outputs, region)
        return outputs


class FaceProposer:
    """Proposes faces with YuNet, in four rotations and at a second size. Thread-safe.

    Without the rotations, sideways faces beside upright ones would be lost.

    Args:
        yunet: the network.
    """

    def __init__(self, yunet: YuNet) -> None:
        self._yunet = yunet

    def __call__(self, photo_rgb: NDArray[np.uint8]) -> Boxes:
        """Returns (n, 4) x, y, w, h of possible faces in an (H, W, 3) photo, which may be empty."""
        if not photo_rgb.size:
            return np.empty((0, 4), np.float32)
        small = shrink_exactly(photo_rgb, SMALL_SIDE_PX)
        scale = np.array((small.x_scale, small.y_scale) * 2, np.float32)
        return np.concatenate(
            [
                self._find(small.rgb, 0) * scale,
                *(self._find(photo_rgb, quarter_turns) for quarter_turns in range(4)),
            ]
        )

    def _find(self, photo: NDArray[np.uint8], quarter_turns: int) -> Boxes:
        rotated = rotate(photo, quarter_turns)
        boxes = self._yunet.find(rotated, PROPOSAL_SCORE)[:, :4]
        rows, columns = rotated.shape[:2]
        for _ in range(quarter_turns):
            x, y, width, height = boxes.T
            boxes = np.stack([rows - y - height, x, height, width], axis=1)
            rows, columns = columns, rows
        return boxes


def find_photo(image: NDArray[np.uint8]) -> Rectangle:
    """Returns the part around all pixels of an (H, W, 3) image that are not black."""
    # Along the memory: a maximum of three values for each pixel takes many times as long.
    rows = np.flatnonzero(image.reshape(len(image), -1).any(axis=1))
    columns = np.flatnonzero(np.bitwise_or.reduce(image, axis=0).any(axis=1))
    if not rows.size:
        return Rectangle(0, 0, 0, 0)
    return Rectangle(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _without_faces(rows: int, columns: int) -> list[Array]:
    outputs = []
    for stride in STRIDES_PX:
        cells = (1, -(-rows // stride), -(-columns // stride))
        scores, boxes, landmarks = (np.zeros((*cells, count), np.float32) for count in CHANNELS)
        # The probabilities of no face, for both anchors.
        scores[..., :2] = 1
        outputs += [scores, boxes, landmarks]
    return outputs


def _paste(part: list[Array], whole: list[Array], region: Region) -> None:
    """Copies a region's outputs into those of the whole image, within its cores."""
    for index, output in enumerate(part):
        level = index // len(CHANNELS)
        stride = STRIDES_PX[level]
        covered = region.views[FINEST if stride == STRIDES_PX[-1] else PYRAMID]
        dy, dx = covered.top // stride, covered.left // stride
        for core, strides in region.cores:
            if level >= strides:
                continue
            rows = slice(core.top // stride, -(-core.bottom // stride))
            columns = slice(core.left // stride, -(-core.right // stride))
            whole[index][:, rows, columns] = output[
                :, rows.start - dy : rows.stop - dy, columns.start - dx : columns.stop - dx
            ]
