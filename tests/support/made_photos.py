"""Synthetic photos in which RetinaFace's test weights are fitted to find nothing."""

import cv2
import numpy as np

from face_engine.faces import RGBImage

# In an image of this size the small portrait's face is about 33 pixels wide. YuNet finds it;
# RetinaFace's test weights do not find faces that small.
CANVAS_PX = 640
SMALL_PORTRAIT_PX = 96
SMALL_PORTRAIT = "person_a_2.jpg"


def landscape() -> RGBImage:
    """Returns a sky above three ridges of hills, without a face: (height, width, 3) uint8."""
    rng = np.random.default_rng(1)
    height, width = 480, 640
    sky = np.linspace((110, 160, 220), (230, 235, 240), height)
    image = np.repeat(sky[:, np.newaxis], width, axis=1)
    rows, columns = np.arange(height)[:, np.newaxis], np.arange(width)
    for base, rise, colour in (
        (200, 60, (120, 140, 150)),
        (280, 50, (80, 110, 90)),
        (350, 30, (60, 90, 40)),
    ):
        peaks = rng.random(17)
        ridge = base - rise * np.interp(columns, np.linspace(0, width, peaks.size), peaks)
        image[rows > ridge] = colour
    grain = np.repeat(np.repeat(rng.normal(0, 8, (height // 4, width // 4, 1)), 4, 0), 4, 1)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def on_black_canvas(portrait: RGBImage) -> RGBImage:
    """Returns a portrait, scaled down, in the centre of a black square."""
    width = round(portrait.shape[1] * SMALL_PORTRAIT_PX / portrait.shape[0])
    size = (width, SMALL_PORTRAIT_PX)
    canvas = np.zeros((CANVAS_PX, CANVAS_PX, 3), np.uint8)
    top, left = (CANVAS_PX - SMALL_PORTRAIT_PX) // 2, (CANVAS_PX - width) // 2
    canvas[top : top + SMALL_PORTRAIT_PX, left : left + width] = cv2.resize(
        portrait, size, interpolation=cv2.INTER_AREA
    )
    return canvas
