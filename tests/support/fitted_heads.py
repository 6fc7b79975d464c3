"""RetinaFace's last layers, fitted so that its seeded backbone finds the faces of the test photos.

python -m tests.support.fitted_heads
(with the interpreter and the environment of the conversion; takes minutes)

They are kept in `fitted_heads.npz`. Fit them anew when the photos, their labels or the backbone
(`tests.support.random_weights`) change: until then `test_fitted_heads.py` fails.

Each face of the twelve photos and of the events' portrait, with and without DeepFace's border,
scores 0.98 at the cell and anchor nearest to YuNet's box; everything else scores below 0.4. Both
are far from the threshold of 0.9, so rounding differences between processors do not matter. Boxes
and landmarks match YuNet's within a few pixels. Nothing is found in `tests.support.made_photos`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from retinaface.commons.preprocess import preprocess_image

from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import RGBImage
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.made_photos import SMALL_PORTRAIT, landscape, on_black_canvas
from tests.support.paths import EVENT_DIR, MODEL_DIR, PHOTO_DIR

Floats = NDArray[np.float32]

HEADS_FILE = Path(__file__).with_suffix(".npz")
PARTS = ("kernel", "bias")
YUNET = "yunet.onnx"
# RetinaFace's anchors are squares centred on their cell. Stride 8 finds no faces here.
ANCHORS_PX = {32: (512, 256), 16: (128, 64)}
CELL_MIDDLE_PX = 7.5
# Cells this close to a face's own cell may be of either class; their boxes are the same face's.
NEIGHBOURS = 1
# The logits of the least certain face and of the most face-like background. 2.2 is a score of 0.9.
FACE_LOGIT, OTHER_LOGIT = 3.3, 0.5
# The minimum gap between the logits of faces and others before scaling; the fit aims at 1 and -1.
MIN_GAP = 0.7
ROUNDS = 24
FIRST_EXAMPLES = 4000
CLASS_RIDGE = 1e-5
BOX_RIDGE = 1e-3
# Weight of a face's own cell in the fit of boxes and landmarks; its neighbours have weight 1.
OWN_CELL_WEIGHT = 30


@dataclass(frozen=True, slots=True)
class View:
    """A photo as the network sees it, and its faces.

    `pixels`: (1, H, W, 3). `faces`: (n, 7, 2), two corners of the box and five landmarks.
    """

    pixels: Floats
    faces: NDArray[np.float64]


def set_heads(network: Any) -> None:
    """Sets the weights of RetinaFace's last layers to the fitted ones."""
    with np.load(HEADS_FILE) as heads:
        for name in {key.partition("/")[0] for key in heads.files}:
            kernel, bias = (heads[f"{name}/{part}"].astype(np.float32) for part in PARTS)
            network.get_layer(name).set_weights([kernel, bias])
    _silence(network)


def make_views() -> Iterator[View]:
    """Returns the photos to fit, with and without DeepFace's border."""
    yunet = YuNetDetector(MODEL_DIR / YUNET)
    portraits = [PHOTO_DIR / portrait.file for portrait in PORTRAITS]
    groups = [PHOTO_DIR / name for name in GROUP_FACES]
    for path in (*portraits, EVENT_DIR / "portrait.jpg", *groups):
        photo = _read(path)
        found = [
            np.vstack([(face.left, face.top), (face.right, face.bottom), face.landmarks])
            for face in yunet.detect(photo)
        ]
        if len(found) != GROUP_FACES.get(path.name, 1):
            raise AssertionError(f"YuNet finds {len(found)} faces in {path.name}")
        yield from _make_views_of(photo, np.array(found))
    for photo in (landscape(), on_black_canvas(_read(PHOTO_DIR / SMALL_PORTRAIT))):
        yield from _make_views_of(photo, np.empty((0, 7, 2)))


def _read(path: Path) -> RGBImage:
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise FileNotFoundError(path)
    return np.ascontiguousarray(bgr[:, :, ::-1], np.uint8)


