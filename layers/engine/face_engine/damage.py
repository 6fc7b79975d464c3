"""Accepts only faces that lie wholly in the sound part of a damaged photo."""

import numpy as np

from face_contract.errors import NoFaceDetected
from face_engine.faces import BoundingBox, Face, Photo

# The least distance between a face and the damage, as a share of the face's size: detectors fit the
# box of a face that is cut off to what is left of it. With 0.15, one of 136 answers to photos that
# were grey below a row was 0.47 away from the person in cosine distance; with 0.2, none of 128 was
# above 0.4.
MARGIN = 0.2


def check_soundness(photo: Photo) -> None:
    """Refuses a photo without any part that is known to be sound, before detection runs.

    Raises:
        NoFaceDetected: no part of the photo is known to be sound.
    """
    if photo.damage is not None and photo.damage.sound is None:
        raise _no_sound_face(photo)


def keep_sound_faces(faces: list[Face], photo: Photo) -> list[Face]:
    """Returns the faces that can be trusted, in the same order; all if the photo is not damaged.

    Args:
        faces: in the pixels of `photo.rgb`.
        photo: the photo.

    Raises:
        NoFaceDetected: the photo is damaged and no face lies wholly in its sound part.
    """
    if photo.damage is None:
        return faces
    sound = photo.damage.sound
    kept = [face for face in faces if sound and _is_sound(face, sound, photo)]
    if not kept:
        raise _no_sound_face(photo)
    return kept


def _is_sound(face: Face, sound: BoundingBox, photo: Photo) -> bool:
    rows, columns = photo.rgb.shape[:2]
    scale = photo.width / columns, photo.height / rows
    corners = np.array([(face.left, face.top), (face.right, face.bottom)])
    points = np.concatenate([corners, face.landmarks]) * scale
    margin = MARGIN * (corners[1] - corners[0]).max() * max(scale)
    # DeepFace's YuNet finds only the eyes; the other landmarks are NaN.
    left, top = np.nanmin(points, axis=0) - margin
    right, bottom = np.nanmax(points, axis=0) + margin
    # The photo's own border is not damage.
    return bool(
        (left >= sound.x or sound.x == 0)
        and (top >= sound.y or sound.y == 0)
        and (right <= sound.x + sound.w or sound.x + sound.w == photo.width)
        and (bottom <= sound.y + sound.h or sound.y + sound.h == photo.height)
    )


def _no_sound_face(photo: Photo) -> NoFaceDetected:
    return NoFaceDetected(details={"warnings": list(photo.warnings)})