def _make_views_of(photo: RGBImage, faces: NDArray[np.float64]) -> Iterator[View]:
    for dy, dx in ((photo.shape[0] // 2, photo.shape[1] // 2), (0, 0)):
        bordered = np.pad(photo[:, :, ::-1], ((dy, dy), (dx, dx), (0, 0)))
        pixels, _, scale = preprocess_image(bordered, True)
        yield View(pixels, (faces + np.array((dx, dy))) * scale)


def fit_heads(network: Any) -> dict[str, Floats]:
    """Returns the kernels and biases of RetinaFace's last layers, but for stride 8."""
    see = _features_of(network)
    views, features = [], []
    for view in make_views():
        views.append(view.faces)
        features.append(see(view.pixels))
    heads: dict[str, Floats] = {}
    for index, stride in enumerate(ANCHORS_PX):
        heads |= _fit_stride(stride, views, [seen[index] for seen in features])
    return heads


def _silence(network: Any) -> None:
    """Makes stride 8 find nothing; its boxes and landmarks stay near their anchors."""
    for name, spread in (("cls_score", 0), ("bbox_pred", 0.005), ("landmark_pred", 0.002)):
        layer = network.get_layer(f"face_rpn_{name}_stride8")
        kernel, bias = layer.get_weights()
        bias[:] = (0, 0, -30, -30) if name == "cls_score" else 0
        layer.set_weights([kernel * spread, bias])


def _features_of(network: Any) -> Callable[[Floats], list[Floats]]:
    """Returns a function for the input of the last layers, (H, W, 512), by stride."""
    import tensorflow as tf

    inputs = [
        network.get_layer(f"face_rpn_cls_score_stride{stride}").input for stride in ANCHORS_PX
    ]
    signature = (tf.TensorSpec((1, None, None, 3), tf.float32),)
    run = tf.function(tf.keras.Model(network.input, inputs), input_signature=signature)
    return lambda pixels: [output.numpy()[0] for output in run(pixels)]


def _fit_stride(
    stride: int, views: list[NDArray[np.float64]], features: list[Floats]
) -> dict[str, Floats]:
    cells = np.concatenate([seen.reshape(-1, seen.shape[-1]) for seen in features])
    mean, deviation = cells.mean(0), cells.std(0) + np.float32(1e-3)
    cells = np.hstack([(cells - mean) / deviation, np.ones((len(cells), 1), np.float32)])
    fitted: dict[str, list[NDArray[np.float64]]] = {
        "cls_score": [],
        "bbox_pred": [],
        "landmark": [],
    }
    for anchor_px in ANCHORS_PX[stride]:
        kinds, targets = _label(stride, anchor_px, views, features)
        fitted["cls_score"].append(_separate(cells, kinds)[:, np.newaxis])
        near = np.flatnonzero(~np.isnan(targets[:, 0]))
        weights = np.where(kinds[near] == 1, OWN_CELL_WEIGHT, 1).astype(np.float32)
        offsets = _solve(cells[near], targets[near], weights, BOX_RIDGE)
        fitted["bbox_pred"].append(offsets[:, :4])
        fitted["landmark"].append(offsets[:, 4:])
    nothing = np.zeros_like(np.hstack(fitted["cls_score"]))
    fitted["cls_score"].insert(0, nothing)
    heads: dict[str, Floats] = {}
    for name, parts in fitted.items():
        joined = np.hstack(parts)
        kernel = joined[:-1] / deviation[:, np.newaxis]
        bias = joined[-1] - mean @ kernel
        suffix = "_pred" if name == "landmark" else ""
        layer = f"face_rpn_{name}{suffix}_stride{stride}"
        heads[f"{layer}/kernel"] = kernel[np.newaxis, np.newaxis].astype(np.float32)
        heads[f"{layer}/bias"] = bias.astype(np.float32)
    return heads


def _label(
    stride: int, anchor_px: int, views: list[NDArray[np.float64]], features: list[Floats]
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Returns the target of each cell for one anchor.

    Returns:
        (n,) 1 for a face, -1 for none, 0 for either; (n, 14) the offsets of the face's box and
        landmarks from the anchor, NaN where there is no face.
    """
    kinds, targets = [], []
    for faces, seen in zip(views, features, strict=True):
        kind = np.full(seen.shape[:2], -1, np.int8)
        target = np.full((*seen.shape[:2], 14), np.nan)
        for face in faces:
            size = face[1] - face[0]
            if _nearest_anchor(np.sqrt(size.prod())) != anchor_px:
                continue
            middle = (face[0] + face[1]) / 2
            column, row = np.rint((middle - CELL_MIDDLE_PX) / stride).astype(int)
            for y in range(row - NEIGHBOURS, row + NEIGHBOURS + 1):
                for x in range(column - NEIGHBOURS, column + NEIGHBOURS + 1):
                    kind[y, x] = int((y, x) == (row, column))
                    cell = stride * np.array((x, y)) + CELL_MIDDLE_PX
                    moved = (np.vstack([middle, face[2:]]) - cell) / anchor_px
                    scaled = np.log(size / anchor_px)
                    target[y, x] = np.concatenate([moved[0], scaled, moved[1:].ravel()])
        kinds.append(kind.ravel())
        targets.append(target.reshape(-1, 14))
    return np.concatenate(kinds), np.concatenate(targets)


def _nearest_anchor(face_px: float) -> int:
    every = [anchor_px for anchors in ANCHORS_PX.values() for anchor_px in anchors]
    return min(every, key=lambda anchor_px: abs(np.log(face_px / anchor_px)))


def _separate(cells: Floats, kinds: NDArray[np.int8]) -> NDArray[np.float64]:
    """Returns the weights of a face's logit: ridge regression, hard examples weighted higher."""
    (faces,), (others,) = np.nonzero(kinds == 1), np.nonzero(kinds == -1)
    # Starts from a few of the cells without a face; each round adds those it got wrong.
    chosen = np.zeros(len(cells), bool)
    chosen[faces] = True
    chosen[others[:: max(1, len(others) // FIRST_EXAMPLES)]] = True
    weights = np.where(kinds == 1, 0.1 * len(others) / len(faces), 1).astype(np.float32)
    for _ in range(ROUNDS):
        (used,) = np.nonzero(chosen)
        logit = _solve(cells[used], kinds[used, np.newaxis], weights[used], CLASS_RIDGE)[:, 0]
        margins = (cells @ logit.astype(np.float32)) * kinds
        weights[used] *= np.exp(0.7 * np.clip(1 - margins[used], -1, 2))
        weights /= weights[used].mean()
        chosen |= (margins < 0.3) & (kinds == -1)
    lowest, highest = margins[faces].min(), -margins[others].min()
    if lowest - highest < MIN_GAP:
        raise AssertionError(f"faces from {lowest:.2f} up, others up to {highest:.2f}")
    slope = (FACE_LOGIT - OTHER_LOGIT) / (lowest - highest)
    logit *= slope
    logit[-1] += FACE_LOGIT - slope * lowest
    print(f"faces from {lowest:.2f} up, others up to {highest:.2f}; {len(used)} used")
    return logit


def _solve(
    cells: Floats, wanted: NDArray[Any], weights: Floats, ridge: float
) -> NDArray[np.float64]:
    """Solves the weighted ridge regression from (n, k) to (n, m); returns (k, m)."""
    weighted = (cells * weights[:, np.newaxis]).T
    gram = (weighted @ cells).astype(np.float64)
    gram[np.diag_indices_from(gram)] += ridge * weights.sum()
    return np.linalg.solve(gram, weighted @ wanted)


def main() -> None:
    """Fits the heads anew."""
    from tests.support.random_weights import draw_network

    heads = fit_heads(draw_network("RetinaFace"))
    # Half precision moves no logit by 0.01.
    arrays: dict[str, Any] = {name: values.astype(np.float16) for name, values in heads.items()}
    np.savez_compressed(HEADS_FILE, **arrays)


if __name__ == "__main__":
    main()
